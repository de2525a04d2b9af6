import type { Approver, CallContext, GovernanceActor, PendingGate, ResourceRef, Run, TenantContext } from '@cs/contracts';
import { missingAuthority } from './gate-authority.js';
import { canonicalIdentity, identitiesOf, isChannelVerified } from './identity.js';
import { requiresAuthority, reviewerPolicy, type ReviewerPolicy } from './reviewer-policy.js';

/** The key that everybody has, and the one of everybody who can be told apart from others. */
const anyone = 'anyone';
const anyoneNamed = 'anyone_named';

const lower = (text: string): string => text.trim().toLowerCase();
const keyOf = ({ kind, id }: Approver): string => JSON.stringify([kind, kind === 'person' ? canonicalIdentity(id) : lower(id)]);

type Named = Pick<PendingGate, 'approvers' | 'approvals_required' | 'voting'>;

/** The key of one person among approvers. */
export const personKey = (person: string): string => keyOf({ kind: 'person', id: person });

const needsSeveral = ({ approvals_required = 1, voting = 'veto' }: Named): boolean => approvals_required > 1 || voting === 'majority';

/** Keys that stand for everybody: whoever has only such a key needs a right to the automation too. */
export const openApproverKeys: readonly string[] = [anyone, anyoneNamed];

/** Whom a gate takes decisions from, as keys without line breaks: whoever has one of them is among its approvers. */
export const approverKeysOf = (gate: Named): readonly string[] => {
  const { approvers = [] } = gate;
  if (approvers.length > 0) return [...new Set(approvers.map(keyOf))];
  return [needsSeveral(gate) ? anyoneNamed : anyone];
};

const namedKeys = (actor: GovernanceActor): readonly string[] =>
  actor.actor_id === undefined || actor.actor_id.trim() === '' ? [] : [anyoneNamed, ...identitiesOf(actor).map((identity) => JSON.stringify(['person', identity]))];

/** The keys of a caller, to be compared with `approverKeysOf`; none of one who is no person. */
export const deciderKeysOf = ({ actor, memberships }: Pick<CallContext, 'actor' | 'memberships'>): readonly string[] => {
  if (actor.kind !== 'human') return [];
  const { roles = [], groups = [] } = memberships ?? {};
  const names: readonly Approver[] = [...roles.map((id) => ({ kind: 'role', id }) as const), ...groups.map((id) => ({ kind: 'group', id }) as const)];
  return [anyone, ...namedKeys(actor), ...names.map(keyOf)];
};

/** What a gate asks of whoever decides it, beyond being among its approvers. */
export interface NeededAuthority {
  readonly eligibility: ReviewerPolicy['eligibility'];
  readonly data_classes: ReviewerPolicy['data_classes'];
  readonly resource: ResourceRef;
  /** How the tenant of the run is known: the local one asks nobody for an assertion. */
  readonly tenant_source: TenantContext['source'];
}

/** The authority that a gate needs; `undefined` where every approver may decide. */
export const neededAuthority = (gate: PendingGate, run: Pick<Run, 'automation_id' | 'tenant_context'>): NeededAuthority | undefined => {
  const policy = reviewerPolicy(gate, run);
  if (!requiresAuthority(policy)) return undefined;
  const { eligibility, data_classes, resource } = policy;
  return { eligibility, data_classes, resource, tenant_source: run.tenant_context.source };
};

/** Whether somebody has the authority that gates need (domain 5.4, steps 2 to 6). */
export const holdsAuthority = ({ actor, verified }: Pick<CallContext, 'actor' | 'verified'>, needed: NeededAuthority, at_ms: number): boolean => {
  if (isChannelVerified(actor) || (needed.tenant_source === 'local_implicit' && verified === undefined)) return true;
  const strict = verified?.strict_projection;
  return strict !== undefined && missingAuthority(strict, needed, at_ms) === undefined;
};
