import type { AuditAccessEvent, AuditExportPage, AuditFilter, AuditRecordShown } from '@cs/contracts';
import type { Aggregate } from '@cs/eventing';
import type { AuditRecord } from './audit-chain.js';
import type { ItemsPage, PageRequest } from './projection-queries.port.js';
import type { TenantKey } from './tenant-key.js';

interface Recorded { readonly action: string }

/** Somebody asked for the audit, once; each is an aggregate of its own. */
export const auditAccessAggregate: Aggregate<Recorded | undefined, AuditAccessEvent> = {
  name: 'audit_access',
  initialState: undefined,
  evolve: (_state, { event_type }) => ({ action: event_type }),
  status: (state) => (state?.action === 'audit_exported' ? 'exported' : 'refused'),
  isAtRest: () => true,
  stateVersion: 1,
  writeState: () => null,
  readState: () => undefined,
};

/** Types of records in which somebody was refused something end so; a spec checks that all of them do. */
export const denialSuffix = 'denied';

export interface AuditRecordFilter extends AuditFilter {
  readonly denials?: boolean | undefined;
  readonly actor_id?: string | undefined;
  readonly run_id?: string | undefined;
}

/** Whose records: a tenant's, and beside them those that belong to no tenant. */
export interface AuditScope extends TenantKey {
  readonly with_untagged: boolean;
  /** Only what this one did; absent: of everybody. */
  readonly only_actor?: { readonly kind: string; readonly actor_id: string } | undefined;
}

/** Reads records of the audit for people. Throws `ProjectionUnavailableError` when they cannot be reached. */
export interface AuditReads {
  /** Newest first; filtered before they are cut. */
  records(scope: AuditScope, filter: AuditRecordFilter, page: PageRequest): Promise<ItemsPage<AuditRecord>>;
  /** In the order of the chain, behind a `seq`; fewer than there are when they are large. */
  exported(tenant: TenantKey, filter: AuditFilter, range: { readonly after_seq: number; readonly up_to_seq: number }): Promise<Omit<AuditExportPage, 'records'> & { readonly records: readonly AuditRecord[] }>;
}

const integrityOf = ({ key_id, segment_start }: AuditRecord): AuditRecordShown['integrity'] =>
  (key_id === null ? null : { algorithm: 'hmac-sha256', key_id, segment_start: segment_start ?? 0 });

/** A record with all that its hash covers. */
export const showAuditRecord = (record: AuditRecord): AuditRecordShown => ({
  seq: record.seq, event_id: record.event_id, durability: record.durability, event_type: record.event_type,
  tenant_context: { org_id: record.org_id, workspace_id: record.workspace_id, deployment_id: record.deployment_id === '' ? null : record.deployment_id, actor_id: null, source: record.tenant_source },
  actor: record.actor, payload: record.payload, created_at_ms: record.created_at_ms, prev_hash: record.prev_hash, record_hash: record.record_hash,
  integrity: integrityOf(record), position: record.position, event_index: record.event_index,
});
