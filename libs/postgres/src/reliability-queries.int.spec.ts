import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ReliabilityFilter, ReliabilityRange, TenantKey } from '@cs/read-models';
import { migrate } from './migrate.js';
import { PostgresReliabilityQueries } from './reliability-queries.adapter.js';
import { retentionRules } from './retention-rules.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: TenantKey = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };

interface Row {
  readonly id: string;
  readonly org?: string;
  readonly run?: string;
  readonly status?: string;
  readonly source?: string;
  readonly at?: number;
  readonly created?: number;
  readonly superseded?: number;
  readonly due?: number;
  readonly type?: string;
  /** Bytes of its reason, or of its receipt. */
  readonly size?: number;
}

describe('the reliability ledger in the database', () => {
  let server: TestDatabase;
  let queries: PostgresReliabilityQueries;

  beforeAll(async () => {
    server = await startTestDatabase();
    await migrate(server.database);
    queries = new PostgresReliabilityQueries(server.database);
  }, 60_000);
  afterAll(() => server.stop());
  beforeEach(() => server.database.query({ text: 'truncate countersign.outbox, countersign.tool_effects, countersign.dead_letters, countersign.compensations' }));

  const letters = async (...rows: readonly Row[]): Promise<void> => {
    for (const { id, org = 'acme', run = 'r1', status = 'open', source = 'tool_effect', at = 10, created = 1, superseded, due, size = 3 } of rows) {
      await server.database.query({
        text: `insert into countersign.dead_letters (org_id, workspace_id, deployment_id, dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, position, run_id, recovery_options, attempts, updated_at_ms, superseded_at_ms, due_at_ms)
          values ($1, 'ops', '', $2, $3, 's', 'runner', 'cs.log', 1, 1, $10, $4, $5, 1, $6, '["retry"]', 1, $7, $8, $9)`,
        values: [org, id, source, status, created, run, at, superseded ?? null, due ?? null, 'y'.repeat(size)],
      });
    }
  };
  const compensations = async (...rows: readonly Row[]): Promise<void> => {
    for (const { id, org = 'acme', run = 'r1', status = 'proposed', at = 10, created = 1, superseded, due, type = 'operator_review' } of rows) {
      await server.database.query({
        text: `insert into countersign.compensations (org_id, workspace_id, deployment_id, compensation_id, run_id, node_id, status, compensation_type, target_effect_id, approval_required, attempts, created_at_ms, updated_at_ms, superseded_at_ms, due_at_ms)
          values ($1, 'ops', '', $2, $3, 'n', $4, $9, 'e', 1, 0, $5, $6, $7, $8)`,
        values: [org, id, run, status, created, at, superseded ?? null, due ?? null, type],
      });
    }
  };
  const effects = async (...rows: readonly Row[]): Promise<void> => {
    for (const { id, org = 'acme', run = 'r1', status = 'succeeded', at = 10, created = 1, size = 1 } of rows) {
      await server.database.query({
        text: `insert into countersign.tool_effects (org_id, workspace_id, deployment_id, effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, audit_hash, created_at_ms, updated_at_ms, receipt_payload_redacted)
          values ($1, 'ops', '', $2, 'o', 'a', $3, $4, 'automation_v2_run', $3, 'h', $5, $6, to_json($7::text)::text)`,
        values: [org, id, run, status, created, at, 'x'.repeat(size)],
      });
    }
  };
  const nothing = { outbox: [], letters: [], compensations: [], effects: [], next: {} };
  const outbox = async (...rows: readonly Row[]): Promise<void> => {
    for (const { id, status = 'sent', at = 10 } of rows) {
      await server.database.query({
        text: `insert into countersign.outbox (org_id, workspace_id, deployment_id, outbox_id, run_id, effect_id, status, source_kind, source_id, idempotency_key, created_at_ms, updated_at_ms)
          values ('acme', 'ops', '', $1, 'r1', 'e', $2, 'automation_v2_run', 'r1', 'k', 1, $3)`,
        values: [id, status, at],
      });
    }
  };
  const listed = async (filter: Partial<ReliabilityFilter> = {}, range: Partial<ReliabilityRange> = {}, tenant: TenantKey = acme) => {
    const page = await queries.ledger(tenant, { active_recovery_only: false, ...filter }, { limit: 100, ...range });
    return { outbox: page.outbox.map(({ outbox_id }) => outbox_id), letters: page.dead_letters.map(({ dead_letter_id }) => dead_letter_id), compensations: page.compensations.map(({ compensation_id }) => compensation_id), effects: page.tool_effects.map(({ effect_id }) => effect_id), next: page.next };
  };

  it('pages beyond the default limit: a cursor goes on with its own collection, newest updated first', async () => {
    await letters(...Array.from({ length: 300 }, (_, index) => ({ id: `l-${String(index).padStart(3, '0')}`, at: index })));
    await effects({ id: 'e-1' });
    const first = await listed({}, { limit: 250 });
    expect([first.letters.length, first.letters[0], first.letters.at(-1), first.effects]).toEqual([250, 'l-299', 'l-050', ['e-1']]);
    expect(first.next).toEqual({ dead_letters: { after_id: 'l-050', after_collection: 'dead_letters' } });
    const second = await listed({}, { limit: 250, after: { id: 'l-050' } });
    expect([second.letters.length, second.letters[0], second.effects, second.next]).toEqual([50, 'l-049', [], {}]);
  });

  it('filters superseded rows before the limit', async () => {
    await letters({ id: 'moot', at: 30, superseded: 30 }, { id: 'open', at: 10 });
    await compensations({ id: 'moot', at: 30, superseded: 30 }, { id: 'done', at: 20, status: 'completed' }, { id: 'open', at: 10 });
    expect(await listed({ active_recovery_only: true }, { limit: 1 })).toMatchObject({ letters: ['open'], compensations: ['open'] });
    expect(await listed()).toMatchObject({ letters: ['moot', 'open'], compensations: ['moot', 'done', 'open'] });
  });

  it('never lists what was cleared', async () => {
    await letters({ id: 'gone', status: 'cleared' });
    await compensations({ id: 'gone', status: 'cleared' });
    expect(await listed()).toMatchObject({ letters: [], compensations: [] });
  });

  it('repeats the bound by creation with the cursor', async () => {
    await letters({ id: 'old', created: 1, at: 20 }, { id: 'older', created: 0, at: 10 }, { id: 'new', created: 9, at: 30 });
    expect(await listed({ before_created_at_ms: 5 }, { limit: 1 })).toMatchObject({ letters: ['old'], next: { dead_letters: { after_id: 'old', before_created_at_ms: 5 } } });
  });

  it('lists nothing behind an unknown cursor, nor behind an id of several collections that does not say which', async () => {
    await letters({ id: 'same', at: 20 }, { id: 'below', at: 10 });
    await compensations({ id: 'same', at: 20 }, { id: 'beneath', at: 10 });
    expect(await listed({}, { after: { id: 'stale' } })).toEqual(nothing);
    expect(await listed({}, { after: { id: 'same' } })).toEqual(nothing);
    expect(await listed({}, { after: { id: 'same', collection: 'compensations' } })).toMatchObject({ letters: [], compensations: ['beneath'] });
  });

  it('is of one tenant, one run, one status, one source', async () => {
    await letters({ id: 'mine' }, { id: 'theirs', org: 'other' }, { id: 'elsewhere', run: 'r2' }, { id: 'message', source: 'message', status: 'resolved' });
    expect((await listed()).letters).toEqual(['mine', 'message', 'elsewhere']);
    expect((await listed({}, {}, { ...acme, org_id: 'other' })).letters).toEqual(['theirs']);
    expect((await listed({ run_id: 'r2' })).letters).toEqual(['elsewhere']);
    expect((await listed({ status: 'resolved' })).letters).toEqual(['message']);
    expect((await listed({ source_type: 'tool_effect' })).letters).toEqual(['mine', 'elsewhere']);
    expect(await queries.deadLetter(acme, 'theirs')).toBeUndefined();
    expect(await queries.deadLetter(acme, 'mine')).toMatchObject({ dead_letter_id: 'mine', recovery_options: ['retry'] });
  });

  it('finds by a type of source in each collection, and nothing in those that have no such type', async () => {
    await outbox({ id: 'o' });
    await effects({ id: 'e' });
    await letters({ id: 'l' }, { id: 'm', source: 'message', status: 'resolved' });
    await compensations({ id: 'c' }, { id: 'd', type: 'Refund-Customer', status: 'approved' });
    expect(await listed({ source_type: 'automation_v2_run' })).toEqual({ ...nothing, outbox: ['o'], effects: ['e'] });
    expect(await listed({ source_type: 'message' })).toEqual({ ...nothing, letters: ['m'] });
    expect(await listed({ source_type: 'message', status: 'open' })).toEqual(nothing);
    expect(await listed({ source_type: 'operator_review' })).toEqual({ ...nothing, compensations: ['c'] });
    expect(await listed({ source_type: 'refund_customer', status: 'approved' })).toEqual({ ...nothing, compensations: ['d'] });
    for (const run_id of ['r1', 'r2']) expect(await listed({ run_id, source_type: 'refund_customer' })).toEqual({ ...nothing, compensations: run_id === 'r1' ? ['d'] : [] });
    expect(await listed({ source_type: 'nonsense' })).toEqual(nothing);
  });

  it('goes through every status that a collection has, in one order', async () => {
    const statuses = { outbox: ['pending', 'claimed', 'sent', 'failed', 'cancelled', 'dead_lettered'], effects: ['pending', 'succeeded', 'failed', 'unknown'], letters: ['open', 'retry_requested', 'retrying', 'ignored', 'linked_to_compensation', 'resolved'], compensations: ['proposed', 'awaiting_approval', 'approved', 'running', 'completed', 'failed', 'cancelled'] };
    const rows = (of: readonly string[]) => of.map((status, index) => ({ id: status, status, at: 100 - index }));
    await outbox(...rows(statuses.outbox));
    await effects(...rows(statuses.effects));
    await letters(...rows(statuses.letters));
    await compensations(...rows(statuses.compensations));
    expect(await listed()).toEqual({ ...statuses, next: {} });
    expect(await listed({ run_id: 'r1' })).toEqual({ ...statuses, next: {} });
    expect(await listed({ status: 'failed' })).toEqual({ ...nothing, outbox: ['failed'], effects: ['failed'], compensations: ['failed'] });
    expect(await listed({}, { limit: 2, after: { id: 'sent' } })).toEqual({ ...nothing, outbox: ['failed', 'cancelled'], next: { outbox: { after_id: 'cancelled', after_collection: 'outbox' } } });
  });

  it('given more than one answer holds, ends the page there, and goes on behind it', async () => {
    await effects(...Array.from({ length: 30 }, (_none, index) => ({ id: `e-${String(index).padStart(2, '0')}`, at: index, size: 100_000 })));
    const first = await listed();
    expect([first.effects.length, first.effects[0]]).toEqual([10, 'e-29']);
    expect(first.next).toEqual({ tool_effects: { after_id: 'e-20', after_collection: 'tool_effects' } });
    const second = await listed({}, { after: { id: 'e-20' } });
    const third = await listed({}, { after: { id: 'e-10' } });
    expect([second.effects[0], second.effects.at(-1), third.effects.at(-1), third.next]).toEqual(['e-19', 'e-10', 'e-00', {}]);
    expect((await listed({ run_id: 'r1' })).effects).toHaveLength(10);
  });

  it('given a record that no answer holds with another, shows it by itself', async () => {
    await letters({ id: 'huge', at: 20, size: 2_000_000 }, { id: 'small', at: 10 });
    expect(await listed()).toMatchObject({ letters: ['huge'], next: { dead_letters: { after_id: 'huge' } } });
    expect(await listed({}, { after: { id: 'huge' } })).toMatchObject({ letters: ['small'], next: {} });
  });

  it.each<[string, Partial<ReliabilityFilter>, Partial<Row>]>([
    ['status', { status: 'open' }, { status: 'resolved' }], ['source', { source_type: 'tool_effect' }, { source: 'node' }], ['activity', { active_recovery_only: true }, { superseded: 99 }],
    ['creation', { before_created_at_ms: 5 }, { created: 9 }], ['run', { run_id: 'r1' }, { run: 'r2' }],
  ])('lists nothing behind a cursor that has left the list by its %s, though it is the newest now', async (_what, filter, changed) => {
    await letters({ id: 'first', at: 30 }, { id: 'cursor', at: 20 }, { id: 'below', at: 10 });
    expect(await listed(filter, { after: { id: 'cursor' } })).toMatchObject({ letters: ['below'] });
    await server.database.query({ text: `delete from countersign.dead_letters where dead_letter_id = 'cursor'` });
    await letters({ id: 'cursor', at: 99, ...changed });
    expect(await listed(filter, { after: { id: 'cursor' } })).toEqual(nothing);
    expect((await listed(filter)).letters).toEqual(['first', 'below']);
  });

  it('knows what is due, in every tenant, the longest overdue first', async () => {
    await letters({ id: 'late', due: 5, status: 'retry_requested' }, { id: 'later', due: 99, status: 'retrying' }, { id: 'never' });
    await compensations({ id: 'approved', org: 'other', due: 3, status: 'approved' });
    const first = await queries.due({ due_before_ms: 50, limit: 1 });
    expect(first).toEqual([{ org_id: 'other', workspace_id: 'ops', run_id: 'r1', kind: 'compensation', id: 'approved', due_at_ms: 3 }]);
    expect((await queries.due({ due_before_ms: 50, limit: 10, after: first[0] })).map(({ id }) => id)).toEqual(['late']);
  });

  it('prunes settled rows and keeps recovery rows, however old', async () => {
    await outbox({ id: 'sent' }, { id: 'cancelled', status: 'cancelled' }, { id: 'pending', status: 'pending' }, { id: 'failed', status: 'failed' }, { id: 'young', at: 99 });
    await effects({ id: 'done' }, { id: 'unknown', status: 'unknown' }, { id: 'failed', status: 'failed' });
    await letters({ id: 'ignored', status: 'ignored' }, { id: 'resolved', status: 'resolved' }, { id: 'open' }, { id: 'retrying', status: 'retrying' });
    await compensations({ id: 'completed', status: 'completed' }, { id: 'cancelled', status: 'cancelled' }, { id: 'proposed' }, { id: 'failed', status: 'failed' });
    for (const rule of retentionRules(server.database, { keep: 3, digest: (text) => text })) for await (const taken of rule.prune(50)) expect(taken).toBeGreaterThanOrEqual(0);
    const left = async (table: string, id: string) => (await server.database.query<{ id: string }>({ text: `select ${id} as id from countersign.${table} order by 1` })).map((row) => row.id);
    expect([await left('outbox', 'outbox_id'), await left('tool_effects', 'effect_id'), await left('dead_letters', 'dead_letter_id'), await left('compensations', 'compensation_id')]).toEqual([
      ['failed', 'pending', 'young'], ['failed', 'unknown'], ['open', 'retrying'], ['failed', 'proposed'],
    ]);
  });
});
