import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runAggregate } from '@cs/automation-application';
import type { AggregateRef, AuditAnchor, RunEvent } from '@cs/contracts';
import { appendEvents, unwritten, type AuditKeys } from '@cs/eventing';
import { connectNats, ensureStreams, JetStreamAuditAnchors, JetStreamEventPublisher, JetStreamEventStore, JetStreamLogReader } from '@cs/jetstream';
import { createLogger } from '@cs/platform';
import { Database, PostgresProjectionStore } from '@cs/postgres';
import { eventually, sha256, startTestNats, startTestPostgres, testAuditKeys, type TestNats, type TestPostgres } from '@cs/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Registry } from 'prom-client';
import { AuditAnchoring } from './audit-anchoring.js';
import { ProjectorMetrics } from './projector-metrics.js';
import { Projector } from './projector.js';

let nats: TestNats;
let postgres: TestPostgres;
let nc: NatsConnection;
let database: Database;
let anchors: JetStreamAuditAnchors;
let mismatches = 0;
const running: Projector[] = [];

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startTestNats({ syncInterval: '2m' }), startTestPostgres()]);
}, 60_000);
afterAll(() => Promise.all([nats.stop(), postgres.stop()]));
beforeEach(async () => {
  nc = await connectNats({ url: nats.url, name: 'test' });
  const jsm = await jetstreamManager(nc);
  for await (const { config } of jsm.streams.list()) await jsm.streams.delete(config.name);
  await ensureStreams(nc);
  anchors = new JetStreamAuditAnchors(nc);
  database = new Database({ url: postgres.url, name: 'projector', poolSize: 4 });
  await database.query({ text: 'drop schema if exists countersign cascade' });
  mismatches = 0;
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((projector) => projector.stop()));
  await database.close();
  await nc.close();
});

const logger = createLogger({ service: 'projector', level: 'silent' });

const start = (auditKeys: AuditKeys, { records = 1_000_000 }: { readonly records?: number } = {}): Projector => {
  const store = new PostgresProjectionStore(database);
  const anchoring = new AuditAnchoring({ anchors, store, auditKeys, clock: Date.now, logger, intervalMs: 3_600_000, records, onMismatch: () => (mismatches += 1) });
  const projector = new Projector({
    database, store, reader: new JetStreamLogReader(nc, { onError: () => undefined }), log: new JetStreamEventStore(nc), publisher: new JetStreamEventPublisher(nc), digest: sha256, auditKeys, anchoring,
    clock: Date.now, logger, metrics: new ProjectorMetrics(new Registry()), announce: () => undefined, limits: { maxCommits: 1000, maxBytes: 16_000_000, maxRuns: 2000 },
  });
  running.push(projector);
  projector.start();
  return projector;
};

const created = (run: string): RunEvent => ({
  event_type: 'run_created',
  data: {
    run_id: run, automation_id: 'refund', tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'ada' },
    input: {}, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'strict', node_ids: ['a'],
  },
});
/** One record of the audit; answers the position of its commit. */
const record = async (run: string): Promise<number> => {
  const ref: AggregateRef = { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: run };
  const result = await appendEvents({ eventing: { store: new JetStreamEventStore(nc), clock: Date.now, digest: sha256 }, aggregate: runAggregate }, unwritten(runAggregate, ref), { events: [created(run)], context: { at_ms: 1_000_000 } });
  if (result.kind === 'conflict') throw new Error('nobody else writes here');
  return result.loaded.position;
};
const projectedUpTo = (position: number): Promise<boolean> =>
  eventually(async () => ((await database.query<{ projected: number }>({ text: 'select projected from countersign.projection_position' }))[0]?.projected ?? 0) >= position, { timeoutMs: 10_000 });
const stop = async (projector: Projector): Promise<void> => {
  running.splice(running.indexOf(projector), 1);
  await projector.stop();
};

const auditRows = (): Promise<readonly object[]> => database.query<object>({ text: 'select * from countersign.audit_records order by org_id, seq' });
const segments = (): Promise<readonly object[]> =>
  database.query<object>({ text: `select seq, key_id, segment_start from countersign.audit_records where org_id = 'acme' order by seq` });
const kept = async (): Promise<readonly Pick<AuditAnchor, 'seq' | 'count' | 'key_id'>[]> =>
  (await anchors.list({ org_id: 'acme', workspace_id: 'ops', deployment_id: '' }, { after: 0, limit: 100 })).map(({ anchor: { seq, count, key_id } }) => ({ seq, count, key_id }));
const none = testAuditKeys([]);
const [k1, k2] = [testAuditKeys(['k1']), testAuditKeys(['k2', 'k1'])];

/** Two records without a key, one signed with k1, one with k2. */
const rotate = async (): Promise<void> => {
  await projectedUpTo(await record('r1').then(async (first) => (start(none), first)));
  await projectedUpTo(await record('r2'));
  for (const [keys, run] of [[k1, 'r3'], [k2, 'r4']] as const) {
    for (const projector of [...running]) await stop(projector);
    const projector = start(keys);
    await eventually(async () => (await database.query({ text: `select 1 from countersign.audit_keys where key_id = '${keys.first?.key_id ?? ''}'` })).length === 1);
    await projectedUpTo(await record(run));
    expect(() => projector.check()).not.toThrow();
  }
};

describe('the keys of the audit', () => {
  it('sign from the commit on that says so, whenever they are changed, and a rebuild from the log gives the same rows', async () => {
    await rotate();
    expect(await segments()).toEqual([
      { seq: 1, key_id: null, segment_start: null }, { seq: 2, key_id: null, segment_start: null }, { seq: 3, key_id: 'k1', segment_start: 3 }, { seq: 4, key_id: 'k2', segment_start: 4 },
    ]);
    const before = await auditRows();
    for (const projector of [...running]) await stop(projector);
    await database.query({ text: 'drop schema countersign cascade' });
    start(k2);
    await projectedUpTo(await record('r5'));
    const after = await auditRows();
    expect(after.slice(0, -1)).toEqual([...before.filter((row) => Reflect.get(row, 'org_id') === '_system'), ...before.filter((row) => Reflect.get(row, 'org_id') === 'acme')]);
    expect(await segments()).toHaveLength(5);
    expect(mismatches).toBe(0);
  }, 30_000);

  it('are not put back by a process that does not know the newest one, which projects nothing and says why', async () => {
    await rotate();
    for (const projector of [...running]) await stop(projector);
    const stale = start(k1);
    await eventually(() => {
      expect(() => stale.check()).toThrow('the audit key "k2", which signs now, is not in COUNTERSIGN_AUDIT_KEYS_FILE');
      return true;
    });
    expect(await segments()).toHaveLength(4);
    await stop(stale);
    start(k2);
    await projectedUpTo(await record('r5'));
    expect(await segments()).toHaveLength(5);
  }, 30_000);

  it('are waited for by a rebuild that needs an old one: no commit is set aside for want of a key', async () => {
    await rotate();
    for (const projector of [...running]) await stop(projector);
    await database.query({ text: 'drop schema countersign cascade' });
    const without = start(testAuditKeys(['k2']));
    await eventually(() => {
      expect(() => without.check()).toThrow('the audit key "k1", which signs at this place of the log');
      return true;
    });
    await stop(without);
    start(k2);
    await projectedUpTo(await record('r5'));
    expect(await segments()).toHaveLength(5);
    expect(await database.query({ text: 'select 1 from countersign.archive where problem is not null' })).toEqual([]);
  }, 30_000);
});

describe('anchors', () => {
  it('are taken of every so many records, once, however often the projector starts', async () => {
    const first = start(k1, { records: 2 });
    await eventually(() => database.query({ text: 'select 1 from countersign.audit_heads' }).then((rows) => rows.length === 1));
    await projectedUpTo(await record('r1'));
    await eventually(async () => (await kept()).length === 1);
    await record('r2');
    await projectedUpTo(await record('r3'));
    // Up to the last but one at least: which two were counted together depends on when it looked.
    await eventually(async () => ((await kept()).at(-1)?.seq ?? 0) >= 2);
    await stop(first);
    const before = await kept();
    expect(before.at(-1)?.seq).toBe(3);
    for (let again = 0; again < 2; again += 1) await stop(await eventually(() => start(k1, { records: 2 })));
    expect(await kept()).toEqual(before);
    expect(before.map(({ count, key_id }) => [count, key_id])).toEqual(before.map((_anchor, index) => [index + 1, 'k1']));
  }, 30_000);

  it('are taken at every change of the key: of the last record before it, and of the first after it', async () => {
    await rotate();
    await eventually(async () => (await kept()).at(-1)?.seq === 4);
    expect((await kept()).map(({ seq }) => seq)).toEqual([2, 3, 4]);
  }, 30_000);

  it('are taken at the next start of what a killed projector had written', async () => {
    const dead = start(k1);
    await projectedUpTo(await record('r1'));
    await database.query({ text: `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted` });
    await stop(dead);
    start(k1);
    await eventually(async () => (await kept()).at(-1)?.seq === 1);
  }, 30_000);

  it('tell at once that the database holds another chain than was anchored', async () => {
    const first = start(k1);
    await projectedUpTo(await record('r1'));
    await stop(first);
    expect(await kept()).toMatchObject([{ seq: 1 }]);
    await database.query({ text: `update countersign.audit_heads set record_hash = repeat('0', 64) where org_id = 'acme'` });
    start(k1);
    await eventually(() => mismatches > 0);
  }, 30_000);

  it('cannot be deleted or purged', async () => {
    const first = start(k1);
    await projectedUpTo(await record('r1'));
    await stop(first);
    const jsm = await jetstreamManager(nc);
    await expect(jsm.streams.purge('CS_AUDIT_ANCHORS')).rejects.toThrow();
    await expect(jsm.streams.deleteMessage('CS_AUDIT_ANCHORS', 1)).rejects.toThrow();
  }, 30_000);
});
