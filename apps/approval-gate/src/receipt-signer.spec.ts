import { createLocalJWKSet, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify, type JSONWebKeySet } from 'jose';
import { JwsReceiptSigner, receiptType } from './receipt-signer.adapter.js';

const privateKey = async (kid: string) => ({ ...(await exportJWK((await generateKeyPair('EdDSA', { extractable: true })).privateKey)), kid });
const claims = { run_id: 'run-1', decision: 'approve' };
const receipt = { id: 'decision-1', issued_at_ms: 1_767_225_600_123 };
const keysOf = (signer: JwsReceiptSigner) => createLocalJWKSet(signer.publicKeys() as unknown as JSONWebKeySet);
const check = { typ: receiptType, issuer: 'https://countersign.example' };

describe('a receipt', () => {
  it('is verified with the public keys alone', async () => {
    const signer = await JwsReceiptSigner.of(JSON.stringify({ keys: [await privateKey('k1')] }), 'https://countersign.example');
    const { payload } = await jwtVerify(await signer.sign(claims, receipt), keysOf(signer), check);
    expect(payload).toEqual({ ...claims, iss: 'https://countersign.example', jti: 'decision-1', iat: 1_767_225_600 });
    expect(JSON.stringify(signer.publicKeys())).not.toContain('"d"');
  });

  it('is the same each time it is asked for', async () => {
    const signer = await JwsReceiptSigner.of(JSON.stringify({ keys: [await privateKey('k1')] }), 'x');
    expect(await signer.sign(claims, receipt)).toBe(await signer.sign(claims, receipt));
  });

  it('signed before a rotation is still verified after it, and new ones have the new key', async () => {
    const [older, newer] = [await privateKey('older'), await privateKey('newer')];
    const before = await JwsReceiptSigner.of(JSON.stringify({ keys: [older] }), 'https://countersign.example');
    const after = await JwsReceiptSigner.of(JSON.stringify({ keys: [newer, older] }), 'https://countersign.example');
    const old = await before.sign(claims, receipt);
    await expect(jwtVerify(old, keysOf(after), check)).resolves.toMatchObject({ payload: claims });
    expect(decodeProtectedHeader(await after.sign(claims, receipt)).kid).toBe('newer');
  });

  it('that was changed is not verified', async () => {
    const signer = await JwsReceiptSigner.of(JSON.stringify({ keys: [await privateKey('k1')] }), 'https://countersign.example');
    const [header = '', , signature = ''] = (await signer.sign(claims, receipt)).split('.');
    const forged = Buffer.from(JSON.stringify({ ...claims, decision: 'cancel', iss: 'https://countersign.example' })).toString('base64url');
    await expect(jwtVerify(`${header}.${forged}.${signature}`, keysOf(signer), check)).rejects.toThrow('signature');
  });

  it.each([['no key', '{"keys":[]}'], ['a public key', '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"abc","kid":"k"}]}'], ['another kind of key', '{"keys":[{"kty":"EC","crv":"P-256","x":"a","d":"s3cr3t","kid":"k"}]}']])('is not signed with %s', async (_what, text) => {
    await expect(JwsReceiptSigner.of(text, 'x')).rejects.toThrow('private Ed25519 keys');
    await expect(JwsReceiptSigner.of(text, 'x')).rejects.not.toThrow('s3cr3t');
  });
});
