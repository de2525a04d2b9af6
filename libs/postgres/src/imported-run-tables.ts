import type { ImportedRunRow, RunEventRow } from '@cs/read-models';
import { bigints, foldedDocument, texts, type BulkTable } from './bulk-table.js';
import { runEventColumns } from './run-event-columns.js';

const importedRuns: BulkTable<ImportedRunRow> = {
  name: 'imported_runs',
  conflict: ['org_id', 'workspace_id', 'run_id'],
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'run_id', 'automation_id', 'trigger_type', 'stateful_status', 'phase'),
    ...bigints('created_at_ms', 'updated_at_ms', 'last_seq', 'position'),
    record: foldedDocument(({ record }) => record),
  },
};

const importedRunEvents: BulkTable<RunEventRow> = { name: 'imported_run_events', columns: runEventColumns };

export const importedRunTables = { imported_runs: importedRuns, imported_run_events: importedRunEvents };
