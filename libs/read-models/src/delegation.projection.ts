import type { Delegation, GovernanceActor } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { tenantKey, type TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

/** What the commits of a batch say about a delegation; `null` leaves what is known. */
export interface DelegationRow extends TenantKey {
  readonly delegation_id: string;
  readonly delegator: string | null;
  readonly stand_in: string | null;
  readonly from_ms: number | null;
  readonly until_ms: number | null;
  readonly set_at_ms: number | null;
  readonly delegation: Delegation | null;
  readonly ended_at_ms: number | null;
  readonly ended_by: GovernanceActor | null;
  readonly end_reason: string | null;
  readonly uses: number;
  readonly position: number;
}

const unknown = { delegator: null, stand_in: null, from_ms: null, until_ms: null, set_at_ms: null, delegation: null, ended_at_ms: null, ended_by: null, end_reason: null, uses: 0 };

const rowOf = (event: RecordedIn<'delegation'>, position: number): DelegationRow => {
  const tenant = tenantKey(event.data.tenant_context);
  if (event.event_type === 'delegation_set') {
    const { delegation } = event.data;
    const { delegation_id, delegator, stand_in, from_ms, until_ms, set_at_ms } = delegation;
    return { ...unknown, ...tenant, delegation_id, delegator, stand_in, from_ms, until_ms, set_at_ms, delegation, position };
  }
  const known = { ...unknown, ...tenant, delegation_id: event.data.delegation_id, position };
  if (event.event_type === 'delegation_used') return { ...known, uses: event.data.use };
  return { ...known, ended_at_ms: event.recorded_at_ms, ended_by: event.data.ended_by, end_reason: event.data.reason ?? null };
};

/** A delegation after each event of a commit. */
export const projectDelegations = (stored: StoredCommit): readonly DelegationRow[] => eventsOf('delegation', stored).map((event) => rowOf(event, stored.position));

const orElse = <Value>(after: Value | null, before: Value | null): Value | null => after ?? before;

/** What the newer row does not say stays as it was. */
export const mergeDelegations = (before: DelegationRow, after: DelegationRow): DelegationRow => ({
  ...after,
  delegator: orElse(after.delegator, before.delegator), stand_in: orElse(after.stand_in, before.stand_in), from_ms: orElse(after.from_ms, before.from_ms),
  until_ms: orElse(after.until_ms, before.until_ms), set_at_ms: orElse(after.set_at_ms, before.set_at_ms), delegation: orElse(after.delegation, before.delegation),
  ended_at_ms: orElse(after.ended_at_ms, before.ended_at_ms), ended_by: orElse(after.ended_by, before.ended_by), end_reason: orElse(after.end_reason, before.end_reason),
  uses: Math.max(after.uses, before.uses),
});

/** Of a refusal that concerns no run. */
export const tenantOfRefusedDelegation = (stored: StoredCommit): TenantKey | undefined => {
  const refused = eventsOf('gate_refusal', stored).find((event) => event.event_type === 'delegation_refused');
  return refused && tenantKey(refused.data.tenant_context);
};
