import type { ResourceAccess } from '@cs/contracts';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, projectBatch, type ItemsPage, type PageRequest, type Reader } from '@cs/read-models';
import { PostgresInboxQueries } from './inbox-queries.adapter.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionQueries } from './projection-queries.adapter.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';
import { PostgresWaitQueries } from './wait-queries.adapter.js';

const tenant = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
/** A reader with the keys that `viewerKeysOf` gives a person. */
const person = (id: string, ...units: readonly string[]): Reader => ({
  ...tenant, viewer_keys: ['*', JSON.stringify(['principal', 'human_user', id]), ...units.map((unit) => JSON.stringify(['org_unit', unit]))],
});
const access = (id: string, visibility: ResourceAccess['visibility'] = 'private', audience: readonly string[] = []): ResourceAccess => ({
  owner_principal: { kind: 'human_user', id }, visibility, audience_principals: audience.map((unit) => ({ kind: 'department', id: unit })),
});
const [ada, bob, carl] = [person('ada'), person('bob', 'support'), person('carl')];

let server: TestDatabase;
let queries: PostgresProjectionQueries;
let waits: PostgresWaitQueries;

/** Of each automation three runs, the last of which waits at a gate; bob's one run is older than all of ada's. */
beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  [queries, waits] = [new PostgresProjectionQueries(server.database), new PostgresWaitQueries(server.database)];
  const log = new LogHistory();
  const owners: Readonly<Record<string, ResourceAccess>> = { bobs: access('bob'), adas: access('ada'), shared: access('ada', 'org'), team: access('ada', 'group', ['support']) };
  for (const [id, of] of Object.entries(owners)) {
    log.automation(id, of);
    for (const run of [1, 2, 3]) {
      log.created(`${id}-${run}`, id);
      log.startedNode(`${id}-${run}`);
    }
    log.gateOpened(`${id}-3`);
  }
  log.automation('open');
  log.created('open-1', 'open');
  const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e9 });
  await new PostgresProjectionStore(server.database).write(projectBatch(log.entries, { memory, digest: sha256, now: 5 }), { after: noPosition, published: noPosition });
}, 60_000);
afterAll(() => server.stop());

const everything = async <Item>(read: (page: PageRequest) => Promise<ItemsPage<Item>>, limit: number): Promise<readonly Item[]> => {
  const items: Item[] = [];
  for (let page: ItemsPage<Item> = await read({ limit }); ; page = await read({ limit, after: page.next as NonNullable<typeof page.next> })) {
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    if (page.next === undefined) return items;
  }
};
const automationsOf = async (reader: Reader, limit = 2) => (await everything((page) => queries.automations(reader, page), limit)).map(({ automation_id }) => automation_id).sort();
const runsOf = async (reader: Reader, filter = {}, limit = 2) => (await everything((page) => queries.runs(reader, filter, page), limit)).map(({ run }) => run.run_id);
const gatesOf = async (reader: Reader) => (await everything((page) => new PostgresInboxQueries(server.database).pending({ ...reader, named_keys: [], open_keys: [] }, {}, page), 1)).map(({ run_id }) => run_id).sort();
const waitsOf = async (reader: Reader) => (await waits.waits(reader, {}, { limit: 2 })).items.map(({ run_id }) => run_id).sort();

describe('lists are filtered before they are cut', () => {
  it('automations and runs of others do not push own ones from a page', async () => {
    expect((await queries.automations(carl, { limit: 2 })).items.map(({ automation_id }) => automation_id)).toEqual(['open', 'shared']);
    expect((await queries.runs({ ...bob, viewer_keys: bob.viewer_keys?.slice(1, 2) }, {}, { limit: 2 })).items.map(({ run }) => run.run_id)).toEqual(['bobs-3', 'bobs-2']);
  });

  it.each<[string, Reader, readonly string[]]>([
    ['the owner', ada, ['adas', 'open', 'shared', 'team']],
    ['a member of the audience', bob, ['bobs', 'open', 'shared', 'team']],
    ['anyone else', carl, ['open', 'shared']],
    ['one who sees everything', tenant, ['adas', 'bobs', 'open', 'shared', 'team']],
  ])('to %s', async (_who, reader, seen) => {
    expect(await automationsOf(reader)).toEqual(seen);
    const runs = ['bobs', 'adas', 'shared', 'team'].filter((id) => seen.includes(id)).flatMap((id) => [`${id}-1`, `${id}-2`, `${id}-3`]);
    expect(await runsOf(reader)).toEqual([...runs, 'open-1'].reverse());
    const gated = runs.filter((id) => id.endsWith('3')).sort();
    expect(await gatesOf(reader)).toEqual(gated);
    expect((await waits.waits(reader, { kind: 'approval' }, { limit: 9 })).items.map(({ run_id }) => run_id).sort()).toEqual(gated);
  });

  it('together with their other filters', async () => {
    expect(await runsOf(bob, { automation_id: 'team', statuses: ['awaiting_approval'] })).toEqual(['team-3']);
    expect(await runsOf(bob, { automation_id: 'adas' })).toEqual([]);
    expect(await waitsOf({ ...bob, viewer_keys: [] })).toEqual([]);
    expect(await runsOf({ ...bob, viewer_keys: [] })).toEqual([]);
  });
});

describe('what is not visible is not there', () => {
  it('neither an automation, nor a run, its timeline or its waits', async () => {
    for (const [reader, there] of [[ada, true], [tenant, true], [bob, false], [carl, false]] as const) {
      expect((await queries.automation(reader, 'adas')) !== undefined).toBe(there);
      expect((await queries.run(reader, 'adas-3')) !== undefined).toBe(there);
      expect((await queries.runEvents(reader, 'adas-3', { limit: 1, tail: false })) !== undefined).toBe(there);
      expect((await waits.waits(reader, { run_id: 'adas-3' }, { limit: 9 })).items.length > 0).toBe(there);
    }
  });
});
