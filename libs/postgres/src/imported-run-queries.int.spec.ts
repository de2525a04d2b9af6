import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ImportedEntry } from '@cs/contracts';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, projectBatch, type Reader } from '@cs/read-models';
import { PostgresImportedRunQueries } from './imported-run-queries.adapter.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const reader: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
let server: TestDatabase;
let queries: PostgresImportedRunQueries;

const entry = (index: number): ImportedEntry => ({ event_id: `e${index}`, event: index === 0 ? 'run_created' : 'node_started', occurred_at_ms: index, index, occurrence: 0, reason: null, stop_kind: null, metadata: {}, status: index === 0 ? 'queued' : 'running' });

const imported = (log: LogHistory, { run_id, status, created_at_ms }: { readonly run_id: string; readonly status: string; readonly created_at_ms: number }): void => {
  const run = { run_id, automation_id: 'refund', status, trigger_type: 'manual', created_at_ms, updated_at_ms: 9, started_at_ms: null, finished_at_ms: null, workflow_definition_version: null, workflow_definition_snapshot_hash: null, awaiting_node_id: null, completed_nodes: [], pending_nodes: [], blocked_nodes: [] };
  const data = { run_id, automation_id: 'refund', tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, run, entries: [0, 1, 2].map(entry), entry_count: 3, first_seq: 1, before: null, known_ids: [], imported_by: { kind: 'human', actor_id: 'ada' } };
  log.commit('imported_run', run_id, { status: 'imported', events: [{ event_type: 'run_history_imported', data }] });
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresImportedRunQueries(server.database);
  const log = new LogHistory();
  for (let index = 0; index < 5; index += 1) imported(log, { run_id: `r${index}`, status: index % 2 === 0 ? 'completed' : 'failed', created_at_ms: 100 + index });
  await new PostgresProjectionStore(server.database).write(projectBatch(log.entries, { memory: new ProjectionMemory({ maxRuns: 10, maxBytes: 1e6 }), digest: sha256, now: 1 }), { after: noPosition, published: noPosition });
}, 60_000);
afterAll(() => server.stop());

describe('imported runs', () => {
  it('are read with their timelines, newest first, by status and page by page', async () => {
    expect(await queries.importedRun(reader, 'r1')).toMatchObject({ run: { run_id: 'r1', status: 'failed' }, last_seq: 3, latest_event_id: 'e2' });
    expect((await queries.importedEvents(reader, 'r1', { limit: 2, tail: true }))?.map(({ seq }) => seq)).toEqual([2, 3]);
    expect((await queries.importedTransitions(reader, 'r1', { seq: 3, limit: 10 })).map(({ seq, to_phase }) => [seq, to_phase])).toEqual([[1, 'queued'], [2, 'running_phase']]);
    expect(await queries.importedEvent(reader, 'r1', 'e2')).toMatchObject({ seq: 3, event_type: 'stateful_runtime.automation_v2.node_started' });
    const first = await queries.importedRuns(reader, { statuses: ['completed'] }, { limit: 2 });
    expect(first.items.map(({ run, latest_event_id }) => [run.run_id, latest_event_id])).toEqual([['r4', 'e2'], ['r2', 'e2']]);
    const rest = first.next === undefined ? undefined : await queries.importedRuns(reader, { statuses: ['completed'] }, { limit: 2, after: first.next });
    expect([rest?.items.map(({ run }) => run.run_id), rest?.next]).toEqual([['r0'], undefined]);
  });

  it('are not there for another tenant, or for who does not see their automation', async () => {
    for (const other of [{ ...reader, org_id: 'other' }, { ...reader, deployment_id: 'eu' }, { ...reader, viewer_keys: ['nobody'] }]) {
      expect(await queries.importedRun(other, 'r1')).toBeUndefined();
      expect(await queries.importedEvents(other, 'r1', { limit: 5, tail: false })).toBeUndefined();
      expect(await queries.importedEvent(other, 'r1', 'e2')).toBeUndefined();
      expect((await queries.importedRuns(other, {}, { limit: 5 })).items).toEqual([]);
    }
  });
});
