import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PageRequest, Reader, RunFilter } from '@cs/read-models';
import type { Statement } from './database.js';
import { migrate } from './migrate.js';
import { observedRunStatement } from './observability-statement.js';
import { runListStatement } from './run-list-statement.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const tenant: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const restricted: Reader = { ...tenant, viewer_keys: ['["principal","human_user","ada"]'] };
const page: PageRequest = { limit: 25 };
const limits = { event_limit: 20, snapshot_limit: 20, reliability_limit: 20, audit_limit: 20 };

let server: TestDatabase;

/** Runs of twenty events each, of forty automations, of which four are somebody's own; one trigger and one scope are rare. */
const fill = async (from: number, to: number): Promise<void> => {
  const write = (text: string): Promise<unknown> => server.database.query({ text: text.replaceAll('RUNS', `generate_series(${from}, ${to}) as i`) });
  await write(`insert into countersign.runs (org_id, workspace_id, deployment_id, run_id, automation_id, status, stateful_status, phase, created_at_ms, updated_at_ms, version, position, record, definition_hash, trigger_type)
    select 'acme', 'ops', '', 'run-' || i, 'auto-' || i % 40, 'completed', case when i % 10 = 0 then 'awaiting_approval' when i % 7 = 0 then 'failed' else 'completed' end, 'x', i, i, 20, i, '{}', 'hash-' || i % 40, case when i % 500 = 1 then 'handoff_available' when i % 3 = 0 then 'schedule' else 'manual' end from RUNS`);
  await write(`insert into countersign.run_events (org_id, workspace_id, run_id, seq, event_id, event_type, occurred_at_ms, position, status, payload, phase_transition)
    select 'acme', 'ops', 'run-' || i, seq, 'e' || i || '-' || seq, 'x', i, i * 20 + seq, 'running', '{}', case when seq % 5 = 0 then '{}' end from RUNS cross join generate_series(1, 20) as seq`);
  await write(`insert into countersign.archive (position, subject, body, encoding) select i * 20 + seq, 's', '{}', 'utf8' from RUNS cross join generate_series(1, 20) as seq`);
  await write(`insert into countersign.waits (org_id, workspace_id, deployment_id, run_id, wait_id, wait_kind, status, phase_id, created_at_ms, updated_at_ms, event_seq) select 'acme', 'ops', '', 'run-' || i, 'w' || n, 'timer', case when n = 1 then 'waiting' else 'woken' end, 'x', i, i, 1 from RUNS cross join generate_series(1, 3) as n`);
  await write(`insert into countersign.policy_decisions (org_id, workspace_id, deployment_id, decision_id, run_id, automation_id, node_id, decision, reason_code, effect_id, policy_version, record, created_at_ms, position)
    select 'acme', 'ops', '', 'd' || i, 'run-' || i, 'auto-' || i % 40, 'x', 'allow', 'x', 'e', 'v', '{}', i, i from RUNS`);
  await write(`insert into countersign.audit_records (org_id, workspace_id, deployment_id, seq, event_id, durability, event_type, tenant_source, payload, created_at_ms, record_hash, position, event_index)
    select 'acme', 'ops', '', i * 2 + n, 'a' || i || n, 'x', 'x', 'explicit', '{"runID":"run-' || i || '"}', i, 'h', i, n from RUNS cross join generate_series(0, 1) as n`);
  await write(`insert into countersign.tool_effects (org_id, workspace_id, deployment_id, effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, audit_hash, created_at_ms, updated_at_ms) select 'acme', 'ops', '', 'e' || i, 'o' || i, 'a', 'run-' || i, 'succeeded', 'node', 'x', 'h', i, i from RUNS`);
  await write(`insert into countersign.outbox (org_id, workspace_id, deployment_id, outbox_id, run_id, effect_id, status, source_kind, source_id, idempotency_key, created_at_ms, updated_at_ms) select 'acme', 'ops', '', 'o' || i, 'run-' || i, 'e' || i, 'sent', 'node', 'x', 'k', i, i from RUNS`);
  await write(`insert into countersign.dead_letters (org_id, workspace_id, deployment_id, dead_letter_id, run_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, updated_at_ms, position) select 'acme', 'ops', '', 'l' || i, 'run-' || i, 'node', 'x', 'runner', 's', 1, 1, 'x', 'open', i, i, i from RUNS where i % 20 = 0`);
  await write(`insert into countersign.compensations (org_id, workspace_id, deployment_id, compensation_id, run_id, node_id, status, compensation_type, target_effect_id, approval_required, attempts, created_at_ms, updated_at_ms) select 'acme', 'ops', '', 'c' || i, 'run-' || i, 'x', 'proposed', 'x', 'e', 1, 0, i, i from RUNS where i % 20 = 0`);
  await server.database.query({ text: 'vacuum analyze' });
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  await server.database.query({
    text: `insert into countersign.automations (org_id, workspace_id, deployment_id, automation_id, name, status, definition_version, definition_hash, tenant_context, created_at_ms, updated_at_ms, position, viewers)
      select 'acme', 'ops', '', 'auto-' || i, 'A', 'active', 'v1', 'hash-' || i, '{}', i, i, i, case when i % 10 = 3 then '["principal","human_user","ada"]' else '*' end from generate_series(0, 39) as i`,
  });
  await server.database.query({
    text: `insert into countersign.definitions (org_id, workspace_id, definition_hash, definition, position, automation_id, scope, scope_lines)
      select 'acme', 'ops', 'hash-' || i, '{}', i, 'auto-' || i, '{}', case when i = 17 then '["data_class","regulated"]' else '' end from generate_series(0, 39) as i`,
  });
  await fill(1, 2000);
}, 180_000);
afterAll(() => server.stop());

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}
const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
/** Rows that belong to runs: those of automations and definitions are few. */
const few: readonly string[] = ['automations', 'definitions'];

const planOf = async ({ text, values = [] }: Statement): Promise<readonly PlanNode[]> => {
  const [row] = await server.database.query<{ readonly 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>({ text: `explain (analyze, format json) ${text}`, values });
  const plan = row?.['QUERY PLAN'][0]?.Plan;
  if (plan === undefined) throw new Error('no plan');
  return nodesOf(plan).filter((node) => node['Relation Name'] !== undefined && !few.includes(node['Relation Name']));
};
const rowsRead = (nodes: readonly PlanNode[]): number => nodes.reduce((sum, node) => sum + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'], 0);

const list = (filter: RunFilter, reader: Reader = tenant): Statement => runListStatement(reader, filter, page);
const cases: readonly [string, () => Statement, readonly string[]][] = [
  ['observability of a run', () => observedRunStatement(tenant, 'run-20', limits), ['runs_pkey', 'waits_of_run', 'run_events_pkey', 'run_events_phases', 'archive_pkey', 'policy_decisions_of_run', 'audit_by_run', 'outbox_of_run', 'tool_effects_of_run', 'dead_letters_of_run', 'compensations_of_run']],
  ['runs', () => list({}), ['runs_by_status']],
  ['runs of a status', () => list({ statuses: ['awaiting_approval'] }), ['runs_by_status']],
  ['runs of an automation', () => list({ automation_id: 'auto-3' }), ['runs_by_automation']],
  ['runs of a rare trigger', () => list({ trigger: 'handoff' }), ['runs_by_trigger']],
  ['runs of a rare data class', () => list({ scope: { data_class: 'regulated' } }), ['runs_by_automation']],
  ['runs that somebody sees', () => list({}, restricted), ['runs_by_automation']],
];
const readBefore = new Map<string, number>();

describe('what a read costs', () => {
  it.each(cases)('is what its indexes find, of no table the whole: %s', async (name, statement, indexes) => {
    const plan = await planOf(statement());
    expect(plan.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'])).toEqual([]);
    expect(plan.map((node) => node['Index Name'])).toEqual(expect.arrayContaining([...indexes]));
    readBefore.set(name, rowsRead(plan));
  });

  it('does not grow with the database', async () => {
    expect(readBefore.size).toBe(cases.length);
    await fill(2001, 12_000);
    for (const [name, statement] of cases) expect([name, rowsRead(await planOf(statement())) / (readBefore.get(name) ?? 0) < 1.2]).toEqual([name, true]);
  }, 180_000);
});
