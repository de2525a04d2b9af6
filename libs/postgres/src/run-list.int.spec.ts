import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ResourceAccess } from '@cs/contracts';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, projectBatch, type ItemsPage, type PageRequest, type Reader, type RunFilter, type StoredRun } from '@cs/read-models';
import fc from 'fast-check';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionQueries } from './projection-queries.adapter.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const tenant: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const ownerKey = (id: string): string => JSON.stringify(['principal', 'human_user', id]);
const person = { kind: 'human', actor_id: 'ada' } as const;

interface Automation {
  readonly id: string;
  readonly owner: string;
  readonly scope: { readonly owning_org_unit_id?: string; readonly data_classes?: readonly string[]; readonly risk_tier?: string; readonly delegation_grant_ids?: readonly string[]; readonly owner_principal?: { readonly kind: string; readonly id: string } };
}
/** The second definition of `pays` concerns something else than the first. */
const automations: readonly Automation[] = [
  { id: 'pays', owner: 'ada', scope: { owning_org_unit_id: 'finance', data_classes: ['regulated', 'customer_data'], risk_tier: 'money_movement_contract', delegation_grant_ids: ['g1', 'g2'] } },
  { id: 'pays', owner: 'ada', scope: { owning_org_unit_id: 'support' } },
  { id: 'mails', owner: 'bob', scope: { owning_org_unit_id: 'support', data_classes: ['customer_data'], risk_tier: 'external_send', owner_principal: { kind: 'group', id: 'mailers' } } },
  { id: 'reads', owner: 'bob', scope: {} },
];
const triggers = ['manual', 'schedule', 'webhook', 'handoff_available', 'child_run'];
const statuses = ['queued', 'completed', 'failed'] as const;

interface Made {
  readonly id: string;
  readonly automation: Automation;
  readonly trigger: string;
  readonly status: (typeof statuses)[number];
}
const runs: Made[] = [];
let server: TestDatabase;
let queries: PostgresProjectionQueries;

const pick = <Value>(values: readonly Value[], index: number): Value => values[index % values.length] as Value;
const hashOf = (index: number): string => `sha256:${sha256(`definition ${index}`)}`;

const writeAutomation = (log: LogHistory, { id, owner, scope }: Automation, index: number): void => {
  const definition = { automation_id: id, name: id, status: 'active', schedule: { type: 'manual', timezone: 'UTC' }, agents: [], flow: { nodes: [{ node_id: 'charge', objective: 'charge', depends_on: [], action: { kind: 'transform', expression: '1' } }] }, metadata: { enterprise_scope: scope } };
  const resource_access: ResourceAccess = { owner_principal: { kind: 'human_user', id: owner }, visibility: 'private', audience_principals: [] };
  log.commit('definition', `d${index}`, { status: 'stored', events: [{ event_type: 'definition_stored', data: { definition_hash: hashOf(index), definition } }] });
  log.commit('automation', id, { status: 'active', events: [{ event_type: index === 1 ? 'automation_updated' : 'automation_created', data: { automation_id: id, tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, name: id, status: 'active', definition_version: `v${index}`, definition_hash: hashOf(index), changed_by: person, resource_access } }] });
};

const writeRun = (log: LogHistory, { id, automation, trigger, status }: Made): void => {
  log.run(id, 'queued', {
    event_type: 'run_created',
    data: { run_id: id, automation_id: automation.id, tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, trigger_type: trigger, requested_by: person, input: { trigger_type: 'a trap' }, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: hashOf(automations.indexOf(automation)), effective_execution_profile: 'strict', node_ids: ['charge'] },
  });
  if (status === 'completed') log.completed(id);
  if (status === 'failed') log.run(id, 'failed', { event_type: 'run_failed', data: { detail: 'broken' } });
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresProjectionQueries(server.database);
  const log = new LogHistory();
  automations.forEach((automation, index) => writeAutomation(log, automation, index));
  for (let index = 0; index < 90; index += 1) {
    const made = { id: `run-${String(index).padStart(3, '0')}`, automation: pick(automations, index * 7 + (index >> 3)), trigger: pick(triggers, index + (index >> 2)), status: pick(statuses, index >> 1) };
    runs.push(made);
    writeRun(log, made);
  }
  const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e9 });
  await new PostgresProjectionStore(server.database).write(projectBatch(log.entries, { memory, digest: sha256, now: 5 }), { after: noPosition, published: noPosition });
}, 60_000);
afterAll(() => server.stop());

const everyPage = async (read: (page: PageRequest) => Promise<ItemsPage<StoredRun>>, limit: number): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let page = await read({ limit }); ; page = await read({ limit, after: page.next as NonNullable<typeof page.next> })) {
    expect(page.items.length).toBeLessThanOrEqual(limit);
    ids.push(...page.items.map(({ run }) => run.run_id));
    if (page.next === undefined) return ids;
  }
};

const agrees = (wanted: unknown, found: unknown): boolean => wanted === undefined || wanted === found;
const among = (wanted: string | undefined, found: readonly string[] | undefined): boolean => wanted === undefined || found?.includes(wanted) === true;
const ownerOf = ({ automation: { scope, owner } }: Made) => scope.owner_principal ?? { kind: 'human_user', id: owner };

const fits = (made: Made, reader: Reader, filter: RunFilter): boolean => {
  const { automation: { id, owner, scope: has }, trigger, status } = made;
  const { scope = {} } = filter;
  return agrees(filter.automation_id, id) && (filter.statuses?.includes(status) ?? true) && trigger.includes((filter.trigger ?? '').toLowerCase()) && agrees(filter.owner_id, ownerOf(made).id) && agrees(filter.owner_kind, ownerOf(made).kind) &&
    agrees(scope.org_unit_id, has.owning_org_unit_id) && agrees(scope.risk_tier, has.risk_tier) && among(scope.data_class, has.data_classes) && among(scope.delegation_grant_id, has.delegation_grant_ids) &&
    (reader.viewer_keys?.includes(ownerKey(owner)) ?? true);
};

const optional = <Value>(...values: readonly Value[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 2 });
const withoutAbsent = <Filter extends object>(filter: Filter): Filter => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Filter;

describe('the list of runs', () => {
  it('given any reader and any filters, holds exactly what fits, newest first, however it is cut into pages', async () => {
    const readers = fc.constantFrom<Reader>(tenant, { ...tenant, viewer_keys: ['*', ownerKey('ada')] }, { ...tenant, viewer_keys: ['*', ownerKey('bob')] }, { ...tenant, viewer_keys: [] });
    const scopes = fc.record({ org_unit_id: optional('finance', 'support', 'none'), data_class: optional('regulated', 'customer_data'), risk_tier: optional('external_send', 'money_movement_contract'), delegation_grant_id: optional('g2') });
    const filters = fc.record({
      automation_id: optional('pays', 'mails', 'none'), statuses: optional<readonly string[]>(['completed'], ['queued', 'failed'], []), trigger: optional('manual', 'HOOK', 'and', 'a'), owner_id: optional('ada', 'bob', 'mailers'),
      owner_kind: optional('human_user', 'group'), scope: fc.option(scopes.map(withoutAbsent), { nil: undefined }),
    });
    await fc.assert(fc.asyncProperty(readers, filters, fc.constantFrom(1, 4, 500), async (reader, filter, limit) => {
      const wanted = withoutAbsent(filter) as RunFilter;
      const expected = runs.filter((made) => fits(made, reader, wanted)).map(({ id }) => id).reverse();
      expect(await everyPage((page) => queries.runs(reader, wanted, page), limit)).toEqual(expected);
    }), { numRuns: 250 });
  }, 120_000);

  it('says of each run whom and what it concerns', async () => {
    const scopeOf = async (automation_id: string) => (await queries.runs(tenant, { automation_id }, { limit: 1 })).items[0]?.scope;
    expect(await scopeOf('mails')).toMatchObject({ owning_org_unit_id: 'support', owner_principal: { kind: 'group', id: 'mailers' }, risk_tier: 'external_send', data_classes: ['customer_data'] });
    expect(await scopeOf('reads')).toMatchObject({ owning_org_unit_id: null, owner_principal: { kind: 'human_user', id: 'bob' }, risk_tier: null, data_classes: [] });
  });
});
