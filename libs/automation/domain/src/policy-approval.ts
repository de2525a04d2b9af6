import type { AutomationDefinition, FlowNode, GateDecisionRecord, GateRelease, PolicyHold, PolicyJudgement, Run } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import { bindingsOf } from './gate-binding.js';

const hourMs = 3_600_000;

/** How long an approval can be given and used, from when it is asked for (domain 10.2). */
export const approvalValidityMs = ({ elevated }: Pick<PolicyJudgement, 'elevated'>): number => (elevated ? hourMs : 72 * hourMs);

/** Tiers whose approvals are a matter for elevated reviewers (domain 5.2). */
const elevatedTiers: ReadonlySet<string> = new Set(['financial_record_access', 'credential_admin', 'destructive_delete', 'money_movement_contract']);

/** An approval that the arguments of a node were shown for. */
interface Approval {
  readonly approval_id: string;
  readonly release: GateRelease;
  /** From then on it holds no more. */
  readonly expires_at_ms: number;
  readonly elevated: boolean;
  readonly approver_role: string | undefined;
}

const releaseOf = ({ releases = [] }: GateDecisionRecord, node_id: string): GateRelease | undefined => releases.find((release) => release.node_id === node_id);

const isApproval = ({ decision }: GateDecisionRecord): boolean => decision === 'approve';

/** The newest approval of a gate that a policy opened at the node itself. */
export const policyApprovalOf = ({ checkpoint }: Run, node_id: string): Approval | undefined => {
  const record = checkpoint.gate_history.findLast((past) => past.node_id === node_id && past.approval_expires_at_ms !== undefined);
  const release = record && isApproval(record) ? releaseOf(record, node_id) : undefined;
  if (record === undefined || release === undefined) return undefined;
  const { gate_opening_id, approval_expires_at_ms = 0, policy } = record;
  return { approval_id: gate_opening_id, release, expires_at_ms: approval_expires_at_ms, elevated: policy?.elevated === true, approver_role: policy?.approver_role };
};

/** A gate whose own class lets nobody but such reviewers approve it stands for an elevated approval; any other does not. */
const isElevatedGate = (gate: FlowNode | undefined): boolean => gate?.risk_tier !== undefined && elevatedTiers.has(gate.risk_tier);

/** The role that alone may decide a gate, where it is one. */
const roleOfGate = (gate: FlowNode | undefined): string | undefined => {
  const [first, ...more] = gate?.gate?.approvers ?? [];
  return first?.kind === 'role' && more.length === 0 ? first.id : undefined;
};

/** Approvals of the gates directly before the node. Passing one by its time is none: nobody approved. */
const upstreamApprovals = (run: Run, definition: AutomationDefinition, { node_id, elevated }: { readonly node_id: string; readonly elevated: boolean }): readonly Approval[] => {
  const { nodes } = flowGraph(definition);
  return bindingsOf(run, definition, node_id).filter(({ record }) => isApproval(record)).map(({ record, release }) => {
    const gate = nodes.get(record.node_id);
    return {
      approval_id: record.gate_opening_id, release, expires_at_ms: record.decided_at_ms + approvalValidityMs({ elevated }), elevated: isElevatedGate(gate), approver_role: roleOfGate(gate),
    };
  });
};

/** Key of an approval's use: an opening may release several nodes. */
export const approvalUse = (approval_id: string, node_id: string): string => `${approval_id}#${node_id}`;

interface Question {
  readonly node_id: string;
  /** On which terms an approval is asked for. */
  readonly elevated: boolean;
  readonly approver_role?: string | undefined;
  readonly effect_id: string;
  readonly arguments_digest: string;
  readonly at_ms: number;
}

const isOnTheseTerms = (approval: Approval, { elevated, approver_role }: Question): boolean =>
  (!elevated || approval.elevated) && (approver_role === undefined || approval.approver_role === approver_role);

const isOfThis = ({ approval_id, release, expires_at_ms }: Approval, { node_id, arguments_digest, at_ms, effect_id }: Question, uses: Readonly<Record<string, string>>): boolean =>
  release.digest === arguments_digest && at_ms < expires_at_ms && (uses[approvalUse(approval_id, node_id)] ?? effect_id) === effect_id;

/**
 * The approval under which an effect may go out now: of exactly these arguments, in its time, and not
 * used for another effect. Attempts of one effect are one use.
 */
export const usableApproval = (run: Run, definition: AutomationDefinition, question: Question): Approval | undefined => {
  const { node_id, elevated } = question;
  const own = policyApprovalOf(run, node_id);
  const approvals = [...(own === undefined ? [] : [own]), ...upstreamApprovals(run, definition, { node_id, elevated })];
  const uses = run.checkpoint.approval_uses ?? {};
  return approvals.find((approval) => isOfThis(approval, question, uses) && isOnTheseTerms(approval, question));
};

export const holdOfNode = ({ checkpoint }: Pick<Run, 'checkpoint'>, node_id: string): PolicyHold | undefined =>
  checkpoint.policy_holds !== undefined && Object.hasOwn(checkpoint.policy_holds, node_id) ? checkpoint.policy_holds[node_id] : undefined;

/** The gate that a policy opens at a node. It ends as other gates do; time approves nothing. */
export const gateOfHold = ({ depends_on }: FlowNode, { valid_for_ms, approver_role }: PolicyHold): NonNullable<FlowNode['gate']> => ({
  required: true, rework_targets: [], expiry_policy: { expires_after_ms: valid_for_ms, on_expiry: 'cancel' },
  // Without anything before it, there is nothing to send back to.
  decisions: depends_on.length === 0 ? ['approve', 'cancel'] : ['approve', 'rework', 'cancel'],
  ...(approver_role === undefined ? {} : { approvers: [{ kind: 'role', id: approver_role }] }),
});
