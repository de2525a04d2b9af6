import { accept, type Decision } from '@cs/kernel';
import type { GateDecisionRecord, NodeOutput, PendingGate, Run, RunEvent } from '@cs/contracts';
import { escalationChain, gateDuties, policyState, type GateDuty } from './gate-expiry.js';
import { requestIdOf } from './pending-gate.js';
import type { ExecutionRefusal, RunContext } from './run.commands.js';

interface Moment {
  readonly run: Run;
  readonly gate: PendingGate;
  readonly at_ms: number;
}

const facts = ({ gate: { node_id, gate_opening_id, expires_at_ms = 0 } }: Moment) => ({ node_id, gate_opening_id, expires_at_ms });

const settledBy = ({ gate: { node_id, gate_opening_id }, at_ms }: Moment, decision: 'expired' | 'timeout_resume', source: string): GateDecisionRecord => ({
  decision_id: `${gate_opening_id}:${decision}`, node_id, gate_opening_id, decision, decided_at_ms: at_ms, decided_by: { kind: 'system', source },
});

const expired = (moment: Moment): readonly RunEvent[] => [
  { event_type: 'approval_gate_expired', data: facts(moment) },
  { event_type: 'approval_gate_decided', data: settledBy(moment, 'expired', 'automation_gate_expiry') },
  { event_type: 'run_cancelled', data: { reason: `gate "${moment.gate.node_id}" expired`, stop_kind: 'cancelled' } },
];

const resumed = (moment: Moment): readonly RunEvent[] => {
  const { gate: { node_id }, at_ms } = moment;
  const record = settledBy(moment, 'timeout_resume', 'automation_gate_timeout_resume');
  const output: NodeOutput = {
    status: 'completed', contract_kind: 'approval_gate', summary: `gate "${node_id}" was not decided in time and goes on`, created_at_ms: at_ms,
    content: { decision: record.decision, reason: null, decided_at_ms: at_ms, decided_by: { ...record.decided_by } },
  };
  return [
    { event_type: 'approval_gate_expired', data: facts(moment) },
    { event_type: 'approval_gate_decided', data: record },
    { event_type: 'node_completed', data: { node_id, attempt: 0, output } },
  ];
};

const escalated = (moment: Moment): RunEvent => {
  const { run, gate } = moment;
  const escalations = policyState(gate).escalations + 1;
  const chain = escalationChain(gate.expiry_policy ?? {});
  const escalated_to = chain[escalations - 1] ?? chain.at(-1) ?? '';
  return { event_type: 'approval_gate_escalated', data: { ...facts(moment), escalated_to, escalations, notification_key: `${requestIdOf(run, gate.node_id)}:escalated:${escalations}` } };
};

const reminded = (moment: Moment): RunEvent => {
  const { run, gate, at_ms } = moment;
  const reminder_count = policyState(gate).reminder_count + 1;
  const data = { reminder_count, expired_reminder: at_ms >= (gate.expires_at_ms ?? at_ms), notification_key: `${requestIdOf(run, gate.node_id)}:reminder:${reminder_count}` };
  return { event_type: 'approval_gate_reminder_due', data: { ...facts(moment), ...data } };
};

const doing: Readonly<Record<GateDuty, (moment: Moment) => readonly RunEvent[]>> = {
  expire: expired,
  resume: resumed,
  escalate: (moment) => [escalated(moment)],
  remind: (moment) => [reminded(moment)],
  mark_stale: (moment) => [{ event_type: 'approval_gate_marked_stale', data: facts(moment) }],
};

/** A timer, or the sweep, looks at the open gate: it does what is due, which may be nothing. */
export const gateDue = (gate: PendingGate, run: Run, { at_ms }: RunContext): Decision<RunEvent, ExecutionRefusal> =>
  accept(...gateDuties(gate, at_ms).flatMap((duty) => doing[duty]({ run, gate, at_ms })));
