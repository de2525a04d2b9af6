import { canonicalIdentity, deciderKeysOf, holdsAuthority, identityOf, openApproverKeys, personKey } from '@cs/approval-domain';
import { ownerKeysOf } from '@cs/automation-domain';
import type { CallContext, listDecidedApprovals, listPendingApprovals, PayloadOf } from '@cs/contracts';
import type { Clock } from '@cs/eventing';
import { definedMembers } from '@cs/kernel';
import { voterOf, type Asker, type DecidableBy, type DecidedFilter, type DelegationQueries, type InboxReader, type PendingFilter, type Reader, type ReaderSeat, type StoredAuthority, type TenantKey } from '@cs/read-models';

type Pending = PayloadOf<typeof listPendingApprovals>;
type Decided = PayloadOf<typeof listDecidedApprovals>;

/** Whoever asks for another tenant's inbox, or for a source that does not exist, finds it empty. */
export const asksElsewhere = ({ source, org_id, workspace_id }: Pick<Pending, 'source' | 'org_id' | 'workspace_id'>, tenant: TenantKey): boolean =>
  (source ?? 'automation_v2') !== 'automation_v2' || (org_id ?? tenant.org_id) !== tenant.org_id || (workspace_id ?? tenant.workspace_id) !== tenant.workspace_id;

/** Delegations that are looked at for one reader. */
const maxSeats = 100;

/** Whom a person stands in for at a moment. */
const seatsOf = async (queries: DelegationQueries, tenant: TenantKey, { context, at_ms }: Asker): Promise<readonly ReaderSeat[]> => {
  const stand_in = context.actor.kind === 'human' ? identityOf(context.actor) : undefined;
  if (stand_in === undefined) return [];
  const { items } = await queries.delegations(tenant, { concerns: undefined, delegator: undefined, stand_in, status: 'in_force', at_ms }, { limit: maxSeats });
  return items.map((delegation) => ({ key: personKey(delegation.delegator), delegation }));
};

export type AskerOf = (tenant: TenantKey, context: CallContext) => Promise<Asker>;

/** Who asks, now, and whom they stand in for. */
export const askers = (queries: DelegationQueries, clock: Clock): AskerOf => async (tenant, context) => {
  const asker = { context, at_ms: clock() };
  return { ...asker, seats: await seatsOf(queries, tenant, asker) };
};

/** A reader as the inbox knows them. */
export const inboxReaderOf = (reader: Reader, { context, seats = [] }: Pick<Asker, 'context' | 'seats'>): InboxReader => {
  const keys = deciderKeysOf(context);
  const isOpen = (key: string): boolean => openApproverKeys.includes(key);
  return { ...reader, owner_keys: ownerKeysOf(context.verified), open_keys: keys.filter(isOpen), named_keys: keys.filter((key) => !isOpen(key)), seats };
};

/** What the caller may decide of what the open gates ask of their reviewers. */
export const mineOf = (needed: readonly StoredAuthority[], { context, at_ms }: Asker): DecidableBy => ({
  voter: voterOf(context.actor),
  authorities: needed.filter(({ authority }) => authority !== 'unknown' && holdsAuthority(context, authority, at_ms)).map(({ key }) => key),
});

const common = ({ kinds, automation_id, run_id, since_ms, until_ms }: Pending | Decided) => ({ kinds, automation_id, run_id, since_ms, until_ms });

export const pendingFilterOf = (payload: Pending, mine: DecidableBy | undefined): PendingFilter => {
  const { risk_tier, data_class, requested_by, expiring_before_ms } = payload;
  const requester = requested_by === undefined ? undefined : canonicalIdentity(requested_by);
  return definedMembers({ ...common(payload), risk_tier, data_class, requester, mine, expiring_before_ms });
};

export const decidedFilterOf = (payload: Decided): DecidedFilter => definedMembers({ ...common(payload), decision: payload.decision });
