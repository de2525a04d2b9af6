import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { readDiscordKey, refuseDiscordSignature } from './discord-signature.js';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const der = publicKey.export({ format: 'der', type: 'spki' });
const hex = der.subarray(-32).toString('hex');
const key = readDiscordKey(hex);
const atMs = 1_800_000_000_000;
const body = Buffer.from('{"type":1}');

const signed = (timestamp: string, text = body, by = privateKey) => ({ 'x-signature-timestamp': timestamp, 'x-signature-ed25519': sign(null, Buffer.concat([Buffer.from(timestamp), text]), by).toString('hex') });
const at = (offsetS: number): string => String(atMs / 1000 + offsetS);
const refusal = (headers: Readonly<Record<string, string>>, { by = key, sent = body, received_at_ms = atMs } = {}) => refuseDiscordSignature(by, { headers, body: sent, received_at_ms });

describe('Channels: signature suite of Discord', () => {
  it('valid: signed now, with digits of either case', () => {
    expect(refusal(signed(at(0)))).toBeUndefined();
    const headers = signed(at(0));
    expect(refusal({ ...headers, 'x-signature-ed25519': headers['x-signature-ed25519'].toUpperCase() })).toBeUndefined();
  });

  it.each([['both headers', {}], ['the signature', { 'x-signature-timestamp': at(0) }], ['the timestamp', { 'x-signature-ed25519': signed(at(0))['x-signature-ed25519'] }], ['the signature, which is empty', { ...signed(at(0)), 'x-signature-ed25519': '' }]])('missing: %s', (_what, headers) => {
    expect(refusal(headers)).toContain('missing');
  });

  it.each([['no hexadecimal digits', () => 'z'.repeat(128)], ['a digit too few', (mac: string) => mac.slice(1)], ['a digit too many', (mac: string) => `${mac}0`], ['a prefix', (mac: string) => `v0=${mac}`], ['a line feed behind', (mac: string) => `${mac}\n`]])('malformed: %s', (_what, change) => {
    const headers = signed(at(0));
    expect(refusal({ ...headers, 'x-signature-ed25519': change(headers['x-signature-ed25519']) })).toContain('X-Signature-Ed25519');
  });

  it.each([
    ['forged', { ...signed(at(0)), 'x-signature-ed25519': '0'.repeat(128) }], ['other secret: signed by another key', signed(at(0), body, generateKeyPairSync('ed25519').privateKey)],
    ['changed body', signed(at(0), Buffer.from('{"type":2}'))], ['changed timestamp', { ...signed(at(0)), 'x-signature-timestamp': at(1) }],
  ])('%s', (_what, headers) => {
    expect(refusal(headers)).toBe('the signature does not fit');
  });

  it.each([['boundary second accepted', -300, undefined], ['boundary second accepted', 300, undefined], ['too old', -301, '5 minutes'], ['too new', 301, '5 minutes']])('%s: %i s', (_what, offset, expected) => {
    const found = refusal(signed(at(offset)));
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(expected);
  });

  it('too old: a millisecond after the boundary', () => {
    expect(refusal(signed(at(-300)), { received_at_ms: atMs + 1 })).toContain('5 minutes');
  });

  it.each(['', ' ', 'now', '-1', '1e9', '0x10', `${at(0)}.5`, '9'.repeat(40), '0', '999999999999', '١٢٣'])('extreme timestamp: %j', (timestamp) => {
    expect(refusal(signed(timestamp))).toContain('X-Signature-Timestamp');
  });

  it('empty secret: nothing is verified without a key', () => {
    expect(refuseDiscordSignature(readDiscordKey(''), { headers: signed(at(0)), body, received_at_ms: atMs })).toContain('not configured');
  });

  it('key formats: hexadecimal, base64, PEM', () => {
    const formats = [hex, hex.toUpperCase(), ` ${hex}\n`, der.subarray(-32).toString('base64'), der.subarray(-32).toString('base64url'), der.toString('base64'), publicKey.export({ format: 'pem', type: 'spki' }).toString()];
    for (const format of formats) expect(refusal(signed(at(0)), { by: readDiscordKey(format) })).toBeUndefined();
  });

  it('key formats: reads no other key', () => {
    const { publicKey: other } = generateKeyPairSync('x25519');
    const pkcs8 = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })).export({ format: 'der', type: 'pkcs8' }).toString('base64');
    for (const text of ['', 'key', hex.slice(1), `${hex}0`, `g${hex.slice(1)}`, other.export({ format: 'der', type: 'spki' }).toString('base64'), pkcs8]) expect(readDiscordKey(text)).toBeUndefined();
  });

  it('installation secrets do not leak across installations: what the application of another one signed is refused here, without a word of either key', () => {
    const other = generateKeyPairSync('ed25519');
    const otherHex = other.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
    const found = refusal(signed(at(0), body, other.privateKey)) ?? '';
    expect(refusal(signed(at(0), body, other.privateKey), { by: readDiscordKey(otherHex) })).toBeUndefined();
    expect([found, found.includes(hex), found.includes(otherHex)]).toEqual(['the signature does not fit', false, false]);
  });
});
