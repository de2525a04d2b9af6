import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runAggregate } from '@cs/automation-application';
import { logSubject, type RunEvent } from '@cs/contracts';
import { appendEvents, readLogEntry, unwritten, type Eventing, type EventStore, type LogEntry } from '@cs/eventing';
import { noPosition, toPosition } from '@cs/kernel';
import { Database, migrate, PostgresProjectionStore, PostgresSnapshotQueries, retentionRules } from '@cs/postgres';
import { checkpointSummary, ProjectionMemory, projectBatch, runAsOf, type Reader, type SnapshotQueries } from '@cs/read-models';
import { sha256, startTestPostgres, type TestPostgres } from '@cs/testing';
import { RunSnapshots } from './run-snapshots.js';

let postgres: TestPostgres;
let database: Database;

const tenant = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;
const reader: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const entries: LogEntry[] = [];

/** A log of one writer. */
const store: Pick<EventStore, 'append'> = {
  append: (ref, status, commit) => {
    const position = toPosition(entries.length + 1);
    entries.push(readLogEntry({ position, subject: logSubject(ref, status), body: JSON.stringify(commit) }));
    return Promise.resolve({ kind: 'appended', position, duplicate: false });
  },
};

const record = async (run: string, commits: readonly (readonly RunEvent[])[]): Promise<void> => {
  const eventing = { store: store as EventStore, clock: () => 1, digest: sha256 } satisfies Eventing;
  let loaded = unwritten(runAggregate, { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: run });
  for (const events of commits) {
    const result = await appendEvents({ eventing, aggregate: runAggregate }, loaded, { events, context: { at_ms: 1000 + loaded.version, correlation_id: 'refund' } });
    if (result.kind === 'conflict') throw new Error('nobody else writes here');
    loaded = result.loaded;
  }
};

const created = (run_id: string): RunEvent => ({
  event_type: 'run_created',
  data: {
    run_id, automation_id: 'refund', tenant_context: tenant, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'ada' }, input: {}, workflow_definition_version: 'v1',
    workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'strict', node_ids: ['a', 'b'],
  },
});
const claimed = (epoch: number): RunEvent => ({ event_type: 'run_execution_claimed', data: { claim: { claim_id: `c${epoch}`, claimant_id: 'r', claimed_at_ms: 1, lease_expires_at_ms: 2, lease_epoch: epoch } } });
const started = (attempt: number): RunEvent => ({ event_type: 'node_started', data: { node_id: 'a', attempt } });
const answered: RunEvent = { event_type: 'node_completed', data: { node_id: 'a', attempt: 1, output: { status: 'completed', contract_kind: 'http', content: { secret_answer: 'x'.repeat(300) }, created_at_ms: 3 } } };
const events = 701;

beforeAll(async () => {
  postgres = await startTestPostgres();
  database = new Database({ url: postgres.url, name: 'test' });
  await migrate(database);
  await record('r1', [[created('r1')], [claimed(1), started(1)], [answered, { event_type: 'run_completed', data: {} }]]);
  await record('long', [[created('long')], ...Array.from({ length: (events - 1) / 2 }, (_none, index) => [claimed(index + 1), started(index + 1)])]);
  const memory = new ProjectionMemory({ maxRuns: 10, maxBytes: 1e9 });
  await new PostgresProjectionStore(database).write(projectBatch(entries, { memory, digest: sha256, now: 1 }), { after: noPosition, published: noPosition });
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.stop();
});

/** Snapshots, and how many commits were read for them. */
const snapshotsOf = () => {
  const queries = new PostgresSnapshotQueries(database);
  let commits = 0;
  const counting: SnapshotQueries = {
    snapshotEvents: (...of) => queries.snapshotEvents(...of), phaseTransitions: (...of) => queries.phaseTransitions(...of),
    commitsOfEvents: async (...of) => {
      const found = await queries.commitsOfEvents(...of);
      commits += found.length;
      return found;
    },
    commitAt: (position) => {
      commits += 1;
      return queries.commitAt(position);
    },
  };
  return { snapshots: new RunSnapshots({ queries: counting, digest: sha256 }), commits: () => commits };
};

const ofRun = (id: string): readonly LogEntry[] => entries.filter(({ ref }) => ref.id === id);

describe('snapshots of runs', () => {
  it('are what folding the log from zero leads to, one for each event, in ascending order', async () => {
    const found = await snapshotsOf().snapshots.snapshots(reader, 'r1', { limit: 50 });
    expect(found?.map(({ seq, status, phase }) => [seq, status, phase])).toEqual([[1, 'queued', 'queued'], [2, 'running', 'running_phase'], [3, 'running', 'running_phase'], [4, 'running', 'running_phase'], [5, 'completed', 'completed']]);
    for (const { seq, checkpoint } of found ?? []) {
      const run = runAsOf(ofRun('r1'), seq);
      expect(checkpoint).toEqual(run && checkpointSummary(run));
    }
    expect(JSON.stringify(found)).not.toContain('secret_answer');
  });

  it('the limit keeps the newest', async () => {
    const { snapshots } = snapshotsOf();
    expect((await snapshots.snapshots(reader, 'r1', { limit: 2 }))?.map(({ seq }) => seq)).toEqual([4, 5]);
    expect((await snapshots.snapshots(reader, 'r1', { limit: 2, before_seq: 4 }))?.map(({ seq }) => seq)).toEqual([2, 3]);
  });

  it('of a long history cost no more than of a short one: the fold begins at a commit that carries the state', async () => {
    const { snapshots, commits } = snapshotsOf();
    const found = await snapshots.snapshots(reader, 'long', { limit: 5 });
    expect(found?.map(({ seq }) => seq)).toEqual([697, 698, 699, 700, 701]);
    expect(found?.at(-1)?.checkpoint).toMatchObject({ node_attempts: { a: 350 }, lifecycle_event_count: 701 });
    expect(found?.at(-1)?.phase_history).toHaveLength(2);
    expect(commits()).toBeLessThan(60);
  });

  it('fetches one by its id, within its run and tenant; ids with odd characters are safe', async () => {
    const { snapshots } = snapshotsOf();
    const [, second] = (await snapshots.snapshots(reader, 'r1', { limit: 50 })) ?? [];
    if (second === undefined) throw new Error('no snapshot');
    expect(await snapshots.snapshots(reader, 'r1', second)).toEqual([second]);
    expect(await snapshots.snapshots(reader, 'long', second)).toEqual([]);
    for (const snapshot_id of [`../..'; drop table runs; --%`, '../../etc/passwd', 'a/b\\c', '%', '\u0000', '\ud800', ' ', '\u{1f680}', second.snapshot_id.toUpperCase(), `${second.snapshot_id} `]) expect([snapshot_id, await snapshots.snapshots(reader, 'r1', { snapshot_id })]).toEqual([snapshot_id, []]);
  });

  it('listing and fetching are tenant filtered: of a run of another tenant, and of none, there are none', async () => {
    const { snapshots } = snapshotsOf();
    for (const other of [{ ...reader, org_id: 'other' }, { ...reader, deployment_id: 'eu' }, { ...reader, viewer_keys: ['nobody'] }]) expect(await snapshots.snapshots(other, 'r1', { limit: 5 })).toBeUndefined();
    expect(await snapshots.snapshots(reader, 'r9', { limit: 5 })).toBeUndefined();
  });

  it('snapshot pruning keeps the newest N, exactly as they were', async () => {
    const before = await snapshotsOf().snapshots.snapshots(reader, 'long', { limit: 3 });
    for (const rule of retentionRules(database, { keep: 3, digest: sha256 })) for await (const _rows of rule.prune(Number.MAX_SAFE_INTEGER)) continue;
    const after = await snapshotsOf().snapshots.snapshots(reader, 'long', { limit: 50 });
    expect(after).toEqual(before);
    expect((await snapshotsOf().snapshots.snapshots(reader, 'r1', { limit: 50 }))?.map(({ seq }) => seq)).toEqual([3, 4, 5]);
  });
});
