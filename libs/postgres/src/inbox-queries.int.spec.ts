import type { ApprovalKind, GateOutcome } from '@cs/contracts';
import type { DecidedFilter, InboxGate, InboxReader, ItemsPage, PageRequest, PendingFilter } from '@cs/read-models';
import fc from 'fast-check';
import { PostgresInboxQueries } from './inbox-queries.adapter.js';
import { writeAutomations, writeInbox, type InboxRow } from './inbox-rows.fixture.js';
import { migrate } from './migrate.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const tenant = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const named = (kind: string, id: string): string => JSON.stringify([kind, id]);
const owner = (id: string): string => JSON.stringify(['principal', 'human_user', id]);
const everybody: InboxReader = { ...tenant, named_keys: [], open_keys: ['anyone', 'anyone_named'] };
/** A person with an assertion: sees what is shared or theirs, and what names them or their role. */
const restricted = (id: string, ...roles: readonly string[]): InboxReader => ({
  ...tenant, viewer_keys: ['*', owner(id)], owner_keys: [owner(id)], open_keys: ['anyone', 'anyone_named'], named_keys: [named('person', id), ...roles.map((role) => named('role', role))],
});
const automations: Readonly<Record<string, readonly string[]>> = { open: ['*'], adas: [owner('ada')], shared: ['*', owner('ada')], graces: [owner('grace')] };
const authorities = [{ resource: 'a' }, { resource: 'b' }];

let server: TestDatabase;
let queries: PostgresInboxQueries;
const rows: InboxRow[] = [];

const pick = <Value>(values: readonly Value[], index: number): Value => values[index % values.length] as Value;

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresInboxQueries(server.database);
  await writeAutomations(server.database, automations);
  const kinds: readonly ApprovalKind[] = ['approval_gate', 'approval_gate', 'dual_control', 'question', 'policy_gate'];
  for (let index = 0; index < 300; index += 1) {
    const ended = index % 5 === 4;
    rows.push({
      id: `g${String(index).padStart(3, '0')}`, automation_id: pick(['open', 'adas', 'shared', 'graces'], index * 7 + (index >> 3)), run_id: `run-${index % 40}`,
      kind: pick(kinds, index), risk_tier: pick([null, 'external_send', 'money_movement_contract'], index >> 1), data_classes: pick([[], ['regulated'], ['regulated', 'customer_data']], index >> 2),
      requester: pick(['ada', 'grace', 'bob'], index * 5), barred: pick([null, null, 'ada', 'grace'], index >> 2), approvers: pick([['anyone'], ['anyone_named'], [named('person', 'ada')], [named('role', 'lead'), named('person', 'bob')]], index * 3 + (index >> 4)),
      voters: pick([[], ['ada'], ['grace', 'bob']], index >> 3), authority: pick([null, null, pick(authorities, index)], index), requested_at_ms: 1000 + (index >> 1), expires_at_ms: pick([null, 5000 - index, 4000], index),
      ...(ended ? { status: pick(['decided', 'closed'] as const, index), decision: pick(['approve', 'cancel', null] as const, index), decided_at_ms: 9000 + (index >> 2) } : {}),
    });
  }
  await writeInbox(server.database, [...rows, ...rows.slice(0, 50).map((row) => ({ ...row, org_id: 'other' }))]);
}, 60_000);
afterAll(() => server.stop());

const everyPage = async (read: (page: PageRequest) => Promise<ItemsPage<InboxGate>>, limit: number): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let page = await read({ limit }); ; page = await read({ limit, after: page.next as NonNullable<typeof page.next> })) {
    expect(page.items.length).toBeLessThanOrEqual(limit);
    ids.push(...page.items.map(({ gate_opening_id }) => gate_opening_id));
    if (page.next === undefined) return ids;
  }
};

const shares = (keys: readonly string[] | undefined, others: readonly string[]): boolean => keys === undefined || keys.some((key) => others.includes(key));
const namesNobody = ({ approvers = [] }: InboxRow): boolean => approvers.some((key) => key.startsWith('anyone'));
const viewersOf = ({ automation_id = '' }: InboxRow): readonly string[] => automations[automation_id] ?? [];
const isSeen = (row: InboxRow, reader: InboxReader): boolean => shares(reader.viewer_keys, viewersOf(row)) || shares(reader.named_keys, row.approvers ?? []);
const isOwn = (row: InboxRow, reader: InboxReader): boolean => reader.owner_keys === undefined || viewersOf(row).join() === '*' || shares(reader.owner_keys, viewersOf(row));
const isMine = (row: InboxRow, reader: InboxReader, { voter, authorities: keys }: NonNullable<PendingFilter['mine']>): boolean => {
  if (voter !== null && (row.voters?.includes(voter) === true || row.barred === voter)) return false;
  if (row.authority !== null && row.authority !== undefined && !keys.includes(keyOf.get(JSON.stringify(row.authority)) ?? '')) return false;
  return namesNobody(row) ? isOwn(row, reader) : shares(reader.named_keys, row.approvers ?? []);
};
const keyOf = new Map<string, string>();

const agrees = (wanted: unknown, value: unknown): boolean => wanted === undefined || wanted === value;
const isCommon = (row: InboxRow, { kinds, automation_id, run_id, since_ms = 0, until_ms = 1e9 }: DecidedFilter, at: number): boolean =>
  (kinds === undefined || kinds.includes(row.kind as ApprovalKind)) && agrees(automation_id, row.automation_id) && agrees(run_id, row.run_id) && at >= since_ms && at <= until_ms;

const expectedPending = (reader: InboxReader, filter: PendingFilter): readonly string[] => {
  const found = rows.filter((row) =>
    (row.status ?? 'open') === 'open' && isCommon(row, filter, row.requested_at_ms) && agrees(filter.risk_tier, row.risk_tier) && agrees(filter.requester, row.requester) &&
    (filter.data_class === undefined || row.data_classes?.includes(filter.data_class) === true) && (filter.expiring_before_ms === undefined || (row.expires_at_ms ?? 1e9) < filter.expiring_before_ms) &&
    (filter.mine === undefined ? isSeen(row, reader) : isMine(row, reader, filter.mine)));
  const at = ({ requested_at_ms, expires_at_ms }: InboxRow): number => (filter.expiring_before_ms === undefined ? requested_at_ms : -(expires_at_ms ?? 0));
  return found.sort((a, b) => at(b) - at(a) || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
};

const optional = <Value>(...values: readonly Value[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 2 });
const readers = fc.constantFrom(everybody, restricted('ada'), restricted('grace', 'lead'), restricted('bob'), restricted('nobody'), { ...everybody, named_keys: [named('person', 'ada')] });
const withoutAbsent = <Filter extends object>(filter: Filter): Filter => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Filter;
const commonFilters = {
  kinds: optional<readonly ApprovalKind[]>(['question'], ['approval_gate', 'policy_gate'], ['escalation']), automation_id: optional('adas', 'open', 'none'), run_id: optional('run-3', 'run-17'),
  since_ms: optional(1050, 1000), until_ms: optional(1100, 1149),
};

describe('the inbox', () => {
  it('given any reader and any filters, lists exactly what fits, in its order, however it is cut into pages', async () => {
    for (const { key, authority } of await queries.neededAuthorities(tenant)) keyOf.set(JSON.stringify(authority), key);
    expect(keyOf.size).toBe(2);
    const mine = fc.option(fc.record({ voter: fc.constantFrom(null, 'ada', 'grace'), authorities: fc.constantFrom([], [...keyOf.values()].slice(0, 1), [...keyOf.values()]) }), { nil: undefined });
    const filters = fc.record({
      ...commonFilters, risk_tier: optional('external_send', 'none'), data_class: optional('regulated', 'customer_data'), requester: optional('ada', 'grace'), expiring_before_ms: optional(4500, 4000, 10), mine,
    });
    await fc.assert(fc.asyncProperty(readers, filters, fc.constantFrom(1, 3, 10, 500), async (reader, filter, limit) => {
      const wanted = withoutAbsent(filter) as PendingFilter;
      expect(await everyPage((page) => queries.pending(reader, wanted, page), limit)).toEqual(expectedPending(reader, wanted));
    }), { numRuns: 200 });
  }, 120_000);

  it('given any filters, lists what was decided by the time of the decision', async () => {
    const filters = fc.record({ ...commonFilters, since_ms: optional(9020), until_ms: optional(9060), decision: optional<GateOutcome>('approve', 'cancel', 'expired') });
    await fc.assert(fc.asyncProperty(readers, filters, fc.constantFrom(1, 7, 500), async (reader, filter, limit) => {
      const wanted = withoutAbsent(filter) as DecidedFilter;
      const ended = rows.filter((row) => row.status !== undefined && row.status !== 'open' && isSeen(row, reader));
      const found = ended.filter((row) => isCommon(row, wanted, row.decided_at_ms ?? 0) && agrees(wanted.decision, row.decision));
      const expected = found.sort((a, b) => (b.decided_at_ms ?? 0) - (a.decided_at_ms ?? 0) || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
      expect(await everyPage((page) => queries.decided(reader, wanted, page), limit)).toEqual(expected);
    }), { numRuns: 60 });
  }, 120_000);

  it('goes on where a page ended, whatever opens in between', async () => {
    const reader = { ...everybody, org_id: 'growing' };
    const at = (id: string, requested_at_ms: number): InboxRow => ({ org_id: 'growing', id, requested_at_ms });
    await writeInbox(server.database, [at('a', 10), at('b', 20), at('c', 20), at('d', 30)]);
    const first = await queries.pending(reader, {}, { limit: 2 });
    await writeInbox(server.database, [at('e', 40), at('bb', 20), at('z', 20)]);
    const second = await queries.pending(reader, {}, { limit: 9, ...(first.next === undefined ? {} : { after: first.next }) });
    expect([first, second].map(({ items }) => items.map(({ gate_opening_id }) => gate_opening_id))).toEqual([['d', 'c'], ['bb', 'b', 'a']]);
  });

  it('shows one opening to those who see its automation or whom it names, and to nobody else', async () => {
    const [graces] = rows.filter(({ automation_id, approvers }) => automation_id === 'graces' && approvers?.includes(named('person', 'ada')) === true);
    const shown = async (reader: InboxReader): Promise<boolean> => (await queries.opening(reader, graces?.id ?? '')) !== undefined;
    expect([await shown(everybody), await shown(restricted('grace')), await shown(restricted('ada')), await shown(restricted('bob'))]).toEqual([true, true, true, false]);
    expect(await shown({ ...everybody, org_id: 'third' })).toBe(false);
    expect(await queries.opening(everybody, 'nothing')).toBeUndefined();
    expect(await queries.opening(restricted('grace'), graces?.id ?? '')).toMatchObject({ automation_id: 'graces', workflow_name: 'Automation graces', may_change: true });
    expect(await queries.opening(restricted('ada'), graces?.id ?? '')).toMatchObject({ may_change: false });
  });
});
