import { approverKeysOf, authorityRefusal, canonicalIdentity, deciderKeysOf, openApproverKeys } from '@cs/approval-domain';
import { isExpired } from '@cs/automation-domain';
import type { CallContext, GateDecision, GovernanceActor, PendingGate } from '@cs/contracts';
import type { InboxGate } from './inbox-queries.port.js';

/** Who asks for the inbox, and when. */
export interface Asker {
  readonly context: CallContext;
  readonly at_ms: number;
}

/** One spelling per person; null of one without a name. */
export const voterOf = ({ actor_id, source }: GovernanceActor): string | null => (actor_id === undefined ? null : canonicalIdentity(actor_id, source));

/** What the caller said at a gate that needs several people; null when nothing. */
export const voteOf = ({ votes = [] }: PendingGate, { actor }: CallContext): GateDecision | null => {
  const voter = voterOf(actor);
  return votes.find((vote) => vote.voter === voter)?.decision ?? null;
};

/** Whom the gate names, or, where it names nobody, who has a right to its automation. */
const isAddressed = ({ gate, may_change }: InboxGate, context: CallContext): boolean => {
  const keys = deciderKeysOf(context);
  return approverKeysOf(gate).some((key) => keys.includes(key) && (may_change || !openApproverKeys.includes(key)));
};

/** What the caller may decide now, by the same rules as the gate itself judges. */
export const decisionsOpenTo = (open: InboxGate, { context, at_ms }: Asker): readonly GateDecision[] => {
  const { gate, status } = open;
  if (status !== 'open' || isExpired(gate, at_ms) || !isAddressed(open, context) || voteOf(gate, context) !== null) return [];
  const run = { run_id: open.run_id, automation_id: open.automation_id, requested_by: open.requested_by, tenant_context: { ...context.tenant, source: open.tenant_source } };
  const decider = { actor: context.actor, verified: context.verified, memberships: context.memberships };
  return gate.decisions.filter((decision) => authorityRefusal(decider, { decision, gate, run, at_ms }) === undefined);
};
