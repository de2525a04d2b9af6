import type { HumanRequestRow } from '@cs/read-models';
import { bigints, document, text, texts, type BulkTable } from './bulk-table.js';

/** Questions and escalations. */
export const humanRequestTable: BulkTable<HumanRequestRow> = {
  name: 'human_requests',
  conflict: ['org_id', 'workspace_id', 'request_id'],
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'request_id', 'run_id', 'automation_id', 'node_id', 'kind', 'status', 'agent', 'conversion', 'answer_source', 'reason'),
    ...bigints('item', 'requested_at_ms', 'expires_at_ms', 'ended_at_ms', 'position'),
    request: document(({ request }) => request),
    asked: text(({ asked }) => asked.join('\n')),
    requested_by: document(({ requested_by }) => requested_by),
    responded_by: document(({ responded_by }) => responded_by),
    // Wrapped, because null is an answer too.
    answer: document(({ answer }) => answer),
  },
};
