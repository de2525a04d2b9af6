import { describe, expect, it } from '@jest/globals';
import { AuditKeyMissingError, noAuditKeys, type AuditKeys } from '@cs/eventing';
import { canonicalJson } from '@cs/kernel';
import { sha256, testAuditKeys } from '@cs/testing';
import type { AuditKeyActivation } from './activate-audit-key.js';
import { foldAudit, headOf, type AuditHead, type AuditRecord } from './audit-chain.js';
import type { AuditViolation } from './audit-violation.js';
import { LogHistory, newMemory, project } from './log-history.fixture.js';
import { chainStart, linkOf, verifyAgainstSource, verifyRecord, type ChainLink } from './verify-audit-chain.js';

const keys = testAuditKeys(['k2', 'k1']);

/** Two records without a key, two signed with k1, two with k2. */
const history = (): LogHistory => {
  const log = new LogHistory();
  log.created('r1', { card_number: 'private input' });
  log.claimed('r1');
  log.gateOpened('r1', 'o1', { output: { token: 'private output' } });
  log.keyActivated('k1', keys.check('k1') ?? '');
  log.decided('r1', 'o1', 'approve');
  log.created('r2');
  log.keyActivated('k2', keys.check('k2') ?? '');
  log.created('r3');
  log.created('r4');
  return log;
};
const activations: readonly AuditKeyActivation[] = [{ position: 4, key_id: 'k1', key_check: keys.check('k1') ?? '' }, { position: 7, key_id: 'k2', key_check: keys.check('k2') ?? '' }];
const chain = (auditKeys: AuditKeys = keys): readonly AuditRecord[] => project(history().entries, newMemory(), auditKeys).audit_records.filter(({ org_id }) => org_id === 'acme');

const verify = (records: readonly AuditRecord[], { from = chainStart, auditKeys = keys }: { from?: ChainLink; auditKeys?: AuditKeys } = {}): readonly AuditViolation[] => {
  let before = from;
  return records.flatMap((record) => {
    const found = verifyRecord(record, before, { digest: sha256, auditKeys, activations });
    before = linkOf(record);
    return found === undefined ? [] : [found];
  });
};
const replace = (records: readonly AuditRecord[], seq: number, change: Partial<AuditRecord>): readonly AuditRecord[] => records.map((record) => (record.seq === seq ? { ...record, ...change } : record));

/** What somebody can do who knows how chains are made, and has these keys. */
const forge = (records: readonly AuditRecord[], { from, change, auditKeys, key }: { from: number; change: Partial<AuditRecord>; auditKeys: AuditKeys; key: (record: AuditRecord) => string | null }): readonly AuditRecord[] => {
  let head: AuditHead | undefined;
  return records.map((record) => {
    const forged = record.seq < from ? record : foldAudit(head, record.seq === from ? { ...record, ...change } : record, { digest: sha256, auditKeys, key_id: key(record) });
    head = headOf(forged);
    return forged;
  });
};

describe('the audit chain', () => {
  it('records protected events in order, each bound to the one before it, and signed with the key of its time', () => {
    const records = chain();
    expect(records.map(({ seq, event_type, key_id, segment_start }) => [seq, event_type, key_id, segment_start])).toEqual([
      [1, 'automation.governance.run_requested', null, null], [2, 'automation.governance.gate_opened', null, null], [3, 'automation.governance.gate_decided', 'k1', 3],
      [4, 'automation.governance.run_requested', 'k1', 3], [5, 'automation.governance.run_requested', 'k2', 5], [6, 'automation.governance.run_requested', 'k2', 5],
    ]);
    expect(records.map(({ prev_hash }) => prev_hash)).toEqual([null, ...records.slice(0, -1).map(({ record_hash }) => record_hash)]);
    expect(verify(records)).toEqual([]);
  });

  it('leaves the records of before the first key as they were without one', () => {
    const unsigned = project(history().entries.slice(0, 3)).audit_records;
    expect(chain().slice(0, 2)).toEqual(unsigned);
  });

  it('is the same however the log is split into batches, across every change of the key', () => {
    const { entries } = history();
    const memory = newMemory();
    expect(entries.flatMap((entry) => project([entry], memory, keys).audit_records)).toEqual(project(entries, newMemory(), keys).audit_records);
  });

  it('records each change of the key itself, signed with the new one', () => {
    const records = project(history().entries, newMemory(), keys).audit_records.filter(({ org_id }) => org_id === '_system');
    expect(records.map(({ event_type, payload, key_id }) => [event_type, payload['key_id'], key_id])).toEqual([['audit.key_activated', 'k1', 'k1'], ['audit.key_activated', 'k2', 'k2']]);
  });

  it('cannot be projected without the key of its time, unless that is known to be lost', () => {
    expect(() => chain(testAuditKeys(['k2']))).toThrow(AuditKeyMissingError);
    expect(() => chain(testAuditKeys(['k2']))).toThrow('"k1"');
    expect(() => chain(noAuditKeys)).toThrow(AuditKeyMissingError);
    expect(chain(testAuditKeys(['k2'], { lost: ['k1'] })).map(({ key_id }) => key_id)).toEqual([null, null, 'k1', 'k1', 'k2', 'k2']);
  });

  it.each([2, 4])('can be computed by anyone who has the key, from what record %i shows', (seq) => {
    const record = chain()[seq - 1];
    if (!record) throw new Error('too short');
    const covered = {
      event_id: record.event_id, durability: 'durable_required', event_type: record.event_type, tenant_org: 'acme', tenant_workspace: 'ops', tenant_deployment: null, tenant_actor: null, tenant_source: 'explicit',
      actor: record.actor, payload: record.payload, created_at_ms: record.created_at_ms, seq, prev_hash: record.prev_hash,
    };
    const text = `${record.prev_hash}${canonicalJson(covered)}`;
    expect(record.record_hash).toBe(record.key_id === null ? sha256(text) : keys.sign(record.key_id, text));
  });

  it('keeps decisions and identities, and neither inputs nor outputs', () => {
    const text = JSON.stringify(chain());
    expect(text).not.toContain('private');
    expect(chain()[2]?.payload).toMatchObject({ runID: 'r1', automationID: 'refund', nodeID: 'sign', decision: 'approve', reason: 'as agreed', decidedBy: { kind: 'human', actor_id: 'ada' } });
  });

  it('is one per tenant', () => {
    const entries = [new LogHistory(), new LogHistory({ org_id: 'acme', workspace_id: 'ops', deployment_id: 'eu', source: 'explicit' })].flatMap((log) => [log.created(`r-${log.tenant.deployment_id ?? 'none'}`)]);
    expect(project(entries, newMemory()).audit_records.map(({ deployment_id, seq }) => [deployment_id, seq])).toEqual([['', 1], ['eu', 1]]);
  });
});

describe('verification', () => {
  const eve = { actor: { kind: 'human', actor_id: 'eve' } } as const;

  it.each<{ what: string; tamper: (records: readonly AuditRecord[]) => readonly AuditRecord[]; kind: string; seq: number }>([
    { what: 'a changed payload of before the first key', tamper: (records) => replace(records, 2, { payload: { decision: 'cancel' } }), kind: 'record_hash_mismatch', seq: 2 },
    { what: 'a changed actor of before the first key', tamper: (records) => replace(records, 1, eve), kind: 'record_hash_mismatch', seq: 1 },
    { what: 'a changed payload of a signed record', tamper: (records) => replace(records, 3, { payload: { decision: 'cancel' } }), kind: 'record_integrity_failure', seq: 3 },
    { what: 'a missing record', tamper: (records) => records.filter(({ seq }) => seq !== 2), kind: 'seq_gap', seq: 3 },
    { what: 'a repeated record', tamper: (records) => [...records.slice(0, 2), ...records.slice(1)], kind: 'seq_replay', seq: 2 },
    { what: 'a record of another chain', tamper: (records) => replace(records, 2, { prev_hash: sha256('elsewhere') }), kind: 'chain_break', seq: 2 },
    { what: 'two records that changed places', tamper: (records) => records.map((record) => ({ ...record, seq: ({ 5: 6, 6: 5 } as Record<number, number>)[record.seq] ?? record.seq })).sort((a, b) => a.seq - b.seq), kind: 'chain_break', seq: 5 },
    { what: 'two records that changed places across a change of the key', tamper: (records) => [...records.slice(0, 1), ...[records[2], records[1]].flatMap((record, index) => (record ? [{ ...record, seq: 2 + index }] : [])), ...records.slice(3)], kind: 'integrity_segment_boundary', seq: 2 },
    { what: 'a record without a place', tamper: (records) => records.map((record) => (record.seq === 4 ? { ...record, seq: 0 } : record)), kind: 'unsequenced_record_after_sequenced_ledger', seq: 3 },
    { what: 'a record whose signature was taken off', tamper: (records) => replace(records, 4, { key_id: null, segment_start: null }), kind: 'legacy_record_after_keyed_segment', seq: 4 },
    { what: 'a record that names another key', tamper: (records) => replace(records, 4, { key_id: 'k2', segment_start: 4 }), kind: 'integrity_segment_boundary', seq: 4 },
    { what: 'a boundary that was moved', tamper: (records) => replace(records, 4, { segment_start: 4 }), kind: 'integrity_segment_boundary', seq: 4 },
  ])('names $what', ({ tamper, kind, seq }) => {
    expect(verify(tamper(chain()))[0]).toMatchObject({ kind, seq });
  });

  it.each<{ who: string; forged: readonly AuditRecord[]; kind: string; seq: number }>([
    { who: 'without a key, behind the first key', forged: forge(chain(), { from: 3, change: eve, auditKeys: testAuditKeys(['k2', 'k1'], { secret: 'guessed' }), key: ({ key_id }) => key_id }), kind: 'record_integrity_failure', seq: 3 },
    { who: 'without a key, who takes all signatures off', forged: forge(chain(), { from: 1, change: eve, auditKeys: noAuditKeys, key: () => null }), kind: 'integrity_segment_boundary', seq: 3 },
    { who: 'with the older key, who uses it for later records', forged: forge(chain(), { from: 5, change: eve, auditKeys: keys, key: () => 'k1' }), kind: 'integrity_segment_boundary', seq: 5 },
    { who: 'without a key, before the first key', forged: forge(chain(), { from: 2, change: eve, auditKeys: testAuditKeys(['k2', 'k1'], { secret: 'guessed' }), key: ({ key_id }) => key_id }), kind: 'record_integrity_failure', seq: 3 },
  ])('finds a chain that was made anew by somebody $who', ({ forged, kind, seq }) => {
    expect(verify(forged)[0]).toMatchObject({ kind, seq });
  });

  it('goes on behind what it finds', () => {
    expect(verify(replace(replace(chain(), 2, eve), 5, eve)).map(({ kind, seq }) => [kind, seq])).toEqual([['record_hash_mismatch', 2], ['record_integrity_failure', 5]]);
  });

  it('goes on where an earlier one ended', () => {
    const [, , , fourth, ...rest] = chain();
    if (!fourth) throw new Error('too short');
    expect(verify(rest, { from: linkOf(fourth) })).toEqual([]);
  });

  it('checks all but the signatures of a key that is not there', () => {
    const some = { auditKeys: testAuditKeys(['k2']) };
    expect(verify(chain(), some)).toEqual([]);
    expect(verify(replace(chain(), 4, { prev_hash: sha256('elsewhere') }), some)).toMatchObject([{ kind: 'chain_break', seq: 4 }]);
  });

  it('shows a chain that was made anew as a whole, against the commits that it came from', () => {
    const { entries } = history();
    const [first] = project(entries.slice(0, 1)).audit_records;
    if (!first) throw new Error('no record');
    expect(verifyAgainstSource(first, entries[0]?.stored)).toBeUndefined();
    const rewritten = foldAudit(undefined, { ...first, payload: { ...first.payload, requestedBy: { kind: 'human', actor_id: 'eve' } } }, { digest: sha256, key_id: null });
    expect(verify([rewritten])).toEqual([]);
    expect(verifyAgainstSource(rewritten, entries[0]?.stored)).toMatchObject({ kind: 'record_hash_mismatch', seq: 1 });
    expect(verifyAgainstSource(first, undefined)).toMatchObject({ kind: 'record_hash_mismatch' });
  });
});
