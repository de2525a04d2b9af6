import type { DecidedFilter, InboxReader, PendingFilter } from '@cs/read-models';
import type { Statement } from './database.js';
import { authoritiesStatement, decidedStatement, openingStatement, pendingStatement } from './inbox-statements.js';
import { migrate } from './migrate.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const tenant = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const everybody: InboxReader = { ...tenant, named_keys: ['["person","grace"]', '["role","lead"]'], open_keys: ['anyone', 'anyone_named'] };
const restricted: InboxReader = { ...everybody, viewer_keys: ['*', '["principal","human_user","grace"]'], owner_keys: ['["principal","human_user","grace"]'] };
const mine = { voter: 'grace', authorities: ['x'] };
const page = { limit: 100, after: { at_ms: 1_500_000, id: 'x' } };

let server: TestDatabase;

/** 100,000 open gates of one tenant and 20,000 that are decided, of 200 automations, of which 20 are somebody's own. */
beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  await server.database.query({
    text: `insert into countersign.automations (org_id, workspace_id, deployment_id, automation_id, name, status, definition_version, definition_hash, tenant_context, created_at_ms, updated_at_ms, position, viewers)
      select 'acme', 'ops', '', 'auto-' || i, 'Automation', 'active', 'v1', 'h', '{}', i, i, i, case when i % 10 = 0 then '["principal","human_user","ada"]' else '*' end from generate_series(0, 199) as i`,
  });
  await server.database.query({
    text: `insert into countersign.gates (org_id, workspace_id, deployment_id, gate_opening_id, run_id, automation_id, node_id, status, gate, requested_by, requested_at_ms, expires_at_ms, decided_at_ms, position,
        kind, risk_tier, requester, data_classes, approvers, voters, authority)
      select 'acme', 'ops', '', 'g' || i, 'run-' || i, 'auto-' || i % 200, 'sign', case when i % 6 = 5 then 'decided' else 'open' end, '{"title":"Sign"}', '{"kind":"human"}', 1000000 + i, 9000000 + (i * 7919) % 600000,
        case when i % 6 = 5 then 2000000 + i end, i, case when i % 500 = 0 then 'question' else 'approval_gate' end, case when i % 2000 = 0 then 'money_movement_contract' when i % 3 = 0 then 'external_send' end,
        'user-' || i % 700, case when i % 1000 = 0 then 'regulated' else '' end,
        case when i % 5000 = 1 then '["person","grace"]' when i % 400 = 2 then '["role","lead"]' when i % 20 = 3 then 'anyone_named' else 'anyone' end,
        case when i % 50 = 3 then 'grace' else '' end, case when i % 100 = 0 then '{"resource":"' || i % 300 || '"}' end
      from generate_series(1, 120000) as i`,
  });
  await server.database.query({ text: 'vacuum analyze countersign.gates' });
  await server.database.query({ text: 'vacuum analyze countersign.automations' });
}, 180_000);
afterAll(() => server.stop());

/** The plan that the server makes once for every value, as for our prepared statements. */
const planOf = async ({ text }: Statement): Promise<string> =>
  (await server.database.query<{ readonly 'QUERY PLAN': string }>({ text: `explain (generic_plan, costs off) ${text}` })).map((row) => row['QUERY PLAN']).join('\n');

const pending = (filter: PendingFilter, reader: InboxReader = everybody): Statement => pendingStatement(reader, filter, page);
const decided = (filter: DecidedFilter, reader: InboxReader = everybody): Statement => decidedStatement(reader, filter, page);

describe('with 100,000 open gates, no part of the inbox reads the whole table', () => {
  it.each<[string, Statement, string]>([
    ['everything', pending({}), 'gates_open '],
    ['a period', pending({ since_ms: 1, until_ms: 2 }), 'gates_open '],
    ['a kind', pending({ kinds: ['question'] }), 'gates_open_of_kind'],
    ['several kinds', pending({ kinds: ['question', 'escalation'] }), 'gates_open_of_kind'],
    ['an automation', pending({ automation_id: 'auto-3' }), 'gates_open_of_automation'],
    ['a run', pending({ run_id: 'run-3' }), 'gates_of_run'],
    ['a risk tier', pending({ risk_tier: 'money_movement_contract' }), 'gates_open_of_risk'],
    ['who asked', pending({ requester: 'user-3' }), 'gates_open_of_requester'],
    ['a data class', pending({ data_class: 'regulated' }), 'gates_open_of_class'],
    ['the next to expire', pending({ expiring_before_ms: 9_000_100 }), 'gates_open_by_expiry'],
    ['mine: what names nobody', pending({ mine }), 'gates_open_to_anyone'],
    ['mine: what names me', pending({ mine }), 'gates_open_of_approver'],
    ['mine, of a risk tier', pending({ mine, risk_tier: 'external_send' }), 'gates_open'],
    ['what someone sees', pending({}, restricted), 'gates_open_of_automation'],
    ['what names someone who does not see it', pending({}, restricted), 'gates_open_of_approver'],
    ['what is someone\'s own to decide', pending({ mine }, restricted), 'gates_open_of_automation'],
    ['what was decided', decided({}), 'gates_ended '],
    ['what was decided of an automation', decided({ automation_id: 'auto-3' }), 'gates_ended_of_automation'],
    ['what was decided that someone sees', decided({}, restricted), 'gates_ended_of_automation'],
    ['one opening', openingStatement(restricted, 'g3'), 'gates_pkey'],
    ['what reviewers need', authoritiesStatement(tenant), 'gates_open_authorities'],
  ])('%s', async (_what, statement, index) => {
    const plan = await planOf(statement);
    expect(`${plan} `.replaceAll('\n', ' \n')).toContain(index);
    expect(plan).not.toMatch(/Seq Scan on gates/);
  });

  interface PlanNode {
    readonly 'Relation Name'?: string;
    readonly 'Actual Rows': number;
    readonly 'Actual Loops': number;
    readonly 'Rows Removed by Filter'?: number;
    readonly Plans?: readonly PlanNode[];
  }
  const rowsRead = ({ 'Relation Name': name, 'Actual Rows': rows, 'Actual Loops': loops, 'Rows Removed by Filter': removed = 0, Plans: plans = [] }: PlanNode): number =>
    (name === 'gates' ? (rows + removed) * loops : 0) + plans.reduce((sum, plan) => sum + rowsRead(plan), 0);

  it.each<[string, PendingFilter, InboxReader?]>([
    ['everything', {}], ['a kind', { kinds: ['question'] }], ['an automation', { automation_id: 'auto-3' }], ['a risk tier', { risk_tier: 'money_movement_contract' }], ['who asked', { requester: 'user-3' }],
    ['a data class', { data_class: 'regulated' }], ['the next to expire', { expiring_before_ms: 9_100_000 }], ['mine', { mine }], ['what someone sees', {}, { ...restricted, viewer_keys: ['["principal","human_user","ada"]'] }],
  ])('and a page of %s reads little more than it shows', async (_what, filter, reader = everybody) => {
    const { text, values = [] } = pendingStatement(reader, filter, { limit: 20 });
    const [row] = await server.database.query<{ readonly 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>({ text: `explain (analyze, format json) ${text}`, values });
    const read = row?.['QUERY PLAN'][0] === undefined ? 0 : rowsRead(row['QUERY PLAN'][0].Plan);
    expect(read).toBeGreaterThanOrEqual(21);
    expect(read).toBeLessThan(1500);
  });
});
