import { definedMembers } from '@cs/kernel';
import type { AutomationDefinition, FlowNode, PendingGate, PolicyHold, Run } from '@cs/contracts';
import { gateDecisions, gateOf } from './gate-decisions.js';
import { resolveExpiry } from './gate-expiry.js';
import { gateOfHold, holdOfNode } from './policy-approval.js';
import type { OpenGate } from './run.commands.js';
import { planRun } from './run-plan.js';

/** The public id of a gate's request: the same for every opening. */
export const requestIdOf = (run: Run, node_id: string): string => `automation_v2:${run.run_id}:${node_id}`;

/** Openings of this gate so far: decided ones are in the history. */
const openingNumber = ({ checkpoint }: Run, node_id: string): number =>
  checkpoint.gate_history.filter((record) => record.node_id === node_id).length + (checkpoint.dropped_openings?.[node_id] ?? 0) + 1;

/** Members of a node's metadata that say who may review it, and what is kept of what was reviewed. */
const reviewMembers: ReadonlySet<string> = new Set(['gate', 'policy', 'reviewer_eligibility', 'risk_tier', 'data_classes', 'data_class', 'resource', 'display_artifact', 'record_reviewed_artifact_hash']);

/** What of a node's metadata says who may review it. */
export const reviewMetadata = ({ metadata = {} }: FlowNode): PendingGate['metadata'] => {
  const members = Object.entries(metadata).filter(([name]) => reviewMembers.has(name));
  return members.length === 0 ? undefined : Object.fromEntries(members);
};

/** Who may review an effect is a matter of the policy that asks: whoever wrote the node has no say in it. */
const policyMetadata = ({ metadata }: FlowNode, { elevated }: PolicyHold): PendingGate['metadata'] => ({
  gate: { reviewer_eligibility: elevated ? 'elevated_reviewer' : 'any_human_reviewer' }, ...definedMembers({ display_artifact: metadata?.['display_artifact'] }),
});

const policyOf = ({ decision_id, reason_code, reason, elevated, policy_version, approver_role }: PolicyHold): PendingGate['policy'] => ({
  decision_id, reason_code, reason, elevated, policy_version, ...definedMembers({ approver_role }),
});

interface GateForm {
  readonly gate: FlowNode['gate'];
  readonly hold: PolicyHold | undefined;
}

const optionalMembers = (node: FlowNode, instructions: string | undefined, { gate, hold }: GateForm) => {
  const { risk_tier, data_classes } = node;
  return definedMembers({
    instructions, risk_tier, data_classes, metadata: hold === undefined ? reviewMetadata(node) : policyMetadata(node, hold), policy: hold && policyOf(hold),
    approvers: gate?.approvers, approvals_required: gate?.approvals_required, voting: gate?.voting, requester_may_approve: gate?.requester_may_approve,
  });
};

/** The gate of a node as it opens, with its texts as the approver sees them. */
export const pendingGate = (run: Run, node: FlowNode, { texts, at_ms }: { texts: OpenGate; at_ms: number }): PendingGate => {
  const { node_id, depends_on } = node;
  const hold = holdOfNode(run, node_id);
  const gate = hold === undefined ? gateOf(node) : gateOfHold(node, hold);
  const expiry_policy = resolveExpiry(gate?.expiry_policy, texts.expiry_default);
  const approval_request_id = requestIdOf(run, node_id);
  return {
    node_id, approval_request_id,
    gate_opening_id: `${approval_request_id}:${openingNumber(run, node_id)}`,
    wait_id: `${approval_request_id}:wait`, transition_id: `${approval_request_id}:decision`,
    title: texts.title, decisions: gateDecisions(gate).decisions, rework_targets: gate?.rework_targets ?? [],
    requested_at_ms: at_ms, upstream_node_ids: depends_on, ...optionalMembers(node, texts.instructions, { gate, hold }),
    ...definedMembers({ releases: texts.releases, reopened_because: hold?.difference ?? run.checkpoint.broken_bindings?.[node_id] }),
    expiry_policy, expires_at_ms: at_ms + expiry_policy.expires_after_ms,
  };
};

/** The gate of a node as it would open at a time, its texts as the definition has them, with their expressions. */
const asDefined = (run: Run, node: FlowNode, at_ms: number): PendingGate => {
  const instructions = node.gate?.instructions;
  return pendingGate(run, node, { texts: { type: 'open_gate', node_id: node.node_id, title: node.objective, ...(instructions === undefined ? {} : { instructions }) }, at_ms });
};

/**
 * The gate of a run that waits for a decision but has lost which one (domain 5.6): the first that could
 * open. A node that is pending is not settled, whatever was decided at earlier openings (W6).
 */
export const recoveredGate = (run: Run, definition: AutomationDefinition): PendingGate | undefined => {
  const [node] = run.status === 'awaiting_approval' ? planRun(run, definition).gates : [];
  return node && asDefined(run, node, Math.max(run.updated_at_ms, run.created_at_ms));
};

/** The gate that was decided last, as the definition has it. */
export const lastDecidedGate = (run: Run, definition: AutomationDefinition): PendingGate | undefined => {
  const last = run.checkpoint.gate_history.at(-1);
  const node = last && definition.flow.nodes.find(({ node_id }) => node_id === last.node_id);
  return last && node && asDefined(run, node, last.decided_at_ms);
};
