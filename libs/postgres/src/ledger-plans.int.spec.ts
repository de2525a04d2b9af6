import type { LedgerCollection } from '@cs/contracts';
import type { Reader, ReliabilityFilter } from '@cs/read-models';
import type { Database, Statement } from './database.js';
import { pageStatement } from './ledger-statements.js';
import { migrate } from './migrate.js';
import { readBy } from './plan-reads.fixture.js';
import { deadLettersText } from './projection-queries.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const limit = 20;
const many = 60_000;

let server: TestDatabase;
let one: Database;

/** A month of what went well, newest last, of acme and of somebody else, and a little of everything else at its beginning. */
beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  const rows = `generate_series(1, ${many}) as n`;
  const tenant = `case when n % 3 = 0 then 'other' else 'acme' end, 'ops', ''`;
  const early = (all: string, few: Readonly<Record<number, string>>) => `case ${Object.entries(few).map(([n, value]) => `when n % 100 = ${n} and n < 3000 then '${value}'`).join(' ')} else ${all} end`;
  for (const text of [
    `insert into countersign.outbox (org_id, workspace_id, deployment_id, outbox_id, run_id, effect_id, status, source_kind, source_id, idempotency_key, created_at_ms, updated_at_ms)
      select ${tenant}, 'o' || n, 'r' || n / 50, 'e', ${early(`'sent'`, { 1: 'pending', 2: 'claimed', 4: 'dead_lettered', 5: 'cancelled', 7: 'failed' })}, 'automation_v2_run', 's', 'k', 1, n from ${rows}`,
    `insert into countersign.tool_effects (org_id, workspace_id, deployment_id, effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, audit_hash, created_at_ms, updated_at_ms)
      select ${tenant}, 'e' || n, 'o', 'a', 'r' || n / 50, ${early(`'succeeded'`, { 1: 'pending', 2: 'unknown', 4: 'failed' })}, 'automation_v2_run', 's', 'h', 1, n from ${rows}`,
    `insert into countersign.dead_letters (org_id, workspace_id, deployment_id, dead_letter_id, run_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, updated_at_ms, superseded_at_ms, position)
      select ${tenant}, 'l' || n, 'r' || n / 50, ${early(`'tool_effect'`, { 1: 'message', 2: 'node', 4: 'stateful_wait' })}, 'x', 'runner', 's', 1, 1, 'r', case when n % 4 < 2 and n > 3000 then 'cleared' else ${early(`'resolved'`, { 1: 'open', 2: 'retrying', 5: 'retry_requested', 7: 'ignored', 8: 'linked_to_compensation' })} end,
        n, n, case when n > 3000 and n % 8 < 7 then n end, n from ${rows}`,
    `insert into countersign.compensations (org_id, workspace_id, deployment_id, compensation_id, run_id, node_id, status, compensation_type, target_effect_id, approval_required, attempts, superseded_at_ms, created_at_ms, updated_at_ms)
      select ${tenant}, 'c' || n, 'r' || n / 50, 'n', case when n % 4 < 2 and n > 3000 then 'cleared' else ${early(`'completed'`, { 1: 'proposed', 2: 'awaiting_approval', 4: 'approved', 5: 'running', 7: 'failed', 8: 'cancelled' })} end,
        ${early(`'operator_review'`, { 1: 'Money-Back', 2: 'other' })}, 'e', 1, 0, null, n, n from ${rows}`,
    `insert into countersign.compensations (org_id, workspace_id, deployment_id, compensation_id, run_id, node_id, status, compensation_type, target_effect_id, approval_required, attempts, superseded_at_ms, created_at_ms, updated_at_ms)
      select ${tenant}, 'm' || n, 'r' || n / 50, 'n', 'proposed', 'operator_review', 'e', 1, 0, n, n, n from ${rows}`,
    'vacuum analyze countersign.outbox', 'vacuum analyze countersign.tool_effects', 'vacuum analyze countersign.dead_letters', 'vacuum analyze countersign.compensations',
  ]) await server.database.query({ text });
  one = server.connect();
}, 180_000);
afterAll(async () => {
  await one.close();
  await server.stop();
});

interface Case {
  readonly what: string;
  readonly of: LedgerCollection;
  readonly filter?: Partial<ReliabilityFilter>;
  readonly index: string;
  /** Ranges of the index, each of which is read as far as a page goes. */
  readonly ranges: number;
}
const active = { active_recovery_only: true };
const cases: readonly Case[] = [
  { what: 'everything', of: 'outbox', index: 'outbox_by_status', ranges: 6 },
  { what: 'a rare status', of: 'outbox', filter: { status: 'failed' }, index: 'outbox_by_status', ranges: 1 },
  { what: 'the usual status', of: 'outbox', filter: { status: 'sent' }, index: 'outbox_by_status', ranges: 1 },
  { what: 'everything', of: 'tool_effects', index: 'tool_effects_by_status', ranges: 4 },
  { what: 'a rare status', of: 'tool_effects', filter: { status: 'unknown' }, index: 'tool_effects_by_status', ranges: 1 },
  { what: 'everything', of: 'dead_letters', index: 'dead_letters_by_status', ranges: 24 },
  { what: 'a rare status', of: 'dead_letters', filter: { status: 'open' }, index: 'dead_letters_by_status', ranges: 4 },
  { what: 'a rare source', of: 'dead_letters', filter: { source_type: 'message' }, index: 'dead_letters_by_status', ranges: 6 },
  { what: 'a source and a status', of: 'dead_letters', filter: { source_type: 'node', status: 'retrying' }, index: 'dead_letters_by_status', ranges: 1 },
  { what: 'what is active', of: 'dead_letters', filter: active, index: 'dead_letters_active', ranges: 24 },
  { what: 'what is active of a status', of: 'dead_letters', filter: { ...active, status: 'resolved' }, index: 'dead_letters_active', ranges: 4 },
  { what: 'everything', of: 'compensations', index: 'compensations_by_status', ranges: 7 },
  { what: 'a rare status', of: 'compensations', filter: { status: 'awaiting_approval' }, index: 'compensations_by_status', ranges: 1 },
  { what: 'a rare type', of: 'compensations', filter: { source_type: 'money_back' }, index: 'compensations_by_type', ranges: 7 },
  { what: 'a type and a status', of: 'compensations', filter: { source_type: 'other', status: 'awaiting_approval' }, index: 'compensations_by_type', ranges: 1 },
  { what: 'what is active', of: 'compensations', filter: active, index: 'compensations_unsettled', ranges: 5 },
  { what: 'what is active of a status', of: 'compensations', filter: { ...active, status: 'proposed' }, index: 'compensations_unsettled', ranges: 1 },
];
const statementOf = (collection: LedgerCollection, filter: Partial<ReliabilityFilter>): Statement | undefined =>
  pageStatement({ reader: acme, filter: { active_recovery_only: false, ...filter }, collection }, { limit, from: { at_ms: many + 1, id: '' } });
const readOf = async (collection: LedgerCollection, filter: Partial<ReliabilityFilter>): Promise<ReadonlyMap<string, number>> => {
  const statement = statementOf(collection, filter);
  if (statement === undefined) throw new Error('nothing is asked for');
  return await readBy(one, statement);
};

describe('with a month of records, a list of the ledger', () => {
  it.each(cases)('reads one range of an index for each status that it is of: $what of $of', async ({ of, filter = {}, index, ranges }) => {
    const read = await readOf(of, filter);
    expect([...read.keys()].sort()).toEqual([index, `${of}_pkey`].sort());
    expect(read.get(index)).toBeGreaterThan(0);
    expect(read.get(index)).toBeLessThanOrEqual(ranges * limit);
    expect(read.get(`${of}_pkey`)).toBeLessThanOrEqual(limit);
  });

  it('of dead letters by their age reads none that were cleared', async () => {
    const read = await readBy(one, { text: deadLettersText, values: ['acme', 'ops', '', Number.MAX_SAFE_INTEGER, '', limit + 1] });
    expect([...read]).toEqual([['dead_letters_by_age', limit + 1]]);
  });

  it.each<[LedgerCollection, Partial<ReliabilityFilter>]>([['outbox', {}], ['tool_effects', { status: 'succeeded' }], ['dead_letters', {}], ['compensations', {}]])('of a run reads what the run has of %s', async (collection, filter) => {
    const read = await readOf(collection, { ...filter, run_id: 'r9' });
    expect([...read.keys()].sort()).toEqual([`${collection}_of_run`, `${collection}_pkey`].sort());
    expect(read.get(`${collection}_of_run`)).toBeLessThanOrEqual(100);
  });

  it.each<[LedgerCollection, Partial<ReliabilityFilter>]>([
    ['outbox', { status: 'open' }], ['tool_effects', { source_type: 'message' }], ['dead_letters', { status: 'cleared' }], ['compensations', { ...active, status: 'completed' }], ['dead_letters', { source_type: 'automation_v2_run' }],
  ])('asks nothing of %s where none of it can fit %j', (collection, filter) => {
    expect(statementOf(collection, filter)).toBeUndefined();
  });
});
