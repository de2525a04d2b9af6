import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, projectBatch, type AuditRecord, type AuditRecordFilter, type AuditScope, type PageRequest } from '@cs/read-models';
import { testAuditKeys } from '@cs/testing';
import { PostgresAuditReads } from './audit-reads.adapter.js';
import { Database, type Statement } from './database.js';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: AuditScope = { org_id: 'acme', workspace_id: 'ops', deployment_id: '', with_untagged: false };
const mallory = { kind: 'human', actor_id: 'mal"lo\\ry' } as const;
const runs = 40;

let server: TestDatabase;
let reads: PostgresAuditReads;
let all: readonly AuditRecord[];

/** Runs that are requested and signed; one of them was also tried to be signed by somebody who may not. */
const history = (): LogHistory => {
  const log = new LogHistory();
  for (let run = 0; run < runs; run += 1) {
    log.created(`r${run}`);
    log.startedNode(`r${run}`);
    log.gateOpened(`r${run}`);
    log.approved(`r${run}`);
  }
  log.commit('gate_refusal', 'g1', { status: 'refused', events: [{ event_type: 'gate_decision_refused', data: { run_id: 'r3', code: 'AUTOMATION_V2_GATE_NOT_AN_APPROVER', detail: 'not among them', decision: 'approve', actor: mallory } }] });
  return log;
};
const other = (log: LogHistory): LogHistory => {
  log.created('r3');
  log.created('other');
  return log;
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  reads = new PostgresAuditReads(server.database);
  const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e8 });
  const own = history().entries;
  const elsewhere = other(new LogHistory({ org_id: 'other', workspace_id: 'ops' })).entries.map((entry) => ({ ...entry, position: (entry.position + own.length) as typeof entry.position }));
  const changes = projectBatch([...own, ...elsewhere], { memory, digest: sha256, auditKeys: testAuditKeys(['k1']), now: 5 });
  all = changes.audit_records.filter(({ org_id }) => org_id === 'acme');
  const untagged: AuditRecord = { ...(all[0] as AuditRecord), org_id: '_system', workspace_id: '_system', event_type: 'audit.key_activated', event_id: 'untagged' };
  const mine = all.map((record) => (record.event_type.endsWith('denied') ? { ...record, actor: mallory } : record));
  await new PostgresProjectionStore(server.database).write({ ...changes, audit_records: [...mine, ...changes.audit_records.filter(({ org_id }) => org_id === 'other'), untagged] }, { after: noPosition, published: noPosition });
}, 60_000);
afterAll(() => server.stop());

const pages = async (scope: AuditScope, filter: AuditRecordFilter, limit: number): Promise<readonly AuditRecord[]> => {
  const found: AuditRecord[] = [];
  for (let page: PageRequest | undefined = { limit }; page !== undefined;) {
    const { items, next }: Awaited<ReturnType<typeof reads.records>> = await reads.records(scope, filter, page);
    found.push(...items);
    page = next === undefined ? undefined : { limit, after: next };
  }
  return found;
};
const ids = (records: readonly AuditRecord[]): readonly string[] => records.map(({ event_id }) => event_id);

describe('the records of the audit', () => {
  it('are there newest first, each once, whatever the size of a page', async () => {
    const expected = ids([...all].sort((a, b) => b.created_at_ms - a.created_at_ms || (a.event_id < b.event_id ? 1 : -1)));
    for (const limit of [1000, 7, 1]) expect(ids(await pages(acme, {}, limit))).toEqual(expected);
  });

  it.each<{ what: string; filter: AuditRecordFilter; expected: (record: AuditRecord) => boolean }>([
    { what: 'of a run', filter: { run_id: 'r3' }, expected: ({ payload }) => payload['runID'] === 'r3' },
    { what: 'of a type', filter: { event_types: ['automation.governance.gate_decided'] }, expected: ({ event_type }) => event_type === 'automation.governance.gate_decided' },
    { what: 'of types', filter: { event_types: ['automation.governance.gate_decided', 'automation.governance.gate_opened'] }, expected: ({ event_type }) => /gate_(decided|opened)$/.test(event_type) },
    { what: 'of refusals', filter: { denials: true }, expected: ({ event_type }) => event_type.endsWith('denied') },
    { what: 'of an actor, whatever the name', filter: { actor_id: mallory.actor_id }, expected: ({ event_type }) => event_type.endsWith('denied') },
    { what: 'of another actor', filter: { actor_id: 'ada', run_id: 'r3' }, expected: ({ payload, event_type }) => payload['runID'] === 'r3' && !event_type.endsWith('denied') },
    { what: 'of a time', filter: { from_ms: 1_000_100, until_ms: 1_000_200 }, expected: ({ created_at_ms }) => created_at_ms >= 1_000_100 && created_at_ms < 1_000_200 },
    { what: 'of nobody', filter: { actor_id: 'a' }, expected: () => false },
  ])('$what are filtered before they are cut', async ({ filter, expected }) => {
    const wanted = ids(all.filter(expected)).toSorted();
    for (const limit of [1, 3, 500]) expect(ids(await pages(acme, filter, limit)).toSorted()).toEqual(wanted);
  });

  it('of other tenants are not there, and those of no tenant only where they are asked for', async () => {
    expect(ids(await pages({ ...acme, org_id: 'other' }, {}, 10))).toHaveLength(2);
    expect(await pages({ ...acme, deployment_id: 'eu' }, {}, 10)).toEqual([]);
    expect(ids(await pages(acme, {}, 500))).not.toContain('untagged');
    expect(ids(await pages({ ...acme, with_untagged: true }, {}, 500))).toContain('untagged');
    expect(ids(await pages({ ...acme, with_untagged: true }, {}, 500))).toHaveLength(all.length + 1);
  });

  it('of one who sees no others are their own', async () => {
    const own = (kind: string, actor_id: string): Promise<readonly AuditRecord[]> => pages({ ...acme, only_actor: { kind, actor_id } }, {}, 50);
    expect((await own('human', mallory.actor_id)).map(({ event_type }) => event_type)).toEqual(['automation.governance.gate_decision_denied']);
    expect(await own('agent', mallory.actor_id)).toEqual([]);
    expect(await own('human', '')).toEqual([]);
  });

  it('can be read also where one of them was made unreadable', async () => {
    await server.database.query({ text: `begin; update countersign.audit_records set actor = '{"actor_id', payload = '{"runID":"r5' where org_id = 'acme' and seq = 1; commit` });
    expect(await pages(acme, {}, 500)).toHaveLength(all.length);
    expect(await pages(acme, { actor_id: 'ada' }, 500)).toHaveLength(all.length - 2);
  });
});

describe('an export', () => {
  const exported = async (filter: AuditRecordFilter, range = { after_seq: 0, up_to_seq: 1_000_000 }): Promise<readonly number[]> => {
    const found: number[] = [];
    for (let after_seq: number | undefined = range.after_seq; after_seq !== undefined;) {
      const page: Awaited<ReturnType<typeof reads.exported>> = await reads.exported(acme, filter, { ...range, after_seq });
      found.push(...page.records.map(({ seq }) => seq));
      after_seq = page.next_after_seq;
    }
    return found;
  };

  it('has every record in the order of the chain, of the time and the types that were asked for', async () => {
    const sequence = (records: readonly AuditRecord[]): readonly number[] => records.map(({ seq }) => seq);
    expect(await exported({})).toEqual(sequence(all));
    expect(await exported({}, { after_seq: 5, up_to_seq: 9 })).toEqual([6, 7, 8, 9]);
    expect(await exported({ from_ms: 1_000_100, event_types: ['automation.governance.gate_decided'] }))
      .toEqual(sequence(all.filter(({ created_at_ms, event_type }) => created_at_ms >= 1_000_100 && event_type === 'automation.governance.gate_decided')));
  });

  it('takes as many pages as its records need', async () => {
    await server.database.query({ text: `update countersign.audit_records set payload = '{"runID":"r","x":"' || repeat('x', 500000) || '"}' where org_id = 'acme' and seq <= 30` });
    const { records, next_after_seq } = await reads.exported(acme, {}, { after_seq: 0, up_to_seq: 1_000_000 });
    expect(records.length).toBeLessThan(30);
    expect(next_after_seq).toBe(records.at(-1)?.seq);
    expect(await exported({})).toEqual(all.map(({ seq }) => seq));
  });
});

describe('lists of the audit', () => {
  beforeAll(async () => {
    await server.database.query({
      text: `insert into countersign.audit_records (org_id, workspace_id, deployment_id, seq, event_id, durability, event_type, tenant_source, actor, payload, created_at_ms, record_hash, position, event_index)
        select 'acme', 'ops', '', 1000 + n, 'e' || n, 'durable_required', 'type_' || n % 50, 'explicit', '{"kind":"human","actor_id":"a' || n % 50 || '"}', '{"runID":"run' || n % 5000 || '"}', n, 'h', n, 0 from generate_series(1, 30000) as n`,
    });
    await server.database.query({ text: 'analyze countersign.audit_records' });
  });

  const planOf = async (filter: AuditRecordFilter): Promise<string> => {
    let plan = '';
    class Explaining extends Database {
      override async query<Row>(statement: Statement): Promise<readonly Row[]> {
        const rows = await super.query<{ 'QUERY PLAN': string }>({ ...statement, text: `explain ${statement.text}` });
        plan = rows.map((row) => row['QUERY PLAN']).join('\n');
        return [];
      }
    }
    const database = new Explaining({ url: server.url, name: 'plans' });
    await new PostgresAuditReads(database).records(acme, filter, { limit: 5 });
    await database.close();
    return plan;
  };

  it.each<[AuditRecordFilter, string]>([
    [{}, 'audit_by_age'], [{ event_types: ['type_1'] }, 'audit_by_type'], [{ actor_id: 'a1' }, 'audit_by_actor'], [{ run_id: 'run1' }, 'audit_by_run'], [{ denials: true }, 'audit_denials'],
  ])('of %j read one index in its order', async (filter, index) => {
    const plan = await planOf(filter);
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/Seq Scan| Sort /);
  });
});
