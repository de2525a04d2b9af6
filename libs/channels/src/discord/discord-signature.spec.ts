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

describe('the signature suite of Discord', () => {
  it('takes what Discord signed, with digits of either case', () => {
    expect(refusal(signed(at(0)))).toBeUndefined();
    const headers = signed(at(0));
    expect(refusal({ ...headers, 'x-signature-ed25519': headers['x-signature-ed25519'].toUpperCase() })).toBeUndefined();
  });

  it('takes a signature 5 minutes off, and none that is older or newer', () => {
    for (const offset of [-300, 300]) expect(refusal(signed(at(offset)))).toBeUndefined();
    for (const offset of [-301, 301]) expect(refusal(signed(at(offset)))).toContain('5 minutes');
    expect(refusal(signed(at(-300)), { received_at_ms: atMs + 1 })).toContain('5 minutes');
  });

  it.each([
    ['no header', {}], ['no signature', { 'x-signature-timestamp': at(0) }], ['no time', { 'x-signature-ed25519': signed(at(0))['x-signature-ed25519'] }],
    ['an empty signature', { ...signed(at(0)), 'x-signature-ed25519': '' }], ['no hexadecimal digits', { ...signed(at(0)), 'x-signature-ed25519': 'z'.repeat(128) }],
    ['a digit too few', { ...signed(at(0)), 'x-signature-ed25519': signed(at(0))['x-signature-ed25519'].slice(1) }], ['a prefix', { ...signed(at(0)), 'x-signature-ed25519': `v0=${signed(at(0))['x-signature-ed25519']}` }],
    ['a forged signature', { ...signed(at(0)), 'x-signature-ed25519': '0'.repeat(128) }], ['another key', signed(at(0), body, generateKeyPairSync('ed25519').privateKey)],
    ['a changed body', signed(at(0), Buffer.from('{"type":2}'))], ['a changed time', { ...signed(at(0)), 'x-signature-timestamp': at(1) }],
    ['a time that is no number', signed('now')], ['a negative time', signed('-1')], ['a fraction', signed(`${at(0)}.5`)], ['a time that overflows', signed('9'.repeat(40))], ['the beginning of time', signed('0')], ['an extreme time', signed('999999999999')],
  ])('refuses %s', (_, headers) => {
    expect(refusal(headers)).toEqual(expect.any(String));
  });

  it('refuses everything without a key', () => {
    expect(refuseDiscordSignature(readDiscordKey(''), { headers: signed(at(0)), body, received_at_ms: atMs })).toContain('not configured');
  });

  it('reads the key formats: hexadecimal, base64, PEM', () => {
    const formats = [hex, hex.toUpperCase(), ` ${hex}\n`, der.subarray(-32).toString('base64'), der.subarray(-32).toString('base64url'), der.toString('base64'), publicKey.export({ format: 'pem', type: 'spki' }).toString()];
    for (const format of formats) expect(refusal(signed(at(0)), { by: readDiscordKey(format) })).toBeUndefined();
  });

  it('reads no other key', () => {
    const { publicKey: other } = generateKeyPairSync('x25519');
    const pkcs8 = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })).export({ format: 'der', type: 'pkcs8' }).toString('base64');
    for (const text of ['', 'key', hex.slice(1), `${hex}0`, `g${hex.slice(1)}`, other.export({ format: 'der', type: 'spki' }).toString('base64'), pkcs8]) expect(readDiscordKey(text)).toBeUndefined();
  });
});
