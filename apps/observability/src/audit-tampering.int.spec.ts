import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runAggregate } from '@cs/automation-application';
import { logSubject, type AggregateRef, type AuditVerification, type RunEvent } from '@cs/contracts';
import { appendEvents, InMemoryEventStore, noAuditKeys, unwritten, type AuditKeys, type LogEntry } from '@cs/eventing';
import { connectNats, ensureStreams, JetStreamAuditAnchors } from '@cs/jetstream';
import { toPosition } from '@cs/kernel';
import { Database, migrate, PostgresAuditQueries, PostgresProjectionStore } from '@cs/postgres';
import { activateAuditKey, foldAudit, headOf, ProjectionMemory, projectBatch, signAnchor, type AuditHead, type AuditRecord } from '@cs/read-models';
import { fixedClock, sha256, startTestNats, startTestPostgres, testAuditKeys, type TestNats, type TestPostgres } from '@cs/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import { verifyAuditOf, type VerificationSources } from './audit-verification.js';
import { parseCheckpoint } from './verification-step.js';

/*
 * A chain of twelve records (1 to 4 without a key, 5 to 8 signed with k1, 9 to 12 with k2), with anchors
 * of 4, 8 and 11, in PostgreSQL and NATS; and what somebody can do who writes to that database.
 */
const tenant = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const keys = testAuditKeys(['k2', 'k1']);
const anchored = [4, 8, 11];

let nats: TestNats;
let postgres: TestPostgres;
let nc: NatsConnection;
let database: Database;
let sources: VerificationSources;
const log = new InMemoryEventStore();
const eventing = { store: log, clock: fixedClock(), digest: sha256 };

const created = (run: string): RunEvent => ({
  event_type: 'run_created',
  data: {
    run_id: run, automation_id: 'refund', tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, trigger_type: 'manual', trigger_reason: `because of ${run}`, requested_by: { kind: 'human', actor_id: 'ada' },
    input: {}, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'strict', node_ids: ['a'],
  },
});
const request = async (run: string): Promise<void> => {
  const ref: AggregateRef = { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: run };
  await appendEvents({ eventing, aggregate: runAggregate }, unwritten(runAggregate, ref), { events: [created(run)], context: { at_ms: 1_000_000, actor: { kind: 'human', actor_id: 'ada' } } });
};
const entries = async (): Promise<readonly LogEntry[]> => {
  const found: LogEntry[] = [];
  for (let position = toPosition(1); ; position = toPosition(position + 1)) {
    const stored = await log.at(position);
    if (stored === undefined) return found;
    found.push({ position, subject: logSubject(stored.ref, stored.status), ref: stored.ref, status: stored.status, body: JSON.stringify(stored.commit), stored });
  }
};
const sql = (text: string): Promise<readonly object[]> => database.query<object>({ text });
const records = async (): Promise<readonly AuditRecord[]> => (await sources.queries.auditRecords(tenant, { from_seq: 1, limit: 100 })).map(({ record }) => record);

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startTestNats({ syncInterval: '2m' }), startTestPostgres()]);
  nc = await connectNats({ url: nats.url, name: 'test' });
  await ensureStreams(nc);
  database = new Database({ url: postgres.url, name: 'test', poolSize: 2 });
  await migrate(database);
  for (let run = 1; run <= 12; run += 1) {
    if (run === 5) await activateAuditKey(eventing, testAuditKeys(['k1']));
    if (run === 9) await activateAuditKey(eventing, keys);
    await request(`r${run}`);
  }
  const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e8 });
  await new PostgresProjectionStore(database).write(projectBatch(await entries(), { memory, digest: sha256, auditKeys: keys, now: 1 }), { after: toPosition(0), published: toPosition(0) });
  sources = { queries: new PostgresAuditQueries(database), anchors: new JetStreamAuditAnchors(nc), log, digest: sha256, auditKeys: keys, clock: () => performance.now() };
  const all = await records();
  for (const seq of anchored) {
    const record = all[seq - 1];
    const last = await sources.anchors.last(tenant);
    const anchor = { ...tenant, seq, record_hash: record?.record_hash ?? '', anchored_at_ms: 1_767_225_600_000, count: (last?.anchor.count ?? 0) + 1, key_id: 'k2' };
    if (!(await sources.anchors.append(signAnchor(anchor, keys), last?.place ?? 0))) throw new Error('not anchored');
  }
  for (const table of ['audit_records', 'audit_heads', 'archive']) await sql(`create table saved_${table} as select * from countersign.${table}`);
}, 60_000);
afterAll(async () => {
  await database.close();
  await nc.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});
beforeEach(async () => {
  for (const table of ['audit_records', 'audit_heads', 'archive']) await sql(`truncate countersign.${table}; insert into countersign.${table} select * from saved_${table}`);
});

const verify = (checkpoint?: string, auditKeys: AuditKeys = keys): Promise<AuditVerification> =>
  verifyAuditOf(tenant, { ...sources, auditKeys }, checkpoint === undefined ? undefined : parseCheckpoint(checkpoint));
const found = async (checkpoint?: string): Promise<readonly (readonly [string, number])[]> => (await verify(checkpoint)).violations.map(({ kind, seq }) => [kind, seq] as const);

/** Writes a chain anew from a record on, with all that is known but the keys; also its head. */
const forge = async (from: number, { key = ({ key_id }) => key_id, guessed = testAuditKeys(['k2', 'k1'], { secret: 'guessed' }) }: { key?: (record: AuditRecord) => string | null; guessed?: AuditKeys } = {}): Promise<void> => {
  let head: AuditHead | undefined;
  for (const record of await records()) {
    const { actor, ...rest } = record;
    const facts = record.seq === from ? { ...rest, actor: { kind: 'human' as const, actor_id: 'eve' } } : { ...rest, actor };
    const forged = record.seq < from ? record : foldAudit(head, facts, { digest: sha256, auditKeys: guessed, key_id: key(record) });
    head = headOf(forged);
    await database.query({
      text: `update countersign.audit_records set actor = $1, prev_hash = $2, record_hash = $3, key_id = $4, segment_start = $5 where org_id = 'acme' and seq = $6`,
      values: [JSON.stringify(forged.actor), forged.prev_hash, forged.record_hash, forged.key_id, forged.segment_start, forged.seq],
    });
  }
  await database.query({ text: `update countersign.audit_heads set record_hash = $1, key_id = $2, segment_start = $3 where org_id = 'acme'`, values: [head?.record_hash, head?.key_id, head?.segment_start] });
  // The commits that the records came from say the same.
  await sql(`update countersign.archive set body = replace(body, '"actor_id":"ada"', '"actor_id":"eve"') where position in (select position from countersign.audit_records where seq = ${from} and org_id = 'acme')`);
};

describe('a chain that nobody touched', () => {
  it('holds, from its start and from every checkpoint', async () => {
    const whole = await verify();
    expect(whole).toMatchObject({ verified: true, complete: true, records: 12, from_seq: 0, to_seq: 12, head_seq: 12, violations: [], missing_keys: [], anchors: { checked: 3, newest_seq: 11, newest_at_ms: 1_767_225_600_000 } });
    expect(await verify(whole.checkpoint)).toMatchObject({ verified: true, records: 0, from_seq: 12, anchors: { checked: 0 } });
    const fifth = (await records())[4];
    expect(await verify(`5.${fifth?.record_hash}`)).toMatchObject({ verified: true, records: 7, from_seq: 5, to_seq: 12, anchors: { checked: 2 } });
  });

  it('of which a key is not there holds but for what it signed, and the key is named once', async () => {
    for (const auditKeys of [testAuditKeys(['k2']), testAuditKeys(['k2', 'k1'], { secret: 'other' }), noAuditKeys]) {
      const { verified, missing_keys, violations } = await verify(undefined, auditKeys);
      expect(verified).toBe(false);
      expect(violations.filter(({ detail }) => detail.includes('"k1"'))).toMatchObject([{ kind: 'record_integrity_failure', seq: 5 }]);
      expect(missing_keys).toContain('k1');
    }
  });
});

describe('a byte', () => {
  const columns = ['org_id', 'workspace_id', 'deployment_id', 'seq', 'event_id', 'durability', 'event_type', 'tenant_source', 'actor', 'payload', 'created_at_ms', 'prev_hash', 'record_hash', 'position', 'event_index', 'key_id', 'segment_start'];
  const numbers = new Set(['seq', 'created_at_ms', 'position', 'event_index', 'segment_start']);
  const flipped = (column: string): string => (numbers.has(column) ? `${column} + 1000` : `case when ${column} = '' then 'x' else overlay(${column} placing chr(ascii(substr(${column}, 2, 1)) # 1) from 2 for 1) end`);

  it('is told of every column that the table has', async () => {
    const rows = await database.query<{ column_name: string }>({ text: `select column_name from information_schema.columns where table_schema = 'countersign' and table_name = 'audit_records'` });
    expect(rows.map(({ column_name }) => column_name).sort()).toEqual([...columns].sort());
  });

  it.each(columns.flatMap((column) => [2, 6, 12].map((seq) => ({ column, seq }))))('of $column that was changed in record $seq is found', async ({ column, seq }) => {
    const [changed] = await database.query<{ n: number }>({ text: `with changed as (update countersign.audit_records set ${column} = ${flipped(column)} where org_id = 'acme' and seq = ${seq} and ${column} is not null returning 1) select count(*) as n from changed` });
    const { verified, violation } = await verify();
    // Only records without a key have no key to change.
    expect(changed?.n).toBe(seq === 2 && ['key_id', 'segment_start'].includes(column) ? 0 : 1);
    expect(verified).toBe(changed?.n === 0);
    if (changed?.n === 1) expect(violation?.seq).toBeGreaterThanOrEqual(seq);
  });
});

describe('tampering', () => {
  const shift = (where: string, by: number): string => `update countersign.audit_records set seq = seq + ${by} where org_id = 'acme' and ${where}`;

  it.each<{ what: string; tamper: readonly string[]; kind: string; seq: number }>([
    { what: 'a record that was dropped', tamper: [`delete from countersign.audit_records where org_id = 'acme' and seq = 6`], kind: 'seq_gap', seq: 7 },
    { what: 'a record that was dropped, and the others moved up', tamper: [`delete from countersign.audit_records where org_id = 'acme' and seq = 6`, shift('seq > 6', 1000), shift('seq > 1000', -1001)], kind: 'chain_break', seq: 6 },
    { what: 'the first record that was dropped', tamper: [`delete from countersign.audit_records where org_id = 'acme' and seq = 1`], kind: 'seq_gap', seq: 2 },
    { what: 'two records that changed places', tamper: [shift('seq = 6', 1000), shift('seq = 7', -1), shift('seq = 1006', -999)], kind: 'chain_break', seq: 6 },
    { what: 'an end that was cut off', tamper: [`delete from countersign.audit_records where org_id = 'acme' and seq > 9`], kind: 'seq_gap', seq: 10 },
    {
      what: 'an end that was cut off with its head', kind: 'external_anchor_failure', seq: 11,
      tamper: [`delete from countersign.audit_records where org_id = 'acme' and seq > 9`, `update countersign.audit_heads h set seq = 9, record_hash = r.record_hash from countersign.audit_records r where h.org_id = 'acme' and r.org_id = 'acme' and r.seq = 9`],
    },
    { what: 'an old copy of the whole audit', tamper: ['truncate countersign.audit_records, countersign.audit_heads'], kind: 'external_anchor_failure', seq: 4 },
    { what: 'a record that was added behind the end', tamper: [`insert into countersign.audit_records select (jsonb_populate_record(r, '{"seq": 13}')).* from countersign.audit_records r where org_id = 'acme' and seq = 12`], kind: 'chain_break', seq: 13 },
    { what: 'a signature that was taken off', tamper: [`update countersign.audit_records set key_id = null, segment_start = null where org_id = 'acme' and seq = 7`], kind: 'legacy_record_after_keyed_segment', seq: 7 },
    { what: 'a segment that was moved', tamper: [`update countersign.audit_records set segment_start = 6 where org_id = 'acme' and seq = 6`], kind: 'integrity_segment_boundary', seq: 6 },
    { what: 'a head that was moved back', tamper: [`update countersign.audit_heads set seq = 10 where org_id = 'acme'`], kind: 'chain_break', seq: 12 },
    { what: 'a commit of the archive that was changed', tamper: [`update countersign.archive set body = replace(body, 'because of r6', 'because of x6') where position = 7`], kind: 'record_hash_mismatch', seq: 6 },
    { what: 'a commit of the archive that is gone', tamper: ['delete from countersign.archive where position = 7'], kind: 'record_hash_mismatch', seq: 6 },
  ])('finds $what: $kind', async ({ tamper, kind, seq }) => {
    for (const statement of tamper) await sql(statement);
    expect(await verify()).toMatchObject({ verified: false });
    expect(await found()).toContainEqual([kind, seq]);
  });

  it.each<{ what: string; insert: string; kind: string; seq: number }>([
    { what: 'a record that stands there twice', insert: `insert into countersign.audit_records select * from saved_audit_records where org_id = 'acme' and seq = 6`, kind: 'seq_replay', seq: 6 },
    { what: 'a record without a place', insert: `insert into countersign.audit_records select (jsonb_populate_record(r, '{"seq": null}')).* from saved_audit_records r where org_id = 'acme' and seq = 6`, kind: 'unsequenced_record_after_sequenced_ledger', seq: 12 },
  ])('finds $what, where even the key of the table was dropped', async ({ insert, kind, seq }) => {
    await sql('alter table countersign.audit_records drop constraint audit_records_pkey; alter table countersign.audit_records alter column seq drop not null');
    await sql(insert);
    expect(await found()).toEqual([[kind, seq]]);
    await sql(`truncate countersign.audit_records; alter table countersign.audit_records add constraint audit_records_pkey primary key (org_id, workspace_id, deployment_id, seq)`);
  });
});

describe('somebody who knows how chains are made, and has no key', () => {
  it('cannot make a signed part anew', async () => {
    await forge(6);
    expect((await found())[0]).toEqual(['record_integrity_failure', 6]);
    expect(await found()).toContainEqual(['external_anchor_failure', 8]);
  });

  it('cannot make an unsigned part anew: what follows is signed, and it was anchored', async () => {
    await forge(2);
    const violations = await found();
    expect(violations).toContainEqual(['external_anchor_failure', 4]);
    expect(violations).toContainEqual(['record_integrity_failure', 5]);
  });

  it('cannot take all signatures off', async () => {
    await forge(2, { key: () => null });
    expect(await found()).toContainEqual(['integrity_segment_boundary', 5]);
  });

  it('cannot use a key that is no longer used, even where it became known', async () => {
    await forge(9, { key: () => 'k1', guessed: keys });
    expect((await found())[0]).toEqual(['integrity_segment_boundary', 9]);
  });
});

describe('an old copy', () => {
  it('that the projector went on from is found by what was anchored of the other continuation', async () => {
    await sql(`delete from countersign.audit_records where org_id = 'acme' and seq > 9`);
    const kept = await records();
    const last = kept.at(-1);
    if (last === undefined) throw new Error('too short');
    let head = headOf(last);
    for (const [seq, position] of [[10, 13], [11, 14]] as const) {
      const [original] = await database.query<{ payload: string }>({ text: `select payload from saved_audit_records where org_id = 'acme' and seq = ${seq}` });
      const record = foldAudit(head, { ...last, event_id: `new-${seq}`, payload: JSON.parse(original?.payload ?? '{}') as AuditRecord['payload'], position }, { digest: sha256, auditKeys: keys, key_id: 'k2' });
      head = headOf(record);
      await database.query({
        text: `insert into countersign.audit_records select (jsonb_populate_record(r, $1::jsonb)).* from countersign.audit_records r where org_id = 'acme' and seq = 9`,
        values: [JSON.stringify({ seq, event_id: record.event_id, payload: JSON.stringify(record.payload), prev_hash: record.prev_hash, record_hash: record.record_hash, position })],
      });
    }
    await sql(`update countersign.audit_heads set seq = 11, record_hash = '${head.record_hash}' where org_id = 'acme'`);
    expect(await found()).toContainEqual(['external_anchor_failure', 11]);
  });

  it('is found by whoever kept a checkpoint of their own', async () => {
    const { checkpoint } = await verify();
    await sql(`delete from countersign.audit_records where org_id = 'acme' and seq = 12; update countersign.audit_heads h set seq = 11, record_hash = r.record_hash from countersign.audit_records r where h.org_id = 'acme' and r.org_id = 'acme' and r.seq = 11`);
    expect(await found()).toEqual([]);
    expect(await found(checkpoint)).toEqual([['external_anchor_failure', 12]]);
    const other = checkpoint.replace(/^12\.[0-9a-f]{64}/, `11.${'0'.repeat(64)}`);
    expect(await found(other)).toEqual([['external_anchor_failure', 11]]);
  });
});
