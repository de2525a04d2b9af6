import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EffectPolicyEvent, PolicyDecision, PolicyOutcome, RunEvent } from '@cs/contracts';
import { noPosition } from '@cs/kernel';
import { dryRunPolicy, ProjectionMemory, projectBatch, type PolicyDecisionFilter, type Reader } from '@cs/read-models';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresPolicyQueries } from './policy-queries.adapter.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const other: Reader = { org_id: 'other', workspace_id: 'ops', deployment_id: '' };
const person = { kind: 'human', actor_id: 'ada' } as const;
const digest = `sha256:${'0'.repeat(64)}`;

const decision = (run_id: string, number: number, { decision: outcome = 'allow' as PolicyOutcome, ...extra }: Partial<PolicyDecision> = {}): PolicyDecision => ({
  decision_id: `policy_decision:${run_id}:${number}`, node_id: 'pay', attempt: 1, effect_id: `${run_id}:pay:0`, decision: outcome, reason_code: `${outcome}_code`, reason: 'because',
  judgement: { outcome, reason_code: `${outcome}_code`, reason: 'because', elevated: false, policy_version: '1:x', policy_ids: [] }, arguments_digest: digest,
  judged: { automation_id: 'refunds', node_id: 'pay', action_kind: 'http', data_classes: [], requested_by: person, trigger_type: 'manual', numbers: { 'body.amount': number }, texts: {}, is_partial: false, has_secret_content: false }, ...extra,
});
const published = (number: number, org_id = 'acme'): EffectPolicyEvent => ({
  event_type: 'effect_policy_published',
  data: { policies: `// ${number}`, denied_risk_tiers: [], denied_data_classes: [], number, policy_version: `${number}:x`, digest, published_by: person, tenant_context: { org_id, workspace_id: 'ops', source: 'explicit' } },
});

describe('policies and their decisions in the database', () => {
  let server: TestDatabase;
  let queries: PostgresPolicyQueries;
  const log = new LogHistory();
  const times: number[] = [];

  const commit = (run_id: string, ...events: readonly RunEvent[]): void => {
    times.push(log.commit('run', run_id, { status: 'running', events }).stored?.commit.events[0]?.recorded_at_ms ?? 0);
  };

  beforeAll(async () => {
    server = await startTestDatabase();
    await migrate(server.database);
    queries = new PostgresPolicyQueries(server.database);
    log.automation('refunds');
    for (const run_id of ['run-1', 'run-2']) log.created(run_id, 'refunds');
    commit('run-1', { event_type: 'policy_effect_allowed', data: decision('run-1', 1, { decision: 'allow' }) });
    commit('run-1', { event_type: 'policy_effect_denied', data: decision('run-1', 2, { decision: 'deny', effect_id: 'run-1:pay:1' }) });
    commit('run-2', { event_type: 'policy_effect_allowed', data: decision('run-2', 1, { decision: 'allow' }) }, { event_type: 'policy_approval_used', data: { ...decision('run-2', 2, { decision: 'allow', effect_id: 'run-2:pay:1', reason_code: 'approved' }), approval_id: 'opening-1' } });
    for (const number of [1, 2, 3]) log.commit('effect_policy', 'effect-policy', { status: 'active', events: [published(number)] });
    const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e9 });
    const store = new PostgresProjectionStore(server.database);
    await store.progress();
    await store.write(projectBatch(log.entries, { memory, digest: sha256, now: 5 }), { after: noPosition, published: noPosition });
  }, 120_000);
  afterAll(() => server.stop());

  const found = async (filter: PolicyDecisionFilter, limit = 100, reader = acme): Promise<readonly string[]> => (await queries.policyDecisions(reader, filter, { limit })).items.map(({ decision_id }) => decision_id.replace('policy_decision:', ''));

  it('are found newest first by every filter, before the limit', async () => {
    expect(await found({})).toEqual(['run-2:2', 'run-2:1', 'run-1:2', 'run-1:1']);
    expect(await found({ run_id: 'run-1' }, 1)).toEqual(['run-1:2']);
    expect(await found({ decision: 'deny' }, 1)).toEqual(['run-1:2']);
    expect(await found({ decision: 'allow', run_id: 'run-1' }, 1)).toEqual(['run-1:1']);
    expect(await found({ reason_code: 'approved' })).toEqual(['run-2:2']);
    expect(await found({ automation_id: 'refunds', reason_code: 'allow_code' })).toEqual(['run-2:1', 'run-1:1']);
    expect(await found({ automation_id: 'unknown' })).toEqual([]);
    expect(await found({ since_ms: times[1], until_ms: times[2] })).toEqual(['run-1:2']);
  });

  it('go on page by page, without losing one or showing one twice', async () => {
    const first = await queries.policyDecisions(acme, {}, { limit: 3 });
    const second = await queries.policyDecisions(acme, {}, { limit: 3, ...(first.next === undefined ? {} : { after: first.next }) });
    expect([...first.items, ...second.items].map(({ decision_id }) => decision_id)).toHaveLength(4);
    expect([first.next !== undefined, second.next]).toEqual([true, undefined]);
  });

  it('say what was decided, of what, and under which approval', async () => {
    const { items } = await queries.policyDecisions(acme, { reason_code: 'approved' }, { limit: 1 });
    expect(items).toEqual([{ ...decision('run-2', 2, { decision: 'allow', effect_id: 'run-2:pay:1', reason_code: 'approved' }), run_id: 'run-2', automation_id: 'refunds', approval_id: 'opening-1', created_at_ms: times[2] }]);
  });

  it('are not there for another tenant, nor for who does not see the automation', async () => {
    expect(await found({}, 100, other)).toEqual([]);
    expect(await found({}, 100, { ...acme, viewer_keys: ['nobody'] })).toEqual([]);
    expect(await found({}, 100, { ...acme, viewer_keys: ['*'] })).toHaveLength(4);
    expect(await queries.effectPolicy(other, 1)).toBeUndefined();
  });

  it('list the versions newest first, and give each', async () => {
    const page = await queries.effectPolicies(acme, { limit: 2 });
    expect([page.items.map(({ number }) => number), page.next !== undefined]).toEqual([[3, 2], true]);
    expect((await queries.effectPolicies(acme, { limit: 2, ...(page.next === undefined ? {} : { after: page.next }) })).items.map(({ number }) => number)).toEqual([1]);
    expect(await queries.effectPolicy(acme, 2)).toMatchObject({ number: 2, policies: '// 2', published_by: person });
    expect(await queries.effectPolicy(acme, 4)).toBeUndefined();
  });

  it('are judged again, the newest of each effect, by a policy that is not stored', async () => {
    const judge = { builtin: { policies: '', denied_risk_tiers: [], denied_data_classes: [], policy_version: 'b' }, check: () => [], judge: () => decision('x', 1, { decision: 'deny' }).judgement };
    const dryRun = await dryRunPolicy({ queries, judge }, acme, { candidate: judge.builtin, since_ms: 0, until_ms: Number.MAX_SAFE_INTEGER, limit: 1 });
    expect(dryRun).toMatchObject({ examined: 4, unchanged: 1, items: [{ decision_id: 'policy_decision:run-2:2', before: { outcome: 'allow' }, after: { outcome: 'deny' } }] });
    expect(dryRun.changes).toEqual([{ from: 'allow', to: 'deny', reason_code_from: 'allow_code', reason_code_to: 'deny_code', count: 3 }]);
    expect(dryRun.next_cursor).toBeUndefined();
  });
});
