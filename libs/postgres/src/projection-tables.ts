import {
  withoutParts,
  type ArchiveRow, type AuditHead, type AuditKeyRow, type AuditRecord, type DelegationRow, type GateKeys, type GateRow, type HandoffRow, type RowChanges, type RunEventRow, type RunPartRow, type RunRow, type ScheduleRow, type WaitRow,
} from '@cs/read-models';
import { automationTables } from './automation-tables.js';
import { bigint, bigints, document, foldedDocument, text, texts, type BulkTable } from './bulk-table.js';
import { channelTables } from './channel-tables.js';
import { ledgerTables } from './ledger-tables.js';
import { importedRunTables } from './imported-run-tables.js';
import { runEventColumns } from './run-event-columns.js';
import { humanRequestTable } from './human-request-table.js';
import { policyTables } from './policy-tables.js';
import { governanceTables } from './governance-tables.js';
import { webhookMatchColumns, webhookTables } from './webhook-tables.js';

const hasNul = ({ body }: ArchiveRow): boolean => body.includes('\0');

const archive: BulkTable<ArchiveRow> = {
  name: 'archive',
  columns: {
    ...bigints('position'), ...texts('subject', 'problem'),
    // PostgreSQL's text has no NUL, and the archive keeps every body exactly.
    body: text((row) => (hasNul(row) ? Buffer.from(row.body).toString('base64') : row.body)),
    encoding: text((row) => (hasNul(row) ? 'base64' : 'utf8')),
  },
};

const runs: BulkTable<RunRow> = {
  name: 'runs',
  conflict: ['org_id', 'workspace_id', 'run_id'],
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'run_id', 'automation_id', 'status', 'stateful_status', 'phase', 'stop_kind'),
    ...bigints('created_at_ms', 'updated_at_ms', 'finished_at_ms', 'version', 'position'),
    record: foldedDocument(({ record, parts }) => withoutParts(record, parts)),
    parts_bytes: bigint(({ parts }) => parts.reduce((sum, { bytes }) => sum + bytes, 0)),
    definition_hash: text(({ record }) => record.workflow_definition_snapshot_hash),
    trigger_type: text(({ record }) => record.trigger_type),
    parent_run_id: text(({ record }) => record.parent?.run_id ?? null),
    parent_wait_id: text(({ record }) => record.parent?.wait_id ?? null),
  },
};

const runParts: BulkTable<RunPartRow> = { name: 'run_parts', conflict: ['org_id', 'workspace_id', 'run_id', 'part_id'], keep: true, columns: texts('org_id', 'workspace_id', 'run_id', 'part_id', 'body') };

const runEvents: BulkTable<RunEventRow> = { name: 'run_events', columns: runEventColumns };

const childOf = ({ metadata }: WaitRow): string | null => {
  const id = metadata?.['child_run_id'];
  return typeof id === 'string' ? id : null;
};

const waits: BulkTable<WaitRow> = {
  name: 'waits',
  conflict: ['org_id', 'workspace_id', 'run_id', 'wait_id'],
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'run_id', 'wait_id', 'wait_kind', 'status', 'phase_id', 'reason', 'wake_idempotency_key'),
    ...bigints('created_at_ms', 'updated_at_ms', 'wake_at_ms', 'timeout_at_ms', 'event_seq', 'completed_at_ms'),
    ...webhookMatchColumns,
    timeout_policy: foldedDocument(({ timeout_policy }) => timeout_policy),
    metadata: foldedDocument(({ metadata }) => metadata),
    child_run_id: text(childOf),
  },
};

const keyColumns = ['kind', 'risk_tier', 'data_classes', 'requester', 'barred', 'approvers', 'voters', 'authority'];
const lines = (read: (keys: GateKeys) => readonly string[]) => text<GateRow>(({ keys }) => (keys === null ? '' : read(keys).join('\n')));

const gates: BulkTable<GateRow> = {
  name: 'gates',
  conflict: ['org_id', 'workspace_id', 'gate_opening_id'],
  merge: {
    gate: 'coalesce({new}, {old})', requested_at_ms: 'least({new}, {old})',
    // A row without its gate knows no keys either.
    ...Object.fromEntries(keyColumns.map((column) => [column, 'case when excluded.gate is null then {old} else {new} end'])),
  },
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'gate_opening_id', 'run_id', 'automation_id', 'node_id', 'status', 'decision', 'reason'),
    ...bigints('requested_at_ms', 'expires_at_ms', 'decided_at_ms', 'position'),
    gate: foldedDocument(({ gate }) => gate),
    requested_by: foldedDocument(({ requested_by }) => requested_by),
    kind: text(({ keys }) => keys?.kind ?? 'approval_gate'),
    risk_tier: text(({ keys }) => keys?.risk_tier ?? null),
    data_classes: lines(({ data_classes }) => data_classes),
    requester: text(({ keys }) => keys?.requester ?? null),
    barred: text(({ keys }) => keys?.barred ?? null),
    approvers: lines(({ approvers }) => approvers),
    voters: lines(({ voters }) => voters),
    authority: foldedDocument(({ keys }) => keys?.authority),
    decided_by: foldedDocument(({ decided_by }) => decided_by),
  },
};

const schedules: BulkTable<ScheduleRow> = {
  name: 'schedules',
  conflict: ['org_id', 'workspace_id', 'automation_id'],
  merge: { last_fired_at_ms: 'coalesce({new}, {old})' },
  columns: { ...texts('org_id', 'workspace_id', 'deployment_id', 'automation_id', 'status'), ...bigints('next_fire_at_ms', 'last_fired_at_ms', 'position') },
};

const handoffs: BulkTable<HandoffRow> = {
  name: 'handoffs',
  conflict: ['org_id', 'workspace_id', 'handoff_id'],
  merge: Object.fromEntries(['source_automation_id', 'artifact_type', 'created_at_ms', 'artifact'].map((column) => [column, 'coalesce({new}, {old})'])),
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'handoff_id', 'target_automation_id', 'status', 'source_automation_id', 'artifact_type', 'consumed_by_run_id', 'consumed_by_automation_id'),
    ...bigints('created_at_ms', 'consumed_at_ms', 'position'),
    artifact: document(({ artifact }) => artifact),
  },
};

const auditRecords: BulkTable<AuditRecord> = {
  name: 'audit_records',
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'event_id', 'durability', 'event_type', 'tenant_source', 'prev_hash', 'record_hash', 'key_id'),
    ...bigints('seq', 'created_at_ms', 'position', 'event_index', 'segment_start'),
    actor: document(({ actor }) => actor),
    payload: document(({ payload }) => payload),
  },
};

const auditHeads: BulkTable<AuditHead> = {
  name: 'audit_heads',
  conflict: ['org_id', 'workspace_id', 'deployment_id'],
  columns: { ...texts('org_id', 'workspace_id', 'deployment_id', 'record_hash', 'key_id'), ...bigints('seq', 'segment_start') },
};

const auditKeys: BulkTable<AuditKeyRow> = { name: 'audit_keys', columns: { ...texts('key_id', 'key_check'), ...bigints('position', 'activated_at_ms') } };

const delegations: BulkTable<DelegationRow> = {
  name: 'delegations',
  conflict: ['org_id', 'workspace_id', 'delegation_id'],
  merge: {
    ...Object.fromEntries(
      ['delegator', 'stand_in', 'from_ms', 'until_ms', 'set_at_ms', 'delegation', 'ended_at_ms', 'ended_by', 'end_reason'].map((column) => [column, 'coalesce({new}, {old})']),
    ),
    uses: 'greatest({new}, {old})',
  },
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'delegation_id', 'delegator', 'stand_in', 'end_reason'),
    ...bigints('from_ms', 'until_ms', 'set_at_ms', 'ended_at_ms', 'uses', 'position'),
    delegation: document(({ delegation }) => delegation),
    ended_by: document(({ ended_by }) => ended_by),
  },
};

/** The table of each kind of row that a batch changes. */
export const projectionTables: { readonly [Kind in Exclude<keyof RowChanges, 'position'>]: BulkTable<RowChanges[Kind][number]> } = {
  archive, runs, run_parts: runParts, run_events: runEvents, waits, gates, human_requests: humanRequestTable, delegations, schedules, handoffs, audit_records: auditRecords, audit_heads: auditHeads,
  audit_keys: auditKeys,
  ...automationTables,
  ...channelTables,
  ...ledgerTables,
  ...webhookTables,
  ...importedRunTables,
  ...policyTables,
  ...governanceTables,
};
