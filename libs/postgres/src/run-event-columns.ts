import type { RunEventRow } from '@cs/read-models';
import { bigints, document, texts, type BulkTable } from './bulk-table.js';

/** Columns of a timeline. */
export const runEventColumns: BulkTable<RunEventRow>['columns'] = {
  ...texts('org_id', 'workspace_id', 'run_id', 'event_id', 'event_type', 'phase_id', 'wait_kind', 'causation_id', 'correlation_id', 'status'),
  ...bigints('seq', 'occurred_at_ms', 'position'),
  actor: document(({ actor }) => actor),
  phase_transition: document(({ phase_transition }) => phase_transition),
  payload: document(({ payload }) => payload),
};
