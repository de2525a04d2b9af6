import type { Caller } from '../identity/caller.js';
import { createFormToken, readFormToken, type FormPurpose } from './form-token.js';
import { PageSecrets } from './page-secrets.js';

const secrets = new PageSecrets(Buffer.alloc(32, 1));
const others = new PageSecrets(Buffer.alloc(32, 2));
const caller = (actor_id: string, org_id = 'acme'): Caller => ({ tenant: { org_id, workspace_id: 'ops', source: 'explicit' }, actor: { kind: 'human', actor_id, source: 'api_key' } });
const purpose: FormPurpose = { caller: caller('ada'), act: 'decide', about: 'o1' };
const now = 1_767_225_600_000;

describe('what is sealed', () => {
  it('is read by who has the same secret only, and not when a character was changed', () => {
    const sealed = secrets.seal('credential');
    expect(secrets.open(sealed)).toBe('credential');
    expect(others.open(sealed)).toBeUndefined();
    for (const at of [0, 20, sealed.length - 2]) expect(secrets.open(`${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`)).toBeUndefined();
    for (const other of ['', 'x', 'not sealed at all, by anyone, ever']) expect(secrets.open(other)).toBeUndefined();
    expect(secrets.seal('credential')).not.toBe(sealed);
  });

  it('needs a secret that is long enough', () => {
    expect(() => new PageSecrets(Buffer.alloc(31))).toThrow('32 bytes');
  });
});

describe('the token of a form', () => {
  const read = (token: string, change: Partial<FormPurpose> = {}, nowMs = now) => readFormToken(secrets, { ...purpose, ...change }, { token, nowMs });

  it('is good for its person and its opening, and for nothing else', () => {
    const token = createFormToken(secrets, purpose, now);
    expect(read(token)).toMatch(/^[0-9a-f-]{36}$/);
    expect(read(token, { about: 'o2' })).toBeUndefined();
    expect(read(token, { act: 'answer' })).toBeUndefined();
    expect(read(token, { caller: caller('eve') })).toBeUndefined();
    expect(read(token, { caller: caller('ada', 'other') })).toBeUndefined();
    expect(readFormToken(others, purpose, { token, nowMs: now })).toBeUndefined();
  });

  it('is good for two hours, and has no other expiry than its own', () => {
    const token = createFormToken(secrets, purpose, now);
    expect(read(token, {}, now + 7_199_999)).toBeDefined();
    expect(read(token, {}, now + 7_200_000)).toBeUndefined();
    const [nonce = '', expiry = '', signature = ''] = token.split('.');
    expect(read(`${nonce}.${Number(expiry) + 1}.${signature}`)).toBeUndefined();
    for (const other of ['', 'a.b.c', token.slice(1), `${token}x`]) expect(read(other)).toBeUndefined();
  });
});
