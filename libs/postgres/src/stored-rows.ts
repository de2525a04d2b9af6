import type { AutomationDefinition, AutomationRecord, DefinitionScope, GovernanceActor, ObservedAuditEvent, PhaseTransition, PrincipalRef, Run, StatefulEvent, TenantContext } from '@cs/contracts';
import { withParts, type AuditRecord, type PartTexts, type StoredRun } from '@cs/read-models';
import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';

/*
 * Rows as they are stored, and what they hold. Documents are read back as what the projections wrote:
 * the same release wrote them, or migrated them.
 */
const readDocument = <Value>(text: string): Value => JSON.parse(text) as Value;
const readActor = (text: string | null): GovernanceActor | null => (text === null ? null : readDocument(text));

export interface RunDocument {
  readonly record: string;
  readonly parts: PartTexts;
  readonly version: number;
  readonly latest_event_id: string | null;
  /** Of its definition. */
  readonly scope: string | null;
  /** Of its automation. */
  readonly owner_kind: string | null;
  readonly owner_id: string | null;
}

const readScope = ({ scope, owner_kind, owner_id }: Pick<RunDocument, 'scope' | 'owner_kind' | 'owner_id'>): DefinitionScope | null => {
  if (scope === null) return null;
  const known = readDocument<DefinitionScope>(scope);
  const owner = owner_kind === null || owner_id === null ? null : ({ kind: owner_kind, id: owner_id } as PrincipalRef);
  return { ...known, owner_principal: known.owner_principal ?? owner };
};
const storedRun = (run: Run, row: Omit<RunDocument, 'parts'>): StoredRun => ({ run, last_seq: row.version, latest_event_id: row.latest_event_id, scope: readScope(row) });
export const readRun = (row: RunDocument): StoredRun => storedRun(withParts(readDocument(row.record), row.parts) as unknown as Run, row);

/** A run for whoever shows nothing of its lists: most of a long one stands beside the record, and was not read. */
export const readRunWithoutLists = (row: Omit<RunDocument, 'parts'>): StoredRun => {
  const run = readDocument<Run>(row.record);
  const { fan_outs: _lists, ...checkpoint } = run.checkpoint;
  return storedRun({ ...run, checkpoint }, row);
};

const readTransition = (text: string | null): PhaseTransition | null => (text === null ? null : readDocument(text));

export type RunEventDocument = Omit<StatefulEvent, 'schema_version' | 'actor' | 'phase_transition' | 'payload'> & { readonly actor: string | null; readonly phase_transition: string | null; readonly payload: string };
export const readRunEvent = ({ actor, phase_transition, payload, ...event }: RunEventDocument): StatefulEvent => ({
  schema_version: 1, event_id: event.event_id, run_id: event.run_id, seq: event.seq, event_type: event.event_type, occurred_at_ms: event.occurred_at_ms,
  actor: readActor(actor), phase_id: event.phase_id, phase_transition: readTransition(phase_transition), wait_kind: event.wait_kind, causation_id: event.causation_id, correlation_id: event.correlation_id,
  position: event.position, status: event.status, payload: readDocument<Json>(payload),
});

export interface AutomationDocument {
  readonly definition: string;
  readonly tenant_context: string;
  readonly definition_version: string;
  readonly definition_hash: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly next_fire_at_ms: number | null;
  readonly last_fired_at_ms: number | null;
}
export const readAutomation = ({ definition, tenant_context, next_fire_at_ms, last_fired_at_ms, ...row }: AutomationDocument): AutomationRecord => ({
  ...readDocument<AutomationDefinition>(definition), tenant_context: readDocument<TenantContext>(tenant_context),
  definition_version: row.definition_version, definition_hash: row.definition_hash, created_at_ms: row.created_at_ms, updated_at_ms: row.updated_at_ms,
  ...(next_fire_at_ms === null ? {} : { next_fire_at_ms }), ...(last_fired_at_ms === null ? {} : { last_fired_at_ms }),
});

export type AuditDocument = Omit<AuditRecord, 'actor' | 'payload'> & { readonly actor: string | null; readonly payload: string };

/** A payload that is no JSON object any more is what its hash will not match. */
const readPayload = (text: string): JsonObject => {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : { unreadable: text };
  } catch {
    return { unreadable: text };
  }
};
const readTamperedActor = (text: string | null): GovernanceActor | null => {
  try {
    return readActor(text);
  } catch {
    return null;
  }
};
export type ObservedAuditDocument = Omit<ObservedAuditEvent, 'actor'> & { readonly actor: string | null };
export const readObservedAudit = ({ actor, ...record }: ObservedAuditDocument): ObservedAuditEvent => ({ ...record, actor: readTamperedActor(actor) });

export const readAuditRecord = (row: AuditDocument): AuditRecord => ({ ...row, actor: readTamperedActor(row.actor), payload: readPayload(row.payload) });
