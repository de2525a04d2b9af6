import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DelegationEvent, TenantContext } from '@cs/contracts';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, projectBatch, type DelegationFilter, type TenantKey } from '@cs/read-models';
import { PostgresDelegationQueries } from './delegation-queries.adapter.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: TenantKey = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const tenant_context: TenantContext = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' };
const person = { kind: 'human', actor_id: 'ada' } as const;
const idOf = (name: string): string => `delegation-${'0'.repeat(32)}-${name.padStart(16, '0')}`;

describe('delegations in the database', () => {
  let server: TestDatabase;
  let queries: PostgresDelegationQueries;
  const log = new LogHistory();
  const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e9 });

  const set = (name: string, { delegator, stand_in, from_ms = 100, until_ms = 200 }: { delegator: string; stand_in: string; from_ms?: number; until_ms?: number }, set_at_ms: number): void => {
    const event: DelegationEvent = { event_type: 'delegation_set', data: { tenant_context, delegation: { delegation_id: idOf(name), delegator, stand_in, from_ms, until_ms, reason: 'r', scope: {}, set_by: person, set_at_ms } } };
    log.commit('delegation', delegator, { status: 'recorded', events: [event] });
  };
  const write = async (from: number): Promise<void> => {
    await new PostgresProjectionStore(server.database).write(projectBatch(log.entries.slice(from), { memory, digest: sha256, now: 5 }), { after: (from === 0 ? noPosition : from) as typeof noPosition, published: noPosition });
  };
  const find = async (change: Partial<DelegationFilter> = {}, page: { limit: number; after?: { at_ms: number; id: string } } = { limit: 10 }) => {
    const { items, next } = await queries.delegations(acme, { concerns: undefined, delegator: undefined, stand_in: undefined, status: undefined, at_ms: 150, ...change }, page);
    return { names: items.map(({ delegation_id }) => delegation_id.slice(-1)), items, next };
  };

  beforeAll(async () => {
    server = await startTestDatabase();
    await migrate(server.database);
    queries = new PostgresDelegationQueries(server.database);
    set('1', { delegator: 'bob', stand_in: 'dan' }, 1);
    set('2', { delegator: 'dan', stand_in: 'eve', from_ms: 160 }, 2);
    set('3', { delegator: 'cyd', stand_in: 'eve', until_ms: 150 }, 2);
    set('4', { delegator: 'bob', stand_in: 'eve' }, 4);
    await write(0);
    // A later batch knows only what is new of a row.
    const position = log.entries.length;
    log.commit('delegation', 'bob', { status: 'recorded', events: [{ event_type: 'delegation_ended', data: { delegation_id: idOf('4'), tenant_context, ended_by: person } }] });
    log.commit('delegation', 'bob', { status: 'recorded', events: [{ event_type: 'delegation_used', data: { delegation_id: idOf('1'), tenant_context, run_id: 'run-1', node_id: 'n', gate_opening_id: 'o', decision_id: 'd', decision: 'approve', used_by: person, use: 1 } }] });
    await write(position);
  }, 60_000);
  afterAll(() => server.stop());

  it('are listed newest first, page by page, each once', async () => {
    expect((await find()).names).toEqual(['4', '3', '2', '1']);
    const first = await find({}, { limit: 3 });
    expect(first.names).toEqual(['4', '3', '2']);
    if (first.next === undefined) throw new Error('there is a next page');
    expect(await find({}, { limit: 3, after: first.next })).toMatchObject({ names: ['1'], next: undefined });
  });

  it('say what they are at the moment of the question, how often they were used, and how they ended', async () => {
    expect((await find()).items.map(({ status, uses }) => [status, uses])).toEqual([['ended', 0], ['over', 0], ['scheduled', 0], ['in_force', 1]]);
    expect((await find()).items[0]).toMatchObject({ delegator: 'bob', ended_by: person, ended_at_ms: expect.any(Number), end_reason: null });
    for (const [status, names] of [['ended', ['4']], ['over', ['3']], ['scheduled', ['2']], ['in_force', ['1']]] as const) expect((await find({ status })).names).toEqual(names);
  });

  it('are those of a person and those in which they stand in, each once and in one order', async () => {
    expect((await find({ concerns: 'dan' })).names).toEqual(['2', '1']);
    expect((await find({ concerns: 'eve' }, { limit: 2 })).names).toEqual(['4', '3']);
    expect((await find({ concerns: 'eve', delegator: 'bob' })).names).toEqual(['4']);
    expect((await find({ stand_in: 'dan' })).names).toEqual(['1']);
    expect((await find({ concerns: 'nobody' })).names).toEqual([]);
  });

  it.each([{ ...acme, org_id: 'other' }, { ...acme, workspace_id: 'other' }, { ...acme, deployment_id: 'eu' }])('are not there for another tenant: %j', async (tenant) => {
    expect(await queries.delegations(tenant, { concerns: undefined, delegator: undefined, stand_in: undefined, status: undefined, at_ms: 150 }, { limit: 10 })).toEqual({ items: [] });
  });
});
