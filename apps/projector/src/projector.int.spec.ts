import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runAggregate } from '@cs/automation-application';
import { logSubject, streams, type AggregateRef, type RunEvent } from '@cs/contracts';
import { appendEvents, noAuditKeys, unwritten, type AuditKeys, type EventPublisher, type EventToPublish } from '@cs/eventing';
import { connectNats, ensureStreams, JetStreamAuditAnchors, JetStreamEventPublisher, JetStreamEventStore, JetStreamLogReader } from '@cs/jetstream';
import { createLogger } from '@cs/platform';
import { Database, PostgresProjectionStore } from '@cs/postgres';
import { eventually, fixedClock, sha256, startTestNats, startTestPostgres, type TestNats, type TestPostgres } from '@cs/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Registry } from 'prom-client';
import { AuditAnchoring } from './audit-anchoring.js';
import { ProjectorMetrics } from './projector-metrics.js';
import { Projector } from './projector.js';

let nats: TestNats;
let postgres: TestPostgres;
let nc: NatsConnection;
let database: Database;
const projectors: Projector[] = [];
const databases: Database[] = [];
let mismatches = 0;

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startTestNats({ syncInterval: '2m' }), startTestPostgres()]);
}, 60_000);
afterAll(() => Promise.all([nats.stop(), postgres.stop()]));

beforeEach(async () => {
  nc = await connectNats({ url: nats.url, name: 'test' });
  const jsm = await jetstreamManager(nc);
  for await (const { config } of jsm.streams.list()) await jsm.streams.delete(config.name);
  await ensureStreams(nc);
  database = connect();
  await database.query({ text: 'drop schema if exists countersign cascade' });
});
afterEach(async () => {
  await Promise.all(projectors.splice(0).map((projector) => projector.stop()));
  await Promise.all(databases.splice(0).map((opened) => opened.close()));
  await nc.close();
});

const connect = (): Database => {
  const opened = new Database({ url: postgres.url, name: 'projector', poolSize: 4 });
  databases.push(opened);
  return opened;
};

const anchoringOf = (own: Database, auditKeys: AuditKeys): AuditAnchoring => new AuditAnchoring({
  anchors: new JetStreamAuditAnchors(nc), store: new PostgresProjectionStore(own), auditKeys, clock: Date.now, logger: createLogger({ service: 'projector', level: 'silent' }), intervalMs: 3_600_000, records: 3,
  onMismatch: () => (mismatches += 1),
});

const startProjector = ({ publisher = new JetStreamEventPublisher(nc), drainMs = 5000, auditKeys = noAuditKeys }: { publisher?: EventPublisher; drainMs?: number; auditKeys?: AuditKeys } = {}): Projector => {
  const own = connect();
  const projector = new Projector({
    database: own, store: new PostgresProjectionStore(own), reader: new JetStreamLogReader(nc, { onError: () => undefined }), log: new JetStreamEventStore(nc), publisher, digest: sha256, auditKeys, anchoring: anchoringOf(own, auditKeys), clock: Date.now,
    logger: createLogger({ service: 'projector', level: 'silent' }), metrics: new ProjectorMetrics(new Registry()), announce: () => undefined, drainMs,
    limits: { maxCommits: 1000, maxBytes: 16_000_000, maxRuns: 2000 },
  });
  projectors.push(projector);
  projector.start();
  return projector;
};

const hash = `sha256:${'0'.repeat(64)}`;
const created = (run: string): RunEvent => ({
  event_type: 'run_created',
  data: {
    run_id: run, automation_id: 'refund', tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'ada' },
    input: {}, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: hash, effective_execution_profile: 'strict', node_ids: ['a'],
  },
});
const claimed: RunEvent = { event_type: 'run_execution_claimed', data: { claim: { claim_id: 'c', claimant_id: 'r', claimed_at_ms: 1, lease_expires_at_ms: 2, lease_epoch: 1 } } };
const started: RunEvent = { event_type: 'node_started', data: { node_id: 'a', attempt: 1 } };
const completed: RunEvent = { event_type: 'run_completed', data: {} };

/** Appends commits of one run; answers the position of the last. */
const record = async (run: string, ...commits: readonly (readonly RunEvent[])[]): Promise<number> => {
  const eventing = { store: new JetStreamEventStore(nc), clock: fixedClock(), digest: sha256 };
  const ref: AggregateRef = { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: run };
  let loaded = unwritten(runAggregate, ref);
  for (const events of commits) {
    const result = await appendEvents({ eventing, aggregate: runAggregate }, loaded, { events, context: { at_ms: 1_000_000 + loaded.version, correlation_id: 'refund' } });
    if (result.kind === 'conflict') throw new Error('nobody else writes here');
    loaded = result.loaded;
  }
  return loaded.position;
};
const wholeRun = (run: string): Promise<number> => record(run, [created(run)], [claimed, started], [completed]);

const projectedUpTo = (position: number): Promise<boolean> =>
  eventually(async () => {
    const [row] = await database.query<{ projected: number }>({ text: 'select projected from countersign.projection_position' });
    return row !== undefined && row.projected >= position;
  }, { timeoutMs: 10_000 });

/** Ids of all published events, in order. */
const publishedIds = async (): Promise<readonly string[]> => {
  const jsm = await jetstreamManager(nc);
  const { state } = await jsm.streams.info(streams.events.name);
  const ids: string[] = [];
  for (let seq = 1; seq <= state.last_seq; seq += 1) {
    const message = await jsm.streams.getMessage(streams.events.name, { seq });
    ids.push(message?.header.get('ce-id') ?? 'missing');
  }
  return ids;
};
const projectedIds = async (): Promise<readonly string[]> =>
  (await database.query<{ event_id: string }>({ text: 'select event_id from countersign.run_events order by position, seq' })).map(({ event_id }) => event_id);

const publishedAll = (): Promise<boolean> =>
  eventually(async () => {
    const jsm = await jetstreamManager(nc);
    const { state } = await jsm.streams.info(streams.events.name);
    return state.messages >= (await projectedIds()).length;
  }, { timeoutMs: 10_000 });

const expectEachPublishedOnce = async (): Promise<void> => {
  await publishedAll();
  expect(await publishedIds()).toEqual(await projectedIds());
};

describe('the projector', () => {
  it('projects what is in the log and what comes, and publishes every event once and in order', async () => {
    await wholeRun('r1');
    startProjector();
    const last = await wholeRun('r2');
    await projectedUpTo(last);
    expect(await projectedIds()).toHaveLength(8);
    await expectEachPublishedOnce();
  });

  it('publishes once what an earlier projector had projected but not published', async () => {
    let kill: (reason: Error) => void = () => undefined;
    const killed = new Promise<void>((_resolve, reject) => (kill = reject));
    const first = startProjector({ publisher: { last: () => Promise.resolve(undefined), publish: () => killed }, drainMs: 1 });
    await projectedUpTo(await wholeRun('r1'));
    const stopped = first.stop();
    kill(new Error('killed while publishing'));
    await stopped;
    expect(await publishedIds()).toEqual([]);
    startProjector();
    await projectedUpTo(await wholeRun('r2'));
    await expectEachPublishedOnce();
  });

  it('goes on after the last stored event when publishing broke in the middle of a commit', async () => {
    const real = new JetStreamEventPublisher(nc);
    let breaks = 2;
    const breaking: EventPublisher = {
      last: () => real.last(),
      publish: async (events: readonly EventToPublish[]) => {
        if (breaks === 0) return real.publish(events);
        breaks -= 1;
        await real.publish(events.slice(0, 2));
        throw new Error('the connection broke');
      },
    };
    const last = await wholeRun('r1');
    startProjector({ publisher: breaking });
    await projectedUpTo(last);
    await expectEachPublishedOnce();
  });

  it('hands over to the projector that stands by when the leader loses its session', async () => {
    startProjector();
    await projectedUpTo(await wholeRun('r1'));
    startProjector();
    await eventually(async () => (await database.query({ text: `select 1 from pg_locks where locktype = 'advisory' and not granted` })).length > 0);
    await database.query({ text: `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted` });
    await projectedUpTo(await wholeRun('r2'));
    await expectEachPublishedOnce();
    expect(await projectedIds()).toHaveLength(8);
  });

  it('goes on from its position when every database connection breaks', async () => {
    const projector = startProjector();
    await projectedUpTo(await wholeRun('r1'));
    await database.query({ text: `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'projector%' and pid <> pg_backend_pid()` });
    await projectedUpTo(await wholeRun('r2'));
    await expectEachPublishedOnce();
    expect(() => projector.check()).not.toThrow();
  });

  it('sets a commit that cannot be read aside, whole, and goes on', async () => {
    startProjector();
    const subject = logSubject({ org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: 'broken' }, 'queued');
    await jetstream(nc).publish(subject, '{"commit_id":"x"');
    await projectedUpTo(await wholeRun('r1'));
    expect(await database.query({ text: 'select subject, body from countersign.archive where problem is not null' })).toEqual([{ subject, body: '{"commit_id":"x"' }]);
    expect(await database.query({ text: 'select dead_letter_id, consumer, stream_sequence, status from countersign.dead_letters' })).toEqual([
      { dead_letter_id: 'projector-1', consumer: 'projector', stream_sequence: 1, status: 'open' },
    ]);
    await expectEachPublishedOnce();
  });

  it('sets the one commit aside that the database refuses, and writes the rest of its batch', async () => {
    await wholeRun('r1');
    const id = Array.from({ length: 400 }, (_, index) => sha256(String(index))).join('');
    const wait = { wait_id: id, node_id: 'a', wait_kind: 'timer' as const, wake_at_ms: 5, created_at_ms: 4 };
    await record('r2', [created('r2')], [claimed], [{ event_type: 'wait_node_registered', data: { wait } }]);
    const last = await wholeRun('r3');
    startProjector();
    await projectedUpTo(last);
    const runs = await database.query({ text: 'select run_id, stateful_status from countersign.runs order by run_id' });
    expect(runs).toEqual([{ run_id: 'r1', stateful_status: 'completed' }, { run_id: 'r2', stateful_status: 'running' }, { run_id: 'r3', stateful_status: 'completed' }]);
    const [letter] = await database.query<{ reason: string }>({ text: 'select reason from countersign.dead_letters' });
    expect(letter?.reason).toMatch(/cannot be projected: .*index row/);
    await expectEachPublishedOnce();
  });

  it('does nothing on a log that its database was not filled from, and says so', async () => {
    const first = startProjector();
    await projectedUpTo(await wholeRun('run-1'));
    await first.stop();
    const jsm = await jetstreamManager(nc);
    await jsm.streams.delete(streams.log.name);
    await ensureStreams(nc);
    await wholeRun('run-2');
    await wholeRun('run-3');
    const second = startProjector();
    await eventually(() => {
      expect(() => second.check()).toThrow('do not belong together');
      return true;
    });
    const runs = await database.query<{ run_id: string }>({ text: 'select run_id from countersign.runs' });
    expect(runs).toEqual([{ run_id: 'run-1' }]);
  });
});
