import { createHmac } from 'node:crypto';
import type { SignatureScheme } from '@cs/contracts';
import { isSameDigest, signatureFault, type Hmac, type SignedRequest, type Verification } from './webhook-signature.js';

const hmac: Hmac = (secret, ...parts) => parts.reduce((mac, part) => mac.update(part), createHmac('sha256', secret)).digest('hex');
const nowS = 1_800_000_000;
const secret = 'the-secret';
const text = '{"id":"evt-1"}';
const body = Buffer.from(text);

type Headers = Record<string, string>;
const headersOf: Record<Exclude<SignatureScheme, 'unsigned_dev_mode'>, (by: string, over: string, atS: number) => Headers> = {
  hmac_sha256_v1: (by, over, atS) => ({ 'countersign-signature': `t=${atS},v1=${hmac(by, `${atS}.${over}`)}` }),
  github_hmac_sha256: (by, over) => ({ 'x-hub-signature-256': `sha256=${hmac(by, over)}` }),
  notion_hmac_sha256: (by, over) => ({ 'x-notion-signature': `sha256=${hmac(by, over)}` }),
  linear_hmac_sha256: (by, over) => ({ 'linear-signature': hmac(by, over) }),
  shared_secret_header_v1: (by) => ({ 'countersign-webhook-secret': by }),
};
const schemes = Object.keys(headersOf) as (keyof typeof headersOf)[];
const signing = schemes.filter((scheme) => scheme !== 'shared_secret_header_v1');
const timed = ['hmac_sha256_v1', 'linear_hmac_sha256'] as const;

interface Sent {
  readonly headers?: Headers;
  readonly body?: Uint8Array;
  readonly signedAtS?: number;
}

const fault = (scheme: SignatureScheme, { headers, body: sent = body, signedAtS = nowS }: Sent = {}, options: Partial<Verification> = {}): string | undefined => {
  const request: SignedRequest = { headers: headers ?? (scheme === 'unsigned_dev_mode' ? {} : headersOf[scheme](secret, text, signedAtS)), body: sent, bodyTimeMs: () => signedAtS * 1000 };
  return signatureFault(request, { scheme, secrets: [secret], at_ms: nowS * 1000 + 999, toleranceMs: 300_000, hmac, ...options });
};

describe('a webhook signature', () => {
  it.each(schemes)('is valid when the sender signed these bytes with the secret: %s', (scheme) => {
    expect(fault(scheme)).toBeUndefined();
  });

  it.each(schemes)('is refused when it is missing or empty: %s', (scheme) => {
    const [name = ''] = Object.keys(headersOf[scheme](secret, text, nowS));
    expect(fault(scheme, { headers: {} })).toMatch(/missing/);
    expect(fault(scheme, { headers: { [name]: '' } })).toMatch(/missing/);
  });

  it.each(schemes)('is refused when another secret made it: %s', (scheme) => {
    expect(fault(scheme, { headers: headersOf[scheme]('another-secret', text, nowS) })).toBe('the signature is not valid');
  });

  it.each(signing)('is refused when the body was changed: %s', (scheme) => {
    expect(fault(scheme, { body: Buffer.from('{"id":"evt-2"}') })).toBe('the signature is not valid');
    expect(fault(scheme, { body: Buffer.from(`${text}\n`) })).toBe('the signature is not valid');
  });

  it.each(signing)('is refused when it is malformed: %s', (scheme) => {
    const [[name, value] = ['', '']] = Object.entries(headersOf[scheme](secret, text, nowS));
    for (const wrong of [value.slice(0, -1), `${value}0`, value.replace(/[0-9a-f]$/, 'g'), value.toUpperCase(), ` ${value}`, 'sha1=00', value.replace('=', ':')]) {
      if (wrong !== value) expect([wrong, fault(scheme, { headers: { [name]: wrong } })]).toEqual([wrong, expect.any(String)]);
    }
  });

  it.each(schemes)('is never made by an empty secret: %s', (scheme) => {
    expect(fault(scheme, { headers: headersOf[scheme]('', text, nowS) }, { secrets: [''] })).toBeDefined();
    expect(fault(scheme, {}, { secrets: [] })).toBe('the signature is not valid');
  });

  it.each(schemes)('may be made with the secret before, while both are good: %s', (scheme) => {
    expect(fault(scheme, {}, { secrets: ['new-secret', secret] })).toBeUndefined();
  });

  it.each(timed)('is refused when it is too old or too new, and accepted in the boundary second: %s', (scheme) => {
    const at = (signedAtS: number): string | undefined => fault(scheme, { signedAtS }, { at_ms: nowS * 1000 });
    expect([at(nowS - 300), at(nowS + 300)]).toEqual([undefined, undefined]);
    expect([at(nowS - 301), at(nowS + 301)]).toEqual(['the signed time is too far from now', 'the signed time is too far from now']);
  });

  it('takes the boundary second whole', () => {
    expect(fault('hmac_sha256_v1', { signedAtS: nowS - 300 }, { at_ms: nowS * 1000 + 999 })).toBeUndefined();
  });

  it.each(['999999999999', '9'.repeat(13), '-1', '1e9', 'NaN', '', '１'])('is refused with an extreme or malformed time "%s"', (time) => {
    expect(fault('hmac_sha256_v1', { headers: { 'countersign-signature': `t=${time},v1=${hmac(secret, `${time}.${text}`)}` } })).toBeDefined();
  });

  it('of Linear is refused when the signed body says no time', () => {
    const request: SignedRequest = { headers: headersOf.linear_hmac_sha256(secret, text, nowS), body, bodyTimeMs: () => undefined };
    expect(signatureFault(request, { scheme: 'linear_hmac_sha256', secrets: [secret], at_ms: nowS * 1000, toleranceMs: 300_000, hmac })).toBe('the body has no webhookTimestamp');
  });

  it('of Linear is checked before anything reads the body', () => {
    const request: SignedRequest = {
      headers: headersOf.linear_hmac_sha256('another', text, nowS), body,
      bodyTimeMs: () => {
        throw new Error('the body was read');
      },
    };
    expect(signatureFault(request, { scheme: 'linear_hmac_sha256', secrets: [secret], at_ms: nowS * 1000, toleranceMs: 300_000, hmac })).toBe('the signature is not valid');
  });

  it('v1 may be one of several, as a sender has them while it changes its secret', () => {
    const good = hmac(secret, `${nowS}.${text}`);
    expect(fault('hmac_sha256_v1', { headers: { 'countersign-signature': `t=${nowS},v1=${'0'.repeat(64)},v1=${good}` } })).toBeUndefined();
  });

  it('stands in the header that the trigger names, for a shared secret', () => {
    expect(fault('shared_secret_header_v1', { headers: { 'x-gitlab-token': secret } }, { secretHeader: 'x-gitlab-token' })).toBeUndefined();
    expect(fault('shared_secret_header_v1', {}, { secretHeader: 'x-gitlab-token' })).toBe('header x-gitlab-token is missing');
  });

  it('compares digests of equal length only', () => {
    expect([isSameDigest('ab', 'ab'), isSameDigest('ab', 'ac'), isSameDigest('ab', 'abc')]).toEqual([true, false, false]);
  });
});
