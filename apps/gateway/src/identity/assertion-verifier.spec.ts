import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JSONWebKeySet, type JWTPayload } from 'jose';
import { AssertionVerifier, parseKeySet } from './assertion-verifier.adapter.js';
import { Identity } from './identity.js';

const nowMs = 1_767_225_600_000;
const nowS = nowMs / 1000;
const claims = {
  tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, human_actor: { actor_id: 'ada', email: 'ada@acme.example' },
  authority_chain: { initiated_by: 'ada', executed_as: 'ada' }, roles: ['admin'],
};

let signing: CryptoKey;
let other: CryptoKey;
let keys: JSONWebKeySet;
beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA', { extractable: true });
  signing = pair.privateKey;
  other = (await generateKeyPair('EdDSA')).privateKey;
  keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'EdDSA' }] };
});

interface Signed {
  readonly payload?: JWTPayload;
  readonly key?: CryptoKey;
  readonly issuer?: string;
  readonly audience?: string;
  readonly iat?: number;
  readonly exp?: number;
}
const sign = ({ payload = claims, key = signing, issuer = 'https://idp.example', audience = 'countersign', iat = nowS, exp = nowS + 300 }: Signed = {}): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', kid: 'k1' }).setIssuer(issuer).setAudience(audience).setIssuedAt(iat).setExpirationTime(exp).setJti('a1').sign(key);
const verifier = (): AssertionVerifier => new AssertionVerifier({ keys, issuer: 'https://idp.example', audience: 'countersign', now: () => nowMs });

describe('a signed assertion', () => {
  it('says who the caller is and what it may do', async () => {
    expect(await verifier().verify(await sign())).toEqual({
      ...claims, org_units: [], capabilities: [], issuer: 'https://idp.example', audience: 'countersign', issued_at_ms: nowMs, expires_at_ms: nowMs + 300_000, assertion_id: 'a1', assertion_key_id: 'k1',
    });
  });

  it.each<[string, () => Signed]>([
    ['by another key', () => ({ key: other })],
    ['of another issuer', () => ({ issuer: 'https://evil.example' })],
    ['for another audience', () => ({ audience: 'billing' })],
    ['that has expired', () => ({ iat: nowS - 600, exp: nowS - 300 })],
    ['from the future', () => ({ iat: nowS + 600, exp: nowS + 900 })],
    ['that is older than a day', () => ({ iat: nowS - 25 * 3600, exp: nowS + 300 })],
    ['without a person', () => ({ payload: { ...claims, human_actor: undefined } })],
    ['for a deployment', () => ({ payload: { ...claims, tenant_context: { ...claims.tenant_context, deployment_id: 'eu' } } })],
  ])('%s is not taken', async (_what, signed) => {
    expect(await verifier().verify(await sign(signed()))).toBeUndefined();
  });

  it('that was changed, or says it needs no signature, is not taken', async () => {
    const [header = '', , signature = ''] = (await sign()).split('.');
    const forged = Buffer.from(JSON.stringify({ ...claims, human_actor: { actor_id: 'eve' } })).toString('base64url');
    expect(await verifier().verify(`${header}.${forged}.${signature}`)).toBeUndefined();
    expect(await verifier().verify(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged}.`)).toBeUndefined();
  });
});

describe('a caller with an assertion', () => {
  const identify = (authorization: string) =>
    new Identity({ host: '127.0.0.1', localImplicit: false, localActor: undefined, keys: undefined, assertions: verifier() }).identify({ headers: { authorization }, remoteAddress: '10.0.0.1', localPort: 4400 });

  it('is the person it names, in its tenant', async () => {
    expect(await identify(`Bearer ${await sign()}`)).toMatchObject({
      ok: true, value: { tenant: { org_id: 'acme', workspace_id: 'ops', actor_id: 'ada', source: 'explicit' }, actor: { kind: 'human', actor_id: 'ada', source: 'assertion' }, verified: { roles: ['admin'] } },
    });
  });

  it('that is not valid is unauthenticated', async () => {
    expect(await identify(`Bearer ${await sign({ key: other })}`)).toMatchObject({ ok: false, refusal: { code: 'UNAUTHENTICATED' } });
    expect(await identify('Bearer a.b.c')).toMatchObject({ ok: false, refusal: { code: 'UNAUTHENTICATED' } });
  });
});

describe('a key set', () => {
  it('with a private or a shared key is refused', async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    const secret = { ...(await exportJWK(pair.privateKey)), kid: 'k1' };
    expect(() => parseKeySet(JSON.stringify({ keys: [secret] }))).toThrow('private key');
    expect(() => parseKeySet(JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'k1' }] }))).toThrow('kty');
    expect(() => parseKeySet('{"keys":[]}')).toThrow('keys');
  });
});
