import { compensationStatusSchema, deadLetterSources, outboxStatuses } from '@cs/contracts';
import { eventsBeforeSnapshots, shownTransitions, statefulStatuses } from '@cs/read-models';
import { Database, type Statement } from './database.js';
import { importedRunsStatement } from './imported-run-statement.js';
import { authoritiesStatement, pendingStatement } from './inbox-statements.js';
import { pageStatement } from './ledger-statements.js';
import { migrate } from './migrate.js';
import { observedRunStatement } from './observability-statement.js';
import { benchFile, nodesOf, planOf, rowsRead, type PlanNode } from './plan-reads.fixture.js';
import { runListStatement } from './run-list-statement.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

/** What `npm run bench:queries` fills the database with, what it asks, and how docs/reference/query-plans.md is made. */
interface Bench {
  readonly fillRuns: (database: Database, runs: number) => Promise<{ readonly ids: readonly string[]; readonly events: number }>;
  readonly readStatements: (statements: object, about: { readonly run: string; readonly limit: number }) => Readonly<Record<string, Statement>>;
}
interface Read {
  readonly table: string;
  readonly index: string;
  readonly rows: number;
}

const bench = async (): Promise<Bench> => ({ ...(await import(benchFile('run-histories.mjs'))), ...(await import(benchFile('read-statements.mjs'))) }) as Bench;

const limit = 5;
const page = limit + 1;
/** Rows of a list: those that each turn finds, and those that are shown. */
const turns = (count: number): number => (count + 1) * page;

/** Tables that hold something of every automation, not of every run. */
const ofAutomations: readonly string[] = ['automations', 'definitions'];

/** What a plan reads of tables that grow with the runs: by index, and how many rows, also those that a filter then leaves out. */
const readsOf = (plan: PlanNode): readonly Read[] =>
  nodesOf(plan).flatMap((node): Read[] => {
    const table = node['Relation Name'];
    if (table === undefined || ofAutomations.includes(table) || node['Actual Loops'] === 0) return [];
    const below = (node.Plans ?? []).find((inner) => inner['Node Type'] === 'Bitmap Index Scan');
    return [{ table, index: node['Index Name'] ?? below?.['Index Name'] ?? node['Node Type'], rows: rowsRead(node) }];
  });

/** What stands beside each record. */
const parts = 3;

let server: TestDatabase;
let one: Database;
let statements: Readonly<Record<string, Statement>>;

/** Of every kind that the histories of the filler have none of, and of another run's beside them. */
const fillOthers = async (): Promise<void> => {
  const wide = 'repeat(md5(r.run_id), 30)';
  for (const text of [
    `insert into countersign.dead_letters (org_id, workspace_id, deployment_id, dead_letter_id, run_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, updated_at_ms, position)
      select r.org_id, r.workspace_id, '', 'l' || n || r.run_id, r.run_id, 'node', 'x', 'runner', 's', 1, 1, ${wide}, 'open', n, n, n from countersign.runs as r cross join generate_series(1, 7) as n`,
    `insert into countersign.compensations (org_id, workspace_id, deployment_id, compensation_id, run_id, node_id, status, compensation_type, target_effect_id, approval_required, attempts, created_at_ms, updated_at_ms)
      select r.org_id, r.workspace_id, '', 'c' || n || r.run_id, r.run_id, ${wide}, 'proposed', 'operator_review', 'e', 1, 0, n, n from countersign.runs as r cross join generate_series(1, 7) as n`,
    `insert into countersign.imported_runs (org_id, workspace_id, deployment_id, run_id, automation_id, trigger_type, stateful_status, phase, created_at_ms, updated_at_ms, last_seq, position, record)
      select r.org_id, r.workspace_id, '', 'imported-' || r.run_id, r.automation_id, r.trigger_type, case when r.status = 'failed' then 'failed' else 'completed' end, 'x', r.created_at_ms, 1, 1, 1, ${wide} from countersign.runs as r`,
    `insert into countersign.imported_run_events (org_id, workspace_id, run_id, seq, event_id, event_type, occurred_at_ms, position, status, payload)
      select r.org_id, r.workspace_id, 'imported-' || r.run_id, n, 'e' || n, 'x', n, 1, 'completed', '{}' from countersign.runs as r cross join generate_series(1, 3) as n`,
    `insert into countersign.run_parts (org_id, workspace_id, run_id, part_id, body) select r.org_id, r.workspace_id, r.run_id, 'p' || n, '[]' from countersign.runs as r cross join generate_series(1, ${parts}) as n`,
    'update countersign.runs set parts_bytes = 1',
  ]) await server.database.query({ text });
  await server.database.query({ text: 'analyze' });
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  const { fillRuns, readStatements } = await bench();
  const { ids } = await fillRuns(server.database, 300);
  await fillOthers();
  one = new Database({ url: server.url, name: 'plans', poolSize: 1 });
  statements = readStatements({ observedRunStatement, runListStatement, importedRunsStatement, pendingStatement, authoritiesStatement, pageStatement }, { run: ids[0] ?? '', limit });
}, 120_000);
afterAll(async () => {
  await one.close();
  await server.stop();
});

/** The most rows by index. A read that is not here is none that a plan may do. */
const expected: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'Observability of a run': {
    runs_pkey: 1, waits_of_run: 2 * limit, run_events_pkey: 1 + limit + eventsBeforeSnapshots, run_events_phases: limit + shownTransitions, archive_pkey: limit + eventsBeforeSnapshots, policy_decisions_of_run: 2 * limit, audit_by_run: limit, audit_by_mention: limit, audit_records_pkey: limit,
    outbox_of_run: limit, outbox_unsent_of_run: limit, tool_effects_of_run: limit, tool_effects_uncertain_of_run: limit, dead_letters_of_run: 2 * limit, compensations_of_run: 2 * limit,
  },
  'Runs': { runs_by_status: turns(statefulStatuses.length), runs_pkey: page, run_parts_pkey: page * parts, run_events_pkey: page },
  'Runs of a status': { runs_by_status: page, runs_pkey: page, run_parts_pkey: page * parts, run_events_pkey: page },
  'Runs of an automation and a status': { runs_by_automation: page, runs_pkey: page, run_parts_pkey: page * parts, run_events_pkey: page },
  // One row for each type of trigger there is, to walk from one to the next.
  'Runs of a trigger': { runs_by_trigger: turns(statefulStatuses.length) + 10, runs_pkey: page, run_parts_pkey: page * parts, run_events_pkey: page },
  'Runs of a unit and a data class': { runs_by_automation: turns(statefulStatuses.length), runs_pkey: page, run_parts_pkey: page * parts, run_events_pkey: page },
  'Imported runs, in the list of runs': { imported_runs_by_age: page, imported_runs_pkey: page, imported_run_events_pkey: page },
  'Imported runs of a status': { imported_runs_by_status: page, imported_runs_pkey: page, imported_run_events_pkey: page },
  'Imported runs of an automation': { imported_runs_by_automation: turns(statefulStatuses.length), imported_runs_pkey: page, imported_run_events_pkey: page },
  'Imported runs of a trigger': { imported_runs_by_trigger: turns(statefulStatuses.length) + 10, imported_runs_pkey: page, imported_run_events_pkey: page },
  'Inbox': { gates_open: page, gates_pkey: page },
  'Inbox, mine': { gates_open_to_anyone: page, gates_open_of_approver: page, gates_pkey: page },
  'Inbox, mine: what reviewers need': { gates_open_authorities: page },
  'Outbox': { outbox_by_status: outboxStatuses.length * limit, outbox_pkey: limit },
  'Effects of a status': { tool_effects_by_status: limit },
  'Dead letters that are active, of a status': { dead_letters_active: deadLetterSources.length * limit, dead_letters_pkey: limit },
  'Compensations of a type': { compensations_by_type: compensationStatusSchema.options.length * limit, compensations_pkey: limit },
};

describe('over the database of the bench, with the plan that serves every value', () => {
  it('is every statement of the page of plans', () => {
    expect(Object.keys(statements)).toEqual(Object.keys(expected));
  });

  it.each(Object.keys(expected))('reads by its indexes, and no more rows than its limits ask for: %s', async (name) => {
    const statement = statements[name];
    if (statement === undefined) throw new Error(`no statement "${name}"`);
    const plan = await planOf(one, statement);
    const read = new Map<string, number>();
    for (const { index, rows } of readsOf(plan)) read.set(index, (read.get(index) ?? 0) + rows);
    const most = expected[name] ?? {};
    expect([...read.keys()].sort()).toEqual(Object.keys(most).sort());
    expect(Object.fromEntries([...read].map(([index, rows]) => [index, rows <= (most[index] ?? 0) ? most[index] : rows]))).toEqual(most);
  });
});
