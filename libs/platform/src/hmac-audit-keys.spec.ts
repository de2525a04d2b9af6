import { createHmac, randomBytes } from 'node:crypto';
import { HmacAuditKeys } from './hmac-audit-keys.adapter.js';

const newKey = (kid: string) => ({ kty: 'oct', kid, k: randomBytes(32).toString('base64url') });
const file = (...keys: readonly object[]): string => JSON.stringify({ keys });

describe('the audit keys of a file', () => {
  it('sign with HMAC-SHA-256, the first one from now on', () => {
    const [newer, older] = [newKey('b'), newKey('a')];
    const keys = new HmacAuditKeys(file(newer, older));
    expect(keys.first?.key_id).toBe('b');
    expect(keys.sign('a', 'text')).toBe(createHmac('sha256', Buffer.from(older.k, 'base64url')).update('text').digest('hex'));
    expect(keys.sign('c', 'text')).toBeUndefined();
    expect(keys.first?.key_check).toBe(keys.check('b'));
    expect(keys.check('a')).not.toBe(keys.check('b'));
  });

  it('may say that an older key is gone', () => {
    const keys = new HmacAuditKeys(file(newKey('b'), { kty: 'oct', kid: 'a', lost: true }));
    expect([keys.isLost('a'), keys.isLost('b'), keys.sign('a', 'text')]).toEqual([true, false, undefined]);
    expect(() => new HmacAuditKeys(file({ kty: 'oct', kid: 'a', lost: true }))).toThrow('marked as lost');
  });

  it.each([
    ['is no JSON', '{"keys":[secret', 'not JSON'],
    ['holds no key', file(), 'holds no key'],
    ['holds a short key', file({ kty: 'oct', kid: 'a', k: randomBytes(31).toString('base64url') }), 'keys[0]'],
    ['holds two keys of one name', file(newKey('a'), newKey('a')), 'same `kid`'],
    ['holds a public key', file({ kty: 'OKP', kid: 'a', x: 'x' }), 'keys[0]'],
  ])('are refused when the file %s, without quoting it', (_what, text, problem) => {
    expect(() => new HmacAuditKeys(text)).toThrow(problem);
    expect(() => new HmacAuditKeys(text)).not.toThrow(/secret,|"k"/);
  });
});
