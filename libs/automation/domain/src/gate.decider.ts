import { accept, definedMembers, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { AutomationDefinition, GateDecision, GateDecisionRecord, GateVote, NodeOutput, PendingGate, Run, RunEvent } from '@cs/contracts';
import { descendants, flowGraph } from './flow-graph.js';
import { readDecision } from './gate-decisions.js';
import { isExpired } from './gate-expiry.js';
import { isSameCaster, isSameSeat, isVoting, tally } from './gate-voting.js';
import { pendingGate, recoveredGate, requestIdOf } from './pending-gate.js';
import { gateToOpen } from './run-plan.js';
import type { DecideGate, ExecutionRefusal, OpenGate, RunContext } from './run.commands.js';

export type GateRefusal = Refusal<
  | 'AUTOMATION_V2_RUN_NOT_FOUND'
  | 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL'
  | 'AUTOMATION_V2_RUN_GATE_MISSING'
  | 'AUTOMATION_V2_GATE_INVALID_DECISION'
  | 'AUTOMATION_V2_GATE_NODE_NOT_FOUND'
  | 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED'
  | 'AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED'
  | 'AUTOMATION_V2_GATE_ALREADY_VOTED'
  | 'AUTOMATION_V2_GATE_EXPIRED'
>;
type GateDecided = Decision<RunEvent, GateRefusal>;

const blockedBy = (definition: AutomationDefinition, node_id: string): string[] => descendants(definition, [node_id]).filter((id) => id !== node_id);

export const openGate = (command: OpenGate, run: Run, { definition, at_ms }: RunContext): Decision<RunEvent, ExecutionRefusal> => {
  const node = gateToOpen(run, definition);
  if (run.status !== 'running' || node?.node_id !== command.node_id) {
    return refuse({ code: 'node_not_ready', message: `gate "${command.node_id}" cannot open now` });
  }
  return accept({ event_type: 'approval_gate_opened', data: { gate: pendingGate(run, node, { texts: command, at_ms }), blocked_nodes: blockedBy(definition, node.node_id) } });
};

/** The same answer for "too late" and "lost the race" (domain 5.5). */
const notAwaiting = (run: Run): GateDecided => {
  const winner = run.checkpoint.gate_history.at(-1);
  return refuse({
    code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL',
    message: winner ? `the gate "${winner.node_id}" was decided already: ${winner.decision}` : `the run is ${run.status} and waits for no decision`,
    details: {
      runID: run.run_id, currentStatus: run.status,
      ...(winner === undefined
        ? {}
        : { winningDecision: { node_id: winner.node_id, gate_opening_id: winner.gate_opening_id, decision: winner.decision, reason: winner.reason ?? null, decided_at_ms: winner.decided_at_ms, decided_by: { ...winner.decided_by }, ...(winner.on_behalf_of === undefined ? {} : { on_behalf_of: { ...winner.on_behalf_of } }) } }),
    },
  });
};

/** What the caller bound its decision to must be the request that is open now (W15). */
const guardMismatch = (command: DecideGate, gate: PendingGate): string | undefined => {
  if (command.approval_request_id !== undefined && command.approval_request_id !== gate.approval_request_id) return 'approval_request_id_mismatch';
  if (command.transition_id !== undefined && command.transition_id !== gate.transition_id) return 'transition_id_mismatch';
  if (command.gate_opening_id !== undefined && command.gate_opening_id !== gate.gate_opening_id) return 'gate_opening_id_mismatch';
  return undefined;
};

const approvedOutput = (record: GateDecisionRecord): NodeOutput => ({
  status: 'completed', contract_kind: 'approval_gate', summary: `gate "${record.node_id}" approved`, created_at_ms: record.decided_at_ms,
  content: { decision: record.decision, reason: record.reason ?? null, decided_at_ms: record.decided_at_ms, decided_by: { ...record.decided_by }, ...(record.on_behalf_of === undefined ? {} : { on_behalf_of: { ...record.on_behalf_of } }) },
});

/** What a person decided, as recorded. */
type Decided = GateDecisionRecord & { readonly decision: GateDecision };

const consequences = (record: Decided, gate: PendingGate, { definition }: RunContext): readonly RunEvent[] => {
  const decided: RunEvent = { event_type: 'approval_gate_decided', data: record };
  switch (record.decision) {
    case 'approve':
      // At a gate that a policy opened, the approval lets the node start; nothing is done yet.
      return gate.policy !== undefined ? [decided] : [decided, { event_type: 'node_completed', data: { node_id: gate.node_id, attempt: 0, output: approvedOutput(record) } }];
    case 'rework': {
      const roots = gate.rework_targets.length > 0 ? gate.rework_targets : gate.upstream_node_ids;
      const node_ids = [...roots, gate.node_id];
      return [decided, { event_type: 'node_approval_rollback', data: { node_ids, reset_nodes: descendants(definition, node_ids) } }];
    }
    case 'cancel':
      return [decided, { event_type: 'run_cancelled', data: { reason: record.reason ?? `cancelled at gate "${gate.node_id}"`, stop_kind: 'cancelled' } }];
  }
};

const recordOf = (command: DecideGate, gate: PendingGate, { decision, at_ms }: { decision: GateDecision; at_ms: number }): Decided => ({
  node_id: gate.node_id, gate_opening_id: gate.gate_opening_id, decision, decided_at_ms: at_ms, decided_by: command.decided_by,
  ...definedMembers({ on_behalf_of: command.on_behalf_of, releases: gate.releases }),
  ...(gate.policy === undefined || gate.expires_at_ms === undefined ? {} : { approval_expires_at_ms: gate.expires_at_ms, policy: gate.policy }),
  ...(command.decision_id === undefined ? {} : { decision_id: command.decision_id }),
  ...(command.reason === undefined ? {} : { reason: command.reason }),
  ...(command.command_id === undefined ? {} : { command_id: command.command_id }),
});

const voteOf = (command: DecideGate, voter: string, { decision, at_ms }: { decision: GateDecision; at_ms: number }): GateVote => ({
  vote_id: command.decision_id ?? `${voter}:${at_ms}`, voter, decision, voted_by: command.decided_by, voted_at_ms: at_ms,
  ...definedMembers({ also_known_as: command.also_known_as, on_behalf_of: command.on_behalf_of }),
  ...(command.reason === undefined ? {} : { reason: command.reason }),
  ...(command.command_id === undefined ? {} : { command_id: command.command_id }),
});

const votedAlready = ({ decision, voted_at_ms, reason, voter }: GateVote, { node_id }: PendingGate, isOwn: boolean): GateDecided =>
  refuse({
    code: 'AUTOMATION_V2_GATE_ALREADY_VOTED', message: isOwn ? `you voted at gate "${node_id}" already: ${decision}` : `the vote of "${voter}" at gate "${node_id}" was cast already: ${decision}`,
    details: { nodeID: node_id, vote: { decision, voted_at_ms, reason: reason ?? null, voter } },
  });

/** The same said again holds already; the first vote stands. */
const voteAgain = (vote: GateVote, first: GateVote, gate: PendingGate): GateDecided => {
  const isOwn = isSameCaster(first, vote);
  return isOwn && isSameSeat(first, vote) && first.decision === vote.decision ? accept() : votedAlready(first, gate, isOwn);
};

/** A seat has one vote, and a person casts one, for themself or as a stand-in. The one that makes the outcome certain decides. */
const castVote = (command: DecideGate, gate: PendingGate, { decision, context }: { decision: GateDecision; context: RunContext }): GateDecided => {
  const { voter } = command;
  if (voter === undefined) return refuse({ code: 'AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED', message: 'a gate that needs several people has to know who votes', details: { nodeID: gate.node_id } });
  const votes = gate.votes ?? [];
  const vote = voteOf(command, voter, { decision, at_ms: context.at_ms });
  const first = votes.find((one) => isSameSeat(one, vote) || isSameCaster(one, vote));
  if (first !== undefined) return voteAgain(vote, first, gate);
  const all = [...votes, vote];
  const recorded: RunEvent = { event_type: 'approval_gate_vote_recorded', data: { node_id: gate.node_id, gate_opening_id: gate.gate_opening_id, vote } };
  const outcome = tally(gate, all);
  if (outcome === undefined) return accept(recorded);
  return accept(recorded, ...consequences({ ...recordOf(command, gate, { decision: outcome, at_ms: context.at_ms }), votes: all }, gate, context));
};

/** Checks that need the open gate, in the order of domain 5.3 (steps 7, 8 and 11). */
const judge = (command: DecideGate, gate: PendingGate, context: RunContext): GateDecided => {
  const decision = readDecision(command.decision);
  if (decision === undefined || !gate.decisions.includes(decision)) {
    const message = `"${command.decision}" is not a decision of gate "${gate.node_id}"; it takes ${gate.decisions.join(', ')}`;
    return refuse({ code: 'AUTOMATION_V2_GATE_INVALID_DECISION', message, details: { nodeID: gate.node_id, decisions: gate.decisions } });
  }
  if (!flowGraph(context.definition).nodes.has(gate.node_id)) {
    return refuse({ code: 'AUTOMATION_V2_GATE_NODE_NOT_FOUND', message: `the definition has no node "${gate.node_id}"`, details: { nodeID: gate.node_id } });
  }
  if (isExpired(gate, context.at_ms)) {
    return refuse({ code: 'AUTOMATION_V2_GATE_EXPIRED', message: `gate "${gate.node_id}" expired`, details: { nodeID: gate.node_id, expires_at_ms: gate.expires_at_ms ?? null } });
  }
  const mismatch = guardMismatch(command, gate);
  if (mismatch !== undefined) {
    const message = 'this request is no longer open: the run waits at another gate or opening';
    return refuse({ code: 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', message, details: { nodeID: gate.node_id, reason_code: mismatch } });
  }
  return isVoting(gate) ? castVote(command, gate, { decision, context }) : accept(...consequences(recordOf(command, gate, { decision, at_ms: context.at_ms }), gate, context));
};

type Answer = Pick<GateDecisionRecord, 'node_id' | 'gate_opening_id' | 'decision' | 'on_behalf_of'>;

/** What this command said when it came first, as a decision or as a vote that led to one. */
const firstAnswer = ({ command_id, decided_by }: DecideGate, run: Run): Answer | undefined => {
  if (command_id === undefined) return undefined;
  const isOwn = (key: string | undefined, actor_id: string | undefined): boolean => key === command_id && actor_id === decided_by.actor_id;
  for (const record of run.checkpoint.gate_history) {
    const vote = record.votes?.find(({ command_id: key, voted_by }) => isOwn(key, voted_by.actor_id));
    if (vote !== undefined) return { node_id: record.node_id, gate_opening_id: record.gate_opening_id, decision: vote.decision, ...definedMembers({ on_behalf_of: vote.on_behalf_of }) };
    if (isOwn(record.command_id, record.decided_by.actor_id)) return record;
  }
  return undefined;
};

const agrees = (asked: string | undefined, recorded: string | undefined): boolean => asked === undefined || asked === recorded;

/** The same command again holds already; another decision under its key is neither that one nor a new one. */
const judgeRepeat = (command: DecideGate, first: Answer, run: Run): GateDecided => {
  const isSame =
    readDecision(command.decision) === first.decision &&
    agrees(command.for_person, first.on_behalf_of?.person) &&
    agrees(command.gate_opening_id, first.gate_opening_id) &&
    agrees(command.approval_request_id, requestIdOf(run, first.node_id));
  if (isSame) return accept();
  return refuse({
    code: 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', message: `this Idempotency-Key decided gate "${first.node_id}" already: ${first.decision}`,
    details: { nodeID: first.node_id, reason_code: 'command_id_reused' },
  });
};

/** A gate that was lost is recorded as open first, so that what follows finds it. */
const atRecovered = (command: DecideGate, run: Run, context: RunContext): GateDecided => {
  const gate = recoveredGate(run, context.definition);
  if (gate === undefined) return refuse({ code: 'AUTOMATION_V2_RUN_GATE_MISSING', message: 'the run waits for a decision, but no gate is open', details: { runID: run.run_id } });
  const decision = judge(command, gate, context);
  if (decision.kind === 'refused' || decision.events.length === 0) return decision;
  return accept<RunEvent>({ event_type: 'approval_gate_opened', data: { gate, blocked_nodes: blockedBy(context.definition, gate.node_id) } }, ...decision.events);
};

/** First decision wins: it takes effect, or it is refused with the winner. A repeated command finds its own decision. */
export const decideGate = (command: DecideGate, run: Run, context: RunContext): GateDecided => {
  const first = firstAnswer(command, run);
  if (first !== undefined) return judgeRepeat(command, first, run);
  if (run.status !== 'awaiting_approval') return notAwaiting(run);
  const gate = run.checkpoint.awaiting_gate;
  return gate === undefined ? atRecovered(command, run, context) : judge(command, gate, context);
};
