import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, projectBatch } from '@cs/read-models';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { PostgresSweepQueries } from './sweep-queries.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

let server: TestDatabase;
let sweeps: PostgresSweepQueries;

const history = new LogHistory();
const tenant_context = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;
const digest = `sha256:${'a'.repeat(64)}`;
const ada = { kind: 'human', actor_id: 'ada' } as const;
const bot = { kind: 'agent', actor_id: 'bot' } as const;
const health = (open: number) => ({ runs: 1, ended: 0, failed: 0, open, guardrail_stops: 0 });

/** What happens to an automation; answers when. */
const happen = (automation_id: string, event_type: string, data: object = {}): number => {
  const { stored: commit } = history.commit('automation', automation_id, { status: 'active', events: [{ event_type, data: { automation_id, tenant_context, ...data } }] });
  return commit?.commit.events[0]?.recorded_at_ms ?? 0;
};
const stored = (by: 'agent' | 'human') => ({
  name: 'n', status: 'active', definition_version: 'v', definition_hash: digest, changed_by: by === 'agent' ? bot : ada,
  ...(by === 'agent' ? { provenance: { creator: bot, ancestors: [], depth: 0 }, expires_at_ms: 9_000_000 } : {}),
});
const made: Record<string, number> = {};
const make = (id: string, by: 'agent' | 'human' = 'agent'): void => void (made[id] = happen(id, 'automation_created', stored(by)));

const addRun = async (id: string, { status = 'completed', stateful = status, at = 10, of = 'counted', stops = 0 }: { readonly status?: string; readonly stateful?: string; readonly at?: number; readonly of?: string; readonly stops?: number } = {}): Promise<void> => {
  await server.database.query({
    text: `insert into countersign.runs (org_id, workspace_id, deployment_id, run_id, automation_id, status, stateful_status, phase, created_at_ms, updated_at_ms, version, position, record)
      values ('acme', 'ops', '', '${id}', '${of}', '${status}', '${stateful}', 'p', ${at}, ${at}, 1, 1, '{}')`,
  });
  for (let seq = 1; seq <= stops * 2; seq += 1) {
    const stop = seq % 2 === 0 ? 'operator_paused' : 'guardrail_stopped';
    await server.database.query({
      text: `insert into countersign.run_events (org_id, workspace_id, run_id, seq, event_id, event_type, occurred_at_ms, position, status, payload)
        values ('acme', 'ops', '${id}', ${seq}, '${id}-${seq}', 'run_paused', 1, 1, 'paused', '${JSON.stringify({ stop_kind: stop })}')`,
    });
  }
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  sweeps = new PostgresSweepQueries(server.database);
  for (const id of ['a-new', 'b-idle', 'c-again', 'd-open', 'e-retired', 'f-deleted', 'g-reused']) make(id);
  make('h-human', 'human');
  for (const id of ['a-new', 'b-idle', 'c-again', 'd-open', 'g-reused']) happen(id, 'automation_launch_admitted', { run_id: 'automation-v2-run-1' });
  happen('b-idle', 'automation_health_checked', { health: health(0), findings: [] });
  happen('c-again', 'automation_health_checked', { health: health(0), findings: [] });
  const seen = happen('j-missed', 'automation_launch_admitted', { run_id: 'automation-v2-run-1' });
  happen('j-missed', 'automation_launch_admitted', { run_id: 'automation-v2-run-2' });
  happen('j-missed', 'automation_health_checked', { health: health(0), findings: [], launched_at_ms: seen });
  const newest = happen('k-seen', 'automation_launch_admitted', { run_id: 'automation-v2-run-1' });
  happen('k-seen', 'automation_health_checked', { health: health(0), findings: [], launched_at_ms: newest });
  happen('d-open', 'automation_health_checked', { health: health(1), findings: [] });
  happen('c-again', 'automation_launch_admitted', { run_id: 'automation-v2-run-2' });
  made['c-reviewed'] = happen('c-again', 'automation_reviewed', { note: 'n', reviewed_by: ada });
  happen('b-idle', 'automation_extended', { changed_by: ada, expires_at_ms: 9_500_000 });
  happen('b-idle', 'automation_expiry_warned', { expires_at_ms: 9_500_000 });
  happen('e-retired', 'automation_retired', { changed_by: ada, reason: 'r' });
  happen('f-deleted', 'automation_deleted', stored('agent'));
  happen('g-reused', 'automation_expiry_warned', { expires_at_ms: 9_000_000 });
  happen('g-reused', 'automation_deleted', stored('agent'));
  make('g-reused');
  // It was made before there was a table of these: only its launches are known.
  happen('i-old', 'automation_launch_admitted', { run_id: 'automation-v2-run-1' });
  const memory = new ProjectionMemory({ maxRuns: 100, maxBytes: 1e8 });
  // One commit a batch: rows are merged in the database.
  let after = noPosition;
  for (const entry of history.entries) {
    await new PostgresProjectionStore(server.database).write(projectBatch([entry], { memory, digest: sha256, now: 5 }), { after, published: noPosition });
    after = entry.position;
  }
}, 60_000);
afterAll(() => server.stop());

describe('automations that agents made', () => {
  it('are listed while they are in use, with what happened to them last', async () => {
    const { items, next } = await sweeps.governedAutomations({ limit: 100 });
    const of = (id: string) => items.find(({ automation_id }) => automation_id === id);
    expect([items.map(({ automation_id }) => automation_id), next]).toEqual([['a-new', 'b-idle', 'c-again', 'd-open', 'g-reused', 'i-old', 'j-missed', 'k-seen'], undefined]);
    expect(of('a-new')).toEqual({ org_id: 'acme', workspace_id: 'ops', automation_id: 'a-new', expires_at_ms: 9_000_000, since_ms: made['a-new'], launched_at_ms: expect.any(Number) as unknown, has_news: true });
    expect(of('b-idle')).toMatchObject({ expires_at_ms: 9_500_000, expiry_warned_ms: 9_500_000, has_news: false, health_checked_at_ms: expect.any(Number) as unknown });
    expect([of('c-again'), of('d-open')]).toMatchObject([{ has_news: true, since_ms: made['c-reviewed'] }, { has_news: true }]);
    expect(of('g-reused')).toEqual({ org_id: 'acme', workspace_id: 'ops', automation_id: 'g-reused', expires_at_ms: 9_000_000, since_ms: made['g-reused'], has_news: false });
    expect(of('i-old')).toMatchObject({ has_news: true, since_ms: 0 });
    // A launch that the check came after, but that was not known when the runs were read, is still to be looked at.
    expect([of('j-missed'), of('k-seen')]).toMatchObject([{ has_news: true }, { has_news: false }]);
  });

  it('are the same rows when they are merged in one batch', async () => {
    const rows = projectBatch(history.entries, { memory: new ProjectionMemory({ maxRuns: 100, maxBytes: 1e8 }), digest: sha256, now: 5 }).governed_automations;
    const projected = await server.database.query({ text: 'select * from countersign.governed_automations order by automation_id' });
    expect([...rows].sort((a, b) => (a.automation_id < b.automation_id ? -1 : 1))).toEqual(projected);
  });

  it('page by key', async () => {
    const first = await sweeps.governedAutomations({ limit: 5 });
    const second = await sweeps.governedAutomations({ limit: 5, ...(first.next === undefined ? {} : { after: first.next }) });
    expect([first.items.length, second.items.map(({ automation_id }) => automation_id), second.next]).toEqual([5, ['i-old', 'j-missed', 'k-seen'], undefined]);
  });
});

describe('the newest runs of an automation', () => {
  const ask = (over: object = {}) => sweeps.runHealth({ org_id: 'acme', workspace_id: 'ops', automation_id: 'counted', since_ms: 0, runs: 20, ...over });

  it('are counted by how they ended and how often limits stopped them; those that are queued or held have not begun, and may still end', async () => {
    await addRun('c1', { at: 11 });
    await addRun('f1', { status: 'failed', at: 12, stops: 1 });
    await addRun('f2', { status: 'failed', stateful: 'dead_lettered', at: 13 });
    await addRun('x1', { status: 'cancelled', at: 14 });
    await addRun('p1', { status: 'paused', at: 15, stops: 2 });
    await addRun('s1', { status: 'paused', stateful: 'sleeping', at: 16 });
    await addRun('q1', { status: 'queued', at: 17 });
    await addRun('h1', { status: 'queued', stateful: 'held', at: 18 });
    await addRun('other', { status: 'failed', at: 19, of: 'another', stops: 3 });
    expect(await ask()).toEqual({ runs: 6, ended: 3, failed: 2, open: 4, guardrail_stops: 3 });
    expect(await ask({ runs: 3 })).toEqual({ runs: 3, ended: 0, failed: 0, open: 4, guardrail_stops: 2 });
    expect(await ask({ since_ms: 13 })).toEqual({ runs: 3, ended: 0, failed: 0, open: 4, guardrail_stops: 2 });
  });

  it('are of their own tenant and deployment', async () => {
    for (const elsewhere of [{ org_id: 'globex' }, { workspace_id: 'hr' }, { deployment_id: 'eu' }, { automation_id: 'unknown' }]) expect(await ask(elsewhere)).toEqual({ runs: 0, ended: 0, failed: 0, open: 0, guardrail_stops: 0 });
  });
});
