import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HandoffEvent, ScheduleEvent, TenantContext } from '@cs/contracts';
import { noPosition } from '@cs/kernel';
import { handoffsShown, ProjectionMemory, projectBatch, type TenantKey } from '@cs/read-models';
import { PostgresHandoffQueries } from './handoff-queries.adapter.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionQueries } from './projection-queries.adapter.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: TenantKey = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const tenant_context: TenantContext = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' };
const person = { kind: 'human', actor_id: 'ada' } as const;
const hash = `sha256:${'0'.repeat(64)}`;

const scheduleEvent = (automation_id: string, next_fire_at_ms: number | undefined): ScheduleEvent => ({
  event_type: 'schedule_fired',
  data: { automation_id, tenant_context, due_at_ms: 1, missed: 0, policy: { type: 'run_once' }, next_fire_at_ms, fired_at_ms: 2, run_ids: ['run-1'], due_times_ms: [1], definition_hash: hash, definition_version: 'v1' },
});

describe('handoffs and schedules in the database', () => {
  let server: TestDatabase;
  let queries: PostgresHandoffQueries;
  const log = new LogHistory();

  const handoff = (id: string, { created_at_ms, status = 'approved', ...extra }: { created_at_ms: number; status?: 'inbox' | 'approved'; artifact_type?: string; source_automation_id?: string }): void => {
    const event: HandoffEvent = {
      event_type: 'handoff_deposited',
      data: { handoff: { handoff_id: id, target_automation_id: 'watcher', artifact_type: 'order', created_at_ms, ...extra }, tenant_context, status, deposited_by: person },
    };
    log.commit('handoff', id, { status, events: [event] });
  };
  const consumed = (id: string): void => {
    const event: HandoffEvent = { event_type: 'handoff_consumed', data: { handoff_id: id, target_automation_id: 'watcher', tenant_context, consumed_by_run_id: `run-${id}`, consumed_by_automation_id: 'watcher' } };
    log.commit('handoff', id, { status: 'archived', events: [event] });
  };
  const write = async (from: number): Promise<void> => {
    const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e9 });
    const entries = log.entries.slice(from);
    await new PostgresProjectionStore(server.database).write(projectBatch(entries, { memory, digest: sha256, now: 5 }), { after: (from === 0 ? noPosition : from) as typeof noPosition, published: noPosition });
  };

  beforeAll(async () => {
    server = await startTestDatabase();
    await migrate(server.database);
    queries = new PostgresHandoffQueries(server.database);
    log.automation('watcher');
    for (let index = 0; index < handoffsShown + 3; index += 1) handoff(`old-${String(index).padStart(4, '0')}`, { created_at_ms: 1000 + index });
    handoff('inbox-1', { created_at_ms: 5, status: 'inbox' });
    handoff('note', { created_at_ms: 900, artifact_type: 'note', source_automation_id: 'triage' });
    log.commit('schedule', 'watcher', { status: 'armed', events: [scheduleEvent('watcher', 500)] });
    log.commit('schedule', 'late', { status: 'armed', events: [scheduleEvent('late', 400)] });
    log.commit('schedule', 'never', { status: 'armed', events: [scheduleEvent('never', undefined)] });
    await write(0);
    // Later batches know only what is new of a row.
    const position = log.entries.length;
    for (let index = 0; index < handoffsShown + 1; index += 1) consumed(`old-${String(index).padStart(4, '0')}`);
    await write(position);
  }, 60_000);
  afterAll(() => server.stop());

  it('are listed by status, oldest first: of what waits the oldest, of what is archived the newest', async () => {
    const { inbox, approved, archived } = await queries.handoffs(acme, 'watcher');
    expect(inbox.map(({ handoff_id }) => handoff_id)).toEqual(['inbox-1']);
    expect(approved.map(({ handoff_id }) => handoff_id)).toEqual(['note', 'old-0513', 'old-0514']);
    expect(archived).toHaveLength(handoffsShown);
    expect([archived[0]?.handoff_id, archived.at(-1)]).toEqual(['old-0001', {
      handoff_id: 'old-0512', target_automation_id: 'watcher', artifact_type: 'order', created_at_ms: 1512, status: 'archived',
      consumed_by_run_id: 'run-old-0512', consumed_by_automation_id: 'watcher', consumed_at_ms: expect.any(Number),
    }]);
  });

  it.each([{ ...acme, org_id: 'other' }, { ...acme, workspace_id: 'other' }, { ...acme, deployment_id: 'eu' }])('are not there for another tenant: %j', async (tenant) => {
    expect(await queries.handoffs(tenant, 'watcher')).toEqual({ inbox: [], approved: [], archived: [] });
    expect(await queries.availableHandoffs(tenant, { automation_id: 'watcher', limit: 10 })).toEqual([]);
  });

  it('are available by every condition that is given, the oldest first', async () => {
    const available = async (filter: { source_automation_id?: string; artifact_type?: string; after?: { created_at_ms: number; handoff_id: string }; limit?: number }) =>
      (await queries.availableHandoffs(acme, { automation_id: 'watcher', limit: 10, ...filter })).map(({ handoff_id }) => handoff_id);
    expect(await available({})).toEqual(['note', 'old-0513', 'old-0514']);
    expect(await available({ limit: 1 })).toEqual(['note']);
    expect(await available({ limit: 1, after: { created_at_ms: 900, handoff_id: 'note' } })).toEqual(['old-0513']);
    expect(await available({ after: { created_at_ms: 1513, handoff_id: 'old-0513' } })).toEqual(['old-0514']);
    expect(await available({ artifact_type: 'order' })).toEqual(['old-0513', 'old-0514']);
    expect(await available({ source_automation_id: 'triage', artifact_type: 'order' })).toEqual([]);
  });

  it('are found when they are due, the longest overdue first', async () => {
    const due = async (due_before_ms: number, limit = 10) => (await queries.dueSchedules({ due_before_ms, limit })).map(({ automation_id }) => automation_id);
    expect(await due(500)).toEqual(['late', 'watcher']);
    expect(await due(499)).toEqual(['late']);
    expect(await due(500, 1)).toEqual(['late']);
    const [first] = await queries.dueSchedules({ due_before_ms: 500, limit: 1 });
    expect(await queries.dueSchedules({ due_before_ms: 500, limit: 10, after: first })).toEqual([{ org_id: 'acme', workspace_id: 'ops', automation_id: 'watcher', next_fire_at_ms: 500 }]);
  });

  it('show in the automation when it fires next and when it last did', async () => {
    expect(await new PostgresProjectionQueries(server.database).automation(acme, 'watcher')).toMatchObject({ next_fire_at_ms: 500, last_fired_at_ms: 2 });
  });

  it('lead the sweep to automations that watch', async () => {
    expect(await queries.watchTargets({ limit: 10 })).toEqual([]);
    await server.database.query({ text: `update countersign.definitions set definition = replace(definition, '"agents":[]', '"agents":[],"watch_conditions":[{"kind":"handoff_available"}]')` });
    const target = { org_id: 'acme', workspace_id: 'ops', automation_id: 'watcher', oldest_ms: 900 };
    expect(await queries.watchTargets({ limit: 10 })).toEqual([target]);
    expect(await queries.watchTargets({ limit: 10, after: target })).toEqual([]);
    expect(await queries.watchTargets({ limit: 10, after: { ...target, automation_id: 'a-before' } })).toEqual([target]);
    await server.database.query({ text: `update countersign.automations set status = 'paused'` });
    expect(await queries.watchTargets({ limit: 10 })).toEqual([]);
  });
});
