import { isHumanAdministrator } from '@cs/automation-domain';
import type { AggregateRef, AuditAccessEvent, AuditExportBegun, AuditFilter, CallContext, RpcReply } from '@cs/contracts';
import { appendEvents, unwritten, type AuditAnchors, type Eventing, type IdSource } from '@cs/eventing';
import { refusal } from '@cs/platform';
import { auditAccessAggregate, auditKeyHistory, showAuditRecord, tenantKey, type AuditQueries, type AuditReads } from '@cs/read-models';

const anchorsAtATime = 1000;

export interface ExportSources {
  readonly eventing: Eventing;
  readonly queries: AuditQueries;
  readonly reads: AuditReads;
  readonly anchors: AuditAnchors;
  readonly newId: IdSource;
}

const code = 'AUDIT_ADMINISTRATOR_REQUIRED';
const notAllowed = (): RpcReply<never> => refusal(code, 'only a person with an administrator\'s role may export the audit');

/** A caller is answered when what it is answered is in the log. */
const record = async ({ eventing, newId }: ExportSources, { tenant, actor, correlation_id }: CallContext, event: (id: string) => AuditAccessEvent): Promise<{ readonly id: string; readonly at_ms: number }> => {
  const id = newId();
  const at_ms = eventing.clock();
  const ref: AggregateRef = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'audit_access', id };
  await appendEvents({ eventing, aggregate: auditAccessAggregate }, unwritten(auditAccessAggregate, ref), { events: [event(id)], context: { at_ms, actor, causation_id: correlation_id } });
  return { id, at_ms };
};

/** Begins an export of what the chain holds now; this, or the refusal, is in the audit when it is answered. */
export const beginExport = async (sources: ExportSources, context: CallContext, filter: AuditFilter): Promise<RpcReply<AuditExportBegun>> => {
  const { tenant, actor } = context;
  if (!isHumanAdministrator(context)) {
    await record(sources, context, () => ({ event_type: 'audit_access_refused', data: { action: 'export', tenant_context: tenant, code, actor } }));
    return notAllowed();
  }
  const head = await sources.queries.auditHead(tenantKey(tenant));
  const up_to_seq = head?.seq ?? 0;
  const { id, at_ms } = await record(sources, context, (export_id) => ({ event_type: 'audit_exported', data: { export_id, tenant_context: tenant, filter, up_to_seq, exported_by: actor } }));
  const keys = await auditKeyHistory(sources.eventing.store);
  return { ok: true, value: { export_id: id, exported_at_ms: at_ms, filter, head_seq: up_to_seq, head_hash: head?.record_hash ?? null, keys } };
};

/** A part of an export. */
export const readExport = async ({ reads }: ExportSources, context: CallContext, { filter, ...range }: { readonly filter: AuditFilter; readonly after_seq: number; readonly up_to_seq: number }) => {
  if (!isHumanAdministrator(context)) return notAllowed();
  const { records, ...rest } = await reads.exported(tenantKey(context.tenant), filter, range);
  return { ok: true as const, value: { ...rest, records: records.map(showAuditRecord) } };
};

/** Anchors behind a place. */
export const readAnchors = async ({ anchors }: ExportSources, context: CallContext, after: number) => {
  if (!isHumanAdministrator(context)) return notAllowed();
  const kept = await anchors.list(tenantKey(context.tenant), { after, limit: anchorsAtATime });
  const last = kept.at(-1);
  return { ok: true as const, value: { anchors: kept.map(({ anchor }) => anchor), ...(kept.length < anchorsAtATime || last === undefined ? {} : { next_after: last.place }) } };
};
