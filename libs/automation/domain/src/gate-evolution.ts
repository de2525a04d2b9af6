import type { PendingGate, Run } from '@cs/contracts';
import { policyState, resolveExpiry } from './gate-expiry.js';
import { resetNodes } from './node-evolution.js';
import { withoutHolds } from './policy-evolution.js';
import type { Evolvers, RunEventNamed } from './run-evolvers.js';
import { toAwaitingApproval, toQueued, unreconciledNodes, withCheckpoint } from './run.state.js';

/** What made the gate ask again is shown by this opening, and by no later one. */
const withoutBroken = (run: Run, gate: string): Run => {
  const { broken_bindings, ...checkpoint } = run.checkpoint;
  if (broken_bindings?.[gate] === undefined) return run;
  const { [gate]: _shown, ...rest } = broken_bindings;
  return { ...run, checkpoint: { ...checkpoint, ...(Object.keys(rest).length === 0 ? {} : { broken_bindings: rest }) } };
};

const opened = (run: Run, { data }: RunEventNamed<'approval_gate_opened'>): Run =>
  toAwaitingApproval(withCheckpoint(withoutBroken(run, data.gate.node_id), { awaiting_gate: data.gate, blocked_nodes: [...new Set([...unreconciledNodes(run), ...data.blocked_nodes])] }), `waiting for a decision on gate "${data.gate.node_id}"`);

/** The gate that was open is not any more, and nobody decided it. Its opening counts, so that the next one is another. */
export const dropGate = (run: Run): Run => {
  const { awaiting_gate, ...checkpoint } = run.checkpoint;
  if (awaiting_gate === undefined) return run;
  const { node_id } = awaiting_gate;
  const dropped = checkpoint.dropped_openings ?? {};
  return { ...run, checkpoint: { ...checkpoint, dropped_openings: { ...dropped, [node_id]: (dropped[node_id] ?? 0) + 1 }, blocked_nodes: unreconciledNodes(run) } };
};

const decided = (run: Run, { data }: RunEventNamed<'approval_gate_decided'>): Run => {
  const { awaiting_gate: gate, ...checkpoint } = run.checkpoint;
  // Whatever was decided of it, a node that a policy held is judged again before it starts.
  const holds = gate?.policy === undefined ? {} : withoutHolds(run.checkpoint, [gate.node_id]);
  const settled: Run = { ...run, checkpoint: { ...checkpoint, ...holds, gate_history: [...checkpoint.gate_history, data] } };
  if (data.decision === 'cancel' || data.decision === 'expired') return settled;
  return { ...toQueued(withCheckpoint(settled, { blocked_nodes: unreconciledNodes(run) }), `gate "${data.node_id}" decision: ${data.decision}`), detail: `gate "${data.node_id}": ${data.decision}` };
};

const voted = (run: Run, { data }: RunEventNamed<'approval_gate_vote_recorded'>): Run => {
  const gate = run.checkpoint.awaiting_gate;
  if (gate?.gate_opening_id !== data.gate_opening_id) return run;
  return withCheckpoint(run, { awaiting_gate: { ...gate, votes: [...(gate.votes ?? []), data.vote] } });
};

/** What time did to the gate that is open; of an opening that is over, nothing is kept. */
const byTime = (run: Run, opening: string, change: (gate: PendingGate) => Partial<PendingGate>): Run => {
  const gate = run.checkpoint.awaiting_gate;
  return gate?.gate_opening_id === opening ? withCheckpoint(run, { awaiting_gate: { ...gate, ...change(gate) } }) : run;
};

const escalated = (run: Run, { data, recorded_at_ms }: RunEventNamed<'approval_gate_escalated'>): Run =>
  byTime(run, data.gate_opening_id, (gate) => ({
    // Whoever is asked next has the time of the gate again.
    expires_at_ms: recorded_at_ms + resolveExpiry(gate.expiry_policy).expires_after_ms,
    policy_state: { ...policyState(gate), escalations: data.escalations, escalated_at_ms: recorded_at_ms, escalated_to: data.escalated_to, notification_key: data.notification_key },
  }));

const remindedOf = (run: Run, { data, recorded_at_ms }: RunEventNamed<'approval_gate_reminder_due'>): Run =>
  byTime(run, data.gate_opening_id, (gate) => ({
    policy_state: {
      ...policyState(gate), reminder_count: data.reminder_count, last_reminded_at_ms: recorded_at_ms, notification_key: data.notification_key,
      ...(data.expired_reminder ? { expired_reminder: true } : {}),
    },
  }));

/** Events of the approval gates of a run. */
export const gateEvolvers: Evolvers<'approval_gate_opened' | 'approval_gate_vote_recorded' | 'approval_binding_broken' | 'approval_gate_expired' | 'approval_gate_escalated' | 'approval_gate_reminder_due' | 'approval_gate_marked_stale' | 'approval_gate_decided' | 'node_approval_rollback'> = {
  approval_gate_opened: opened,
  approval_gate_vote_recorded: voted,
  approval_binding_broken: (run, { data: { gate_node_id, gate_opening_id: _opening, ...difference } }) =>
    withCheckpoint(run, { broken_bindings: { ...run.checkpoint.broken_bindings, [gate_node_id]: difference } }),
  approval_gate_expired: (run) => run,
  approval_gate_escalated: escalated,
  approval_gate_reminder_due: remindedOf,
  approval_gate_marked_stale: (run, { data }) => byTime(run, data.gate_opening_id, (gate) => ({ policy_state: { ...policyState(gate), stale: true } })),
  approval_gate_decided: decided,
  node_approval_rollback: (run, { data }) => resetNodes(run, data.reset_nodes),
};
