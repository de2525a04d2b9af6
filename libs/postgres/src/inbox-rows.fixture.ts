import type { Database } from './database.js';

/** A gate opening as the projector writes it, with what a test is about. */
export interface InboxRow {
  readonly org_id?: string;
  readonly id: string;
  readonly automation_id?: string;
  readonly run_id?: string;
  readonly status?: 'open' | 'decided' | 'closed';
  readonly kind?: string;
  readonly risk_tier?: string | null;
  readonly data_classes?: readonly string[];
  readonly requester?: string;
  readonly barred?: string | null;
  readonly approvers?: readonly string[];
  readonly voters?: readonly string[];
  readonly authority?: object | null;
  readonly requested_at_ms: number;
  readonly expires_at_ms?: number | null;
  readonly decision?: string | null;
  readonly decided_at_ms?: number | null;
}

const complete = (row: InboxRow) => ({
  org_id: 'acme', workspace_id: 'ops', deployment_id: '', automation_id: 'refund', run_id: `run-${row.id}`, node_id: 'sign', status: 'open', kind: 'approval_gate', risk_tier: null, requester: 'ada', barred: null,
  expires_at_ms: null, decision: null, decided_at_ms: null, position: 1, ...row,
  gate_opening_id: row.id, data_classes: (row.data_classes ?? []).join('\n'), approvers: (row.approvers ?? ['anyone']).join('\n'), voters: (row.voters ?? []).join('\n'),
  authority: row.authority === undefined || row.authority === null ? null : JSON.stringify(row.authority), requested_by: JSON.stringify({ kind: 'human', actor_id: row.requester ?? 'ada' }),
  gate: JSON.stringify({ node_id: 'sign', gate_opening_id: row.id, approval_request_id: 'q', wait_id: 'w', transition_id: 't', title: 'Sign', decisions: ['approve'], rework_targets: [], requested_at_ms: row.requested_at_ms, upstream_node_ids: [] }),
});

const columns = [
  'org_id text', 'workspace_id text', 'deployment_id text', 'gate_opening_id text', 'automation_id text', 'run_id text', 'node_id text', 'status text', 'kind text', 'risk_tier text', 'requester text', 'barred text', 'data_classes text',
  'approvers text', 'voters text', 'authority text', 'requested_by text', 'gate text', 'requested_at_ms bigint', 'expires_at_ms bigint', 'decision text', 'decided_at_ms bigint', 'position bigint',
];
const names = columns.map((column) => column.split(' ')[0]).join(', ');

export const writeInbox = async (database: Database, rows: readonly InboxRow[]): Promise<void> => {
  await database.query({ text: `insert into countersign.gates (${names}) select ${names} from json_to_recordset($1) as rows (${columns.join(', ')})`, values: [JSON.stringify(rows.map(complete))] });
};

/** Automations by id, each with the keys of those who see it. */
export const writeAutomations = async (database: Database, viewers: Readonly<Record<string, readonly string[]>>): Promise<void> => {
  for (const [id, keys] of Object.entries(viewers)) {
    await database.query({
      text: `insert into countersign.automations (org_id, workspace_id, deployment_id, automation_id, name, status, definition_version, definition_hash, tenant_context, created_at_ms, updated_at_ms, position, viewers)
        values ('acme', 'ops', '', $1, $2, 'active', 'v1', 'h', '{}', 1, 1, 1, $3)`,
      values: [id, `Automation ${id}`, keys.join('\n')],
    });
  }
};
