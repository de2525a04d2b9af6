import { InMemoryEventStore, noAuditKeys } from '@cs/eventing';
import { fixedClock, sha256, testAuditKeys } from '@cs/testing';
import { activateAuditKey, auditKeyHistory } from './activate-audit-key.js';
import { auditKeyDecider, type AuditKeyState } from './audit-key.decider.js';

const k1 = testAuditKeys(['k1']);
const signing = (key_id: string, secret?: string): AuditKeyState => ({ key_id, key_check: testAuditKeys([key_id], secret === undefined ? {} : { secret }).check(key_id) ?? '' });

describe('the key of the audit', () => {
  it('begins to sign when there is none', () => {
    expect(auditKeyDecider.decide(k1, undefined)).toEqual({
      kind: 'accepted', events: [{ event_type: 'audit_key_activated', data: { ...k1.first, algorithm: 'hmac-sha256', previous_key_id: null } }],
    });
    expect(auditKeyDecider.decide(noAuditKeys, undefined)).toEqual({ kind: 'accepted', events: [] });
  });

  it('stays when it is the first one', () => {
    expect(auditKeyDecider.decide(testAuditKeys(['k1', 'k0']), signing('k1'))).toEqual({ kind: 'accepted', events: [] });
  });

  it('gives way to another first one, where it is known', () => {
    expect(auditKeyDecider.decide(testAuditKeys(['k2', 'k1']), signing('k1'))).toMatchObject({ kind: 'accepted', events: [{ data: { key_id: 'k2', previous_key_id: 'k1' } }] });
  });

  it.each([
    { which: 'that do not have it', keys: testAuditKeys(['k2']), state: signing('k1'), code: 'AUDIT_KEY_MISSING' },
    { which: 'of which there are none', keys: noAuditKeys, state: signing('k1'), code: 'AUDIT_KEY_MISSING' },
    { which: 'that have another one of its name', keys: testAuditKeys(['k1']), state: signing('k1', 'other'), code: 'AUDIT_KEY_CHANGED' },
  ])('is not replaced by keys $which', ({ keys, state, code }) => {
    expect(auditKeyDecider.decide(keys, state)).toMatchObject({ kind: 'refused', refusal: { code } });
  });

  it('gives way when somebody says that it is lost', () => {
    expect(auditKeyDecider.decide(testAuditKeys(['k2'], { lost: ['k1'] }), signing('k1'))).toMatchObject({ kind: 'accepted', events: [{ data: { key_id: 'k2' } }] });
  });
});

describe('activating a key', () => {
  it('is recorded once, however often and by how many it is asked for, and can be read back', async () => {
    const eventing = { store: new InMemoryEventStore(), clock: fixedClock(), digest: sha256 };
    expect(await auditKeyHistory(eventing.store)).toEqual([]);
    await Promise.all([1, 2, 3].map(() => activateAuditKey(eventing, k1)));
    await activateAuditKey(eventing, testAuditKeys(['k2', 'k1']));
    await activateAuditKey(eventing, testAuditKeys(['k2', 'k1']));
    expect((await auditKeyHistory(eventing.store)).map(({ position, key_id }) => [position, key_id])).toEqual([[1, 'k1'], [2, 'k2']]);
    await expect(activateAuditKey(eventing, k1)).rejects.toThrow('the audit key "k2", which signs now, is not in COUNTERSIGN_AUDIT_KEYS_FILE');
  });
});
