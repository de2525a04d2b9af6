import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from '@cs/kernel';
import { sha256 } from '@cs/testing';
import { foldAudit, type AuditRecord } from './audit-record.js';
import { LogHistory, newMemory, project } from './log-history.fixture.js';
import { verifyAgainstSource, verifyAuditChain } from './verify-audit-chain.js';

const history = (): LogHistory => {
  const log = new LogHistory();
  log.created('r1', { card_number: 'private input' });
  log.claimed('r1');
  log.gateOpened('r1', 'o1', { token: 'private output' });
  log.decided('r1', 'o1', 'approve');
  log.completed('r1');
  log.created('r2');
  return log;
};
const chain = (): readonly AuditRecord[] => project(history().entries).audit_records;
const replace = (records: readonly AuditRecord[], index: number, change: Partial<AuditRecord>): readonly AuditRecord[] => records.map((record, at) => (at === index ? { ...record, ...change } : record));

describe('the audit chain', () => {
  it('records protected events in order, each bound to the one before it', () => {
    const records = chain();
    expect(records.map(({ seq, event_type }) => [seq, event_type])).toEqual([
      [1, 'automation.governance.run_requested'], [2, 'automation.governance.gate_opened'], [3, 'automation.governance.gate_decided'], [4, 'automation.governance.run_requested'],
    ]);
    expect(records.map(({ prev_hash }) => prev_hash)).toEqual([null, ...records.slice(0, -1).map(({ record_hash }) => record_hash)]);
    expect(verifyAuditChain(records, sha256)).toEqual({ verified: { seq: 4, record_hash: records[3]?.record_hash } });
  });

  it('can be computed by anyone from what a record shows', () => {
    const [, second] = chain();
    if (!second) throw new Error('too short');
    const covered = {
      event_id: second.event_id, durability: 'durable_required', event_type: second.event_type, tenant_org: 'acme', tenant_workspace: 'ops', tenant_deployment: null, tenant_actor: null, tenant_source: 'explicit',
      actor: second.actor, payload: second.payload, created_at_ms: second.created_at_ms, seq: 2, prev_hash: second.prev_hash,
    };
    expect(second.record_hash).toBe(sha256(`${second.prev_hash}${canonicalJson(covered)}`));
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

  it.each([
    { what: 'a changed payload', tamper: (records: readonly AuditRecord[]) => replace(records, 2, { payload: { decision: 'cancel' } }), kind: 'record_hash_mismatch', seq: 3 },
    { what: 'a changed actor', tamper: (records: readonly AuditRecord[]) => replace(records, 0, { actor: { kind: 'human', actor_id: 'eve' } }), kind: 'record_hash_mismatch', seq: 1 },
    { what: 'a missing record', tamper: (records: readonly AuditRecord[]) => records.filter(({ seq }) => seq !== 2), kind: 'seq_gap', seq: 3 },
    { what: 'a repeated record', tamper: (records: readonly AuditRecord[]) => [...records.slice(0, 2), ...records.slice(1)], kind: 'seq_replay', seq: 2 },
    { what: 'a record of another chain', tamper: (records: readonly AuditRecord[]) => replace(records, 1, { prev_hash: sha256('elsewhere') }), kind: 'chain_break', seq: 2 },
  ])('shows $what', ({ tamper, kind, seq }) => {
    expect(verifyAuditChain(tamper(chain()), sha256).violation).toMatchObject({ kind, seq });
  });

  it('can be verified page by page', () => {
    const records = chain();
    const { verified } = verifyAuditChain(records.slice(0, 2), sha256);
    expect(verifyAuditChain(records.slice(2), sha256, verified).violation).toBeUndefined();
  });

  it('shows a chain that was rewritten as a whole, against the commits that it came from', () => {
    const { entries } = history();
    const [first] = project(entries).audit_records;
    if (!first) throw new Error('no record');
    expect(verifyAgainstSource(first, entries[0]?.stored)).toBeUndefined();
    const rewritten = foldAudit(undefined, { ...first, payload: { ...first.payload, requestedBy: { kind: 'human', actor_id: 'eve' } } }, sha256);
    expect(verifyAuditChain([rewritten], sha256).violation).toBeUndefined();
    expect(verifyAgainstSource(rewritten, entries[0]?.stored)).toMatchObject({ kind: 'record_hash_mismatch', seq: 1 });
    expect(verifyAgainstSource(first, undefined)).toMatchObject({ kind: 'record_hash_mismatch' });
  });
});
