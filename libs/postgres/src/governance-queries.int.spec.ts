import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApprovalBinding, GovernanceActor } from '@cs/contracts';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, projectBatch, type ApprovalFilter, type Reader } from '@cs/read-models';
import { PostgresGovernanceQueries } from './governance-queries.adapter.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const tenant_context = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;
const digest = `sha256:${'a'.repeat(64)}`;
const bot: GovernanceActor = { kind: 'agent', actor_id: 'bot' };
const ada: GovernanceActor = { kind: 'human', actor_id: 'ada' };

let server: TestDatabase;
let queries: PostgresGovernanceQueries;

const history = new LogHistory();
const ask = (approval_id: string, subject: { kind: 'automation' | 'agent'; id: string }, expires_at_ms = 9_000_000): void => {
  const binding: ApprovalBinding = { digest };
  const approval_type = subject.kind === 'agent' ? 'spend_override' : 'activation';
  history.commit('governance_approval', approval_id, { status: 'pending', events: [{ event_type: 'governance_approval_requested', data: { tenant_context, approval_id, approval_type, subject, binding, reason: 'r', requested_by: bot, expires_at_ms } }] });
};
const happen = (approval_id: string, event_type: string, data: object): void => {
  history.commit('governance_approval', approval_id, { status: 'x', events: [{ event_type, data: { tenant_context, approval_id, ...data } }] });
};
const totals = { day: '2026-01-01', day_usd: 1, week: '2025-12-29', week_usd: 1, month: '2026-01', month_usd: 1, lifetime_usd: 1, lifetime_tokens: 5 };
const agent = (agent_id: string, event_type: string, data: object): void => {
  history.commit('governed_agent', agent_id, { status: 'permitted', events: [{ event_type, data: { tenant_context, agent_id, ...data } }] });
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresGovernanceQueries(server.database);
  history.automation('seen', { owner_principal: { kind: 'human_user', id: 'ada' }, visibility: 'org', audience_principals: [] });
  history.automation('hidden', { owner_principal: { kind: 'human_user', id: 'ada' }, visibility: 'private', audience_principals: [] });
  for (let index = 0; index < 5; index += 1) ask(`seen-${index}`, { kind: 'automation', id: 'seen' });
  for (let index = 0; index < 5; index += 1) ask(`hidden-${index}`, { kind: 'automation', id: 'hidden' });
  ask('late', { kind: 'automation', id: 'seen' }, 5);
  ask('of-agent', { kind: 'agent', id: 'bot' });
  happen('seen-0', 'governance_approval_approved', { note: 'fine', decided_by: ada });
  happen('seen-0', 'governance_approval_consumed', { consumed_by: 'run-1' });
  happen('seen-1', 'governance_approval_denied', { note: 'no', decided_by: ada });
  // What was denied is asked for again: nothing of the decision before stays.
  ask('seen-1', { kind: 'automation', id: 'seen' });
  agent('bot', 'agent_spend_recorded', { usage_event_id: 'u', usage_position: 1, run_id: 'r', automation_id: 'seen', cost_usd: 1, tokens: 5, totals });
  agent('bot', 'agent_spend_paused', { week: totals.week, week_usd: 1, cap_usd: 1 });
  agent('other', 'agent_permissions_changed', { creation_paused: true, authority_revoked: false, weekly_spend_cap_usd: 3, reason: 'r', changed_by: ada });
  agent('other', 'agent_review_required', { creations: 5 });
  history.commit('automation', 'hidden', { status: 'held', events: [{ event_type: 'automation_review_required', data: { automation_id: 'hidden', tenant_context, reason: 'many runs', launches: 20 } }] });
  history.commit('automation', 'seen', { status: 'held', events: [{ event_type: 'automation_review_required', data: { automation_id: 'seen', tenant_context, reason: 'many runs', launches: 20 } }] });
  history.commit('automation', 'seen', { status: 'active', events: [{ event_type: 'automation_reviewed', data: { automation_id: 'seen', tenant_context, note: 'n', reviewed_by: ada } }] });
  const memory = new ProjectionMemory({ maxRuns: 100, maxBytes: 1e8 });
  // One commit a batch: rows are merged in the database.
  let after = noPosition;
  for (const entry of history.entries) {
    await new PostgresProjectionStore(server.database).write(projectBatch([entry], { memory, digest: sha256, now: 5 }), { after, published: noPosition });
    after = entry.position;
  }
}, 60_000);
afterAll(() => server.stop());

const stranger: Reader = { ...acme, viewer_keys: ['*', JSON.stringify(['principal', 'human_user', 'bob'])] };
const idsOf = async (reader: Reader, filter: Partial<ApprovalFilter> = {}, limit = 50): Promise<readonly string[]> =>
  (await queries.governanceApprovals(reader, { now_ms: 100, ...filter }, { limit })).items.map(({ approval_id }) => approval_id);

describe('governance approvals', () => {
  it('are filtered before the limit: by who sees them, by status and by what they are about; newest first', async () => {
    expect(await idsOf(stranger, {}, 3)).toEqual(['seen-1', 'late', 'seen-4']);
    expect(await idsOf(stranger, { status: 'expired' }, 1)).toEqual(['late']);
    expect(await idsOf(acme, { status: 'consumed' }, 1)).toEqual(['seen-0']);
    expect(await idsOf(acme, { agent_id: 'bot' }, 1)).toEqual(['of-agent']);
    expect(await idsOf(acme, { automation_id: 'hidden' }, 2)).toEqual(['hidden-4', 'hidden-3']);
    expect(await idsOf(stranger, { automation_id: 'hidden' })).toEqual([]);
    expect(await idsOf({ ...acme, org_id: 'other' })).toEqual([]);
    expect(await idsOf({ ...acme, deployment_id: 'eu' })).toEqual([]);
  });

  it('page by key, without a gap and without a repetition', async () => {
    const found: string[] = [];
    let after: Awaited<ReturnType<PostgresGovernanceQueries['governanceApprovals']>>['next'];
    do {
      const page = await queries.governanceApprovals(acme, { now_ms: 100 }, { limit: 4, ...(after === undefined ? {} : { after }) });
      found.push(...page.items.map(({ approval_id }) => approval_id));
      after = page.next;
    } while (after !== undefined);
    expect([found.length, new Set(found).size]).toEqual([12, 12]);
  });

  it('say who decided what, and what they were used for', async () => {
    const { items } = await queries.governanceApprovals(acme, { now_ms: 100 }, { limit: 50 });
    const of = (id: string) => items.find(({ approval_id }) => approval_id === id);
    expect(of('seen-0')).toMatchObject({ status: 'consumed', decided_by: ada, note: 'fine', consumed_by: 'run-1', binding: { digest }, requested_by: bot });
    expect(of('seen-1')).toMatchObject({ status: 'pending' });
    expect(of('seen-1')).not.toHaveProperty('decided_by');
  });
});

describe('agents and reviews', () => {
  it('show what is known of them after several commits', async () => {
    expect((await queries.governedAgents(acme, { limit: 10 })).items).toMatchObject([
      { agent_id: 'other', creation_paused: true, weekly_spend_cap_usd: 3, spend_paused: false },
      { agent_id: 'bot', creation_paused: false, spend_paused: true, spend: totals },
    ]);
    expect((await queries.governedAgents({ ...acme, workspace_id: 'hr' }, { limit: 10 })).items).toEqual([]);
  });

  it('are listed while they are due, to those who see what they are about', async () => {
    expect((await queries.governanceReviews(acme, { limit: 10 })).items.map(({ subject }) => subject)).toEqual([{ kind: 'automation', id: 'hidden' }, { kind: 'agent', id: 'other' }]);
    expect((await queries.governanceReviews(stranger, { limit: 10 })).items).toEqual([]);
  });
});
