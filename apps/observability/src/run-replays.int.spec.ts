import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runAggregate } from '@cs/automation-application';
import type { RunEvent } from '@cs/contracts';
import { appendEvents, LogUnavailableError, unwritten } from '@cs/eventing';
import { connectNats, ensureStreams, JetStreamAggregateHistory, JetStreamEventStore, JetStreamLogReader } from '@cs/jetstream';
import { noPosition } from '@cs/kernel';
import { Database, migrate, PostgresProjectionQueries, PostgresProjectionStore, PostgresRunRowQueries } from '@cs/postgres';
import { ProjectionMemory, projectBatch, type Reader } from '@cs/read-models';
import { sha256, startTestNats, startTestPostgres, type TestNats, type TestPostgres } from '@cs/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import { RunReplays, type Replayed } from './run-replays.js';

let nats: TestNats;
let postgres: TestPostgres;
let nc: NatsConnection;
let database: Database;
let replays: RunReplays;

const tenant = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;
const reader: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const created: RunEvent = {
  event_type: 'run_created',
  data: {
    run_id: 'r1', automation_id: 'refund', tenant_context: tenant, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'ada' }, input: {}, workflow_definition_version: 'v1',
    workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'strict', node_ids: ['a'],
  },
};
const claimed: RunEvent = { event_type: 'run_execution_claimed', data: { claim: { claim_id: 'c', claimant_id: 'r', claimed_at_ms: 1, lease_expires_at_ms: 2, lease_epoch: 1 } } };
const started: RunEvent = { event_type: 'node_started', data: { node_id: 'a', attempt: 1 } };
const completed: RunEvent = { event_type: 'run_completed', data: {} };

const record = async (): Promise<void> => {
  const eventing = { store: new JetStreamEventStore(nc), clock: () => 1, digest: sha256 };
  let loaded = unwritten(runAggregate, { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: 'r1' });
  for (const events of [[created], [claimed, started], [completed]]) {
    const result = await appendEvents({ eventing, aggregate: runAggregate }, loaded, { events, context: { at_ms: 1000 + loaded.version, correlation_id: 'refund' } });
    if (result.kind === 'conflict') throw new Error('nobody else writes here');
    loaded = result.loaded;
  }
};

/** Projects the first commits of the log. */
const project = async (commits: number): Promise<void> => {
  for await (const batch of new JetStreamLogReader(nc, { onError: () => undefined }).batches(noPosition, { maxEntries: 3, signal: AbortSignal.timeout(10_000) })) {
    const changes = projectBatch(batch.slice(0, commits), { memory: new ProjectionMemory({ maxRuns: 10, maxBytes: 1e7 }), digest: sha256, now: 1 });
    return new PostgresProjectionStore(database).write(changes, { after: noPosition, published: noPosition });
  }
};

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startTestNats({ syncInterval: '2m' }), startTestPostgres()]);
  nc = await connectNats({ url: nats.url, name: 'test' });
  await ensureStreams(nc);
  database = new Database({ url: postgres.url, name: 'test' });
  await migrate(database);
  replays = new RunReplays({ history: new JetStreamAggregateHistory(nc), queries: new PostgresProjectionQueries(database), rows: new PostgresRunRowQueries(database), digest: sha256 });
  await record();
  await project(2);
}, 60_000);
afterAll(async () => {
  await database.close();
  await nc.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

const replayOf = (replayed: Replayed) => {
  if (replayed.kind !== 'replayed') throw new Error(replayed.kind);
  return replayed.replay;
};

describe('replaying a run', () => {
  it('gives it as of each of its events, also those that are not projected yet', async () => {
    const states = await Promise.all([1, 2, 3, 4].map(async (seq) => replayOf(await replays.replay(reader, 'r1', seq))));
    expect(states.map(({ as_of_seq, last_seq, run }) => [as_of_seq, last_seq, run.status])).toEqual([[1, 4, 'queued'], [2, 4, 'running'], [3, 4, 'running'], [4, 4, 'completed']]);
  });

  it('takes the newest projected event when none is asked for, and compares the projections there', async () => {
    const { as_of_seq, compared_at_seq, differences } = replayOf(await replays.replay(reader, 'r1', undefined));
    expect({ as_of_seq, compared_at_seq, differences }).toEqual({ as_of_seq: 3, compared_at_seq: 3, differences: [] });
  });

  it('reports every difference', async () => {
    await database.query({ text: `update countersign.runs set record = replace(record, '"status":"running"', '"status":"failed"'), phase = 'failed'; delete from countersign.run_events where seq = 3` });
    const { differences } = replayOf(await replays.replay(reader, 'r1', 1));
    expect(differences.map(({ table, kind, path, projected, replayed }) => [table, kind, path, projected, replayed])).toEqual([
      ['runs', 'different', '/phase', 'failed', 'running_phase'], ['runs', 'different', '/record/status', 'failed', 'running'], ['run_events', 'missing', '', undefined, undefined],
    ]);
  });

  it('knows no event that the run does not have', async () => {
    expect(await replays.replay(reader, 'r1', 5)).toEqual({ kind: 'too late', lastSeq: 4 });
  });

  it('answers the same for a run of another tenant as for one that is not there', async () => {
    const unknown = await replays.replay(reader, 'r9', undefined);
    expect(unknown).toEqual({ kind: 'not found' });
    expect(await replays.replay({ ...reader, workspace_id: 'other' }, 'r1', undefined)).toEqual(unknown);
    expect(await replays.replay({ ...reader, viewer_keys: ['user:eve'] }, 'r1', undefined)).toEqual(unknown);
  });

  it('says so when the log is away', async () => {
    await nats.kill();
    await expect(replays.replay(reader, 'r1', undefined)).rejects.toThrow(LogUnavailableError);
  });
});
