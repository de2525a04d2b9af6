import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiKeyRing, parseApiKeyFile } from './api-key-ring.js';
import { Identity, type IdentityOptions } from './identity.js';

const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex');
const entry = { id: 'k1', sha256: sha256('secret-1'), org_id: 'acme', workspace_id: 'ops', actor_id: 'ada', roles: [], groups: [], kind: 'human' as const };
const agentEntry = { ...entry, id: 'k2', sha256: sha256('secret-2'), actor_id: 'bot', kind: 'agent' as const };
const keys = { current: () => new ApiKeyRing([entry, agentEntry]) };

const identify = (headers: IncomingHttpHeaders, options: Partial<IdentityOptions> = {}, remoteAddress = '127.0.0.1') =>
  new Identity({ host: '127.0.0.1', localImplicit: true, localActor: undefined, keys, ...options }).identify({ headers, remoteAddress, localPort: 4400 });

const local = { host: '127.0.0.1:4400' };
const unauthenticated = { ok: false, refusal: { code: 'UNAUTHENTICATED' } };
const forbidden = { ok: false, refusal: { code: 'REQUEST_ORIGIN_FORBIDDEN' } };
const localPerson = { ok: true, value: { tenant: { org_id: 'local', workspace_id: 'local', source: 'local_implicit' }, actor: { kind: 'human', source: 'local_control_panel' } } };

describe('an API key', () => {
  it('gives tenant and actor, from either header', () => {
    const ada = { ok: true, value: { tenant: { org_id: 'acme', workspace_id: 'ops', actor_id: 'ada', source: 'explicit' }, actor: { kind: 'human', actor_id: 'ada', source: 'api_key' } } };
    expect(identify({ authorization: 'Bearer secret-1' })).toEqual(ada);
    expect(identify({ authorization: 'bearer  secret-1' })).toEqual(ada);
    expect(identify({ 'x-api-key': 'secret-1' })).toEqual(ada);
  });

  it('links nobody to a person: not by a header, and not by the key file', () => {
    const current = new ApiKeyRing([{ ...entry, person: 'bob' } as typeof entry]);
    const caller = identify({ 'x-api-key': 'secret-1', person: 'bob', 'x-person': 'bob', 'x-tandem-person': 'bob' }, { keys: { current: () => current } });
    expect(caller).toMatchObject({ ok: true, value: { actor: { actor_id: 'ada' } } });
    expect(JSON.stringify(caller)).not.toContain('bob');
    expect(() => parseApiKeyFile(JSON.stringify([{ ...entry, person: 'bob' }]))).toThrow('person');
  });

  it('of an agent is an agent', () => {
    expect(identify({ 'x-api-key': 'secret-2' })).toEqual({ ok: true, value: { tenant: { org_id: 'acme', workspace_id: 'ops', actor_id: 'bot', source: 'explicit' }, actor: { kind: 'agent', actor_id: 'bot', source: 'api_key' } } });
  });

  it('of a deployment is refused: its events could not be kept apart', () => {
    expect(() => parseApiKeyFile(JSON.stringify([{ ...entry, deployment_id: 'eu' }]))).toThrow('deployment_id');
  });

  it.each([
    { authorization: 'Bearer wrong' }, { authorization: 'Basic c2VjcmV0' }, { authorization: '' }, { authorization: 'Bearer' }, { 'x-api-key': '' }, { 'x-api-key': 'secret-1 ' },
    { authorization: 'Bearer wrong', 'x-api-key': 'secret-1' }, { 'x-api-key': 'x'.repeat(10_000) },
  ])('that is wrong is refused, also from this machine: %j', (headers: IncomingHttpHeaders) => {
    expect(identify({ ...local, ...headers })).toMatchObject(unauthenticated);
  });

  it('works from anywhere, and needs neither a local address nor a local page', () => {
    expect(identify({ authorization: 'Bearer secret-1', host: 'api.example.com', origin: 'https://app.example.com', 'x-forwarded-for': '1.2.3.4' }, {}, '203.0.113.7')).toMatchObject({ ok: true });
  });

  it('is not valid where there are no keys', () => {
    expect(identify({ 'x-api-key': 'secret-1' }, { keys: undefined })).toMatchObject(unauthenticated);
  });
});

describe('the local person', () => {
  it('needs no key', () => {
    expect(identify(local)).toEqual(localPerson);
    expect(identify({ host: 'localhost:4400', origin: 'http://localhost:4400' })).toEqual(localPerson);
    expect(identify({ host: '[::1]:4400' }, {}, '::1')).toEqual(localPerson);
    expect(identify(local, {}, '::ffff:127.0.0.1')).toEqual(localPerson);
  });

  it('can have a name, which is the actor and not part of the tenant', () => {
    expect(identify(local, { localActor: 'ada' })).toMatchObject({ value: { tenant: { source: 'local_implicit' }, actor: { kind: 'human', actor_id: 'ada' } } });
    expect(identify(local, { localActor: 'ada' })).not.toHaveProperty('value.tenant.actor_id');
  });

  it('exists only where that is configured and the server listens on loopback', () => {
    expect(identify(local, { localImplicit: false })).toMatchObject(unauthenticated);
    expect(identify(local, { host: '0.0.0.0' })).toMatchObject(unauthenticated);
  });

  it.each(['10.0.0.5', '203.0.113.7', '::ffff:10.0.0.5', '1127.0.0.1', '127.0.0.1.example.com'])('is not at %s', (address) => {
    expect(identify(local, {}, address)).toMatchObject(unauthenticated);
  });

  it.each(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-anything', 'forwarded', 'x-real-ip', 'via', 'cf-connecting-ip'])('does not come through a proxy (%s)', (header) => {
    expect(identify({ ...local, [header]: '127.0.0.1' })).toMatchObject(unauthenticated);
  });

  it.each(['evil.example', 'evil.example:4400', '127.0.0.1', '127.0.0.1:4401', 'localhost.evil.example:4400', '127.0.0.1:4400.evil.example', '', 'localhost:4400 '])('does not answer to the name %j', (host) => {
    expect(identify({ host })).toMatchObject(forbidden);
  });

  it.each(['http://evil.example', 'null', 'https://localhost:4400', 'http://localhost:3000', 'http://localhost:4400.evil.example', 'http://localhost', ''])('is not driven by a page of %j', (origin) => {
    expect(identify({ ...local, origin })).toMatchObject(forbidden);
  });

  it.each(['cross-site', 'same-site'])('is not driven by a %s page that hides its origin', (site) => {
    expect(identify({ ...local, 'sec-fetch-site': site })).toMatchObject(forbidden);
  });

  it('is not who a header says', () => {
    const forged = { 'x-tandem-actor-id': 'root', 'x-tandem-org-id': 'acme', 'x-tandem-workspace-id': 'ops', 'x-tandem-request-source': 'channel:slack', 'x-user': 'root' };
    expect(identify({ ...local, ...forged })).toEqual(localPerson);
  });
});

describe('an agent header', () => {
  it('makes the actor an agent, with a key and without', () => {
    expect(identify({ ...local, 'x-tandem-agent-id': ' bot-7 ' }, { localActor: 'ada' })).toMatchObject({ value: { actor: { kind: 'agent', actor_id: 'bot-7', source: 'local_control_panel' } } });
    expect(identify({ 'x-api-key': 'secret-1', 'x-tandem-agent-id': 'bot-7' })).toMatchObject({ value: { tenant: { actor_id: 'ada' }, actor: { kind: 'agent', actor_id: 'bot-7', source: 'api_key' } } });
  });

  it('that is blank changes nothing, and one that is too long is refused', () => {
    expect(identify({ ...local, 'x-tandem-agent-id': '  ' })).toEqual(localPerson);
    expect(identify({ ...local, 'x-tandem-agent-id': 'x'.repeat(257) })).toMatchObject({ ok: false, refusal: { code: 'REQUEST_HEADER_INVALID' } });
  });

  it('brings the agents that led to it, nearest last; a person has none', () => {
    const lineage = { 'x-tandem-agent-ancestor-ids': ' planner , , writer ' };
    expect(identify({ ...local, 'x-tandem-agent-id': 'bot', ...lineage })).toMatchObject({ value: { ancestors: ['planner', 'writer'] } });
    expect(identify({ ...local, ...lineage })).toEqual(localPerson);
    expect(identify({ ...local, 'x-tandem-agent-id': 'bot', 'x-tandem-agent-ancestor-ids': Array.from({ length: 33 }, (_, index) => `a${index}`).join() })).toMatchObject({ ok: false, refusal: { code: 'REQUEST_HEADER_INVALID' } });
  });

  it('admits no one by itself', () => {
    expect(identify({ 'x-tandem-agent-id': 'bot-7' }, { localImplicit: false })).toMatchObject(unauthenticated);
  });
});

describe('a key file', () => {
  it('is an array of entries, each key once', () => {
    expect(parseApiKeyFile(JSON.stringify([entry])).find('secret-1')).toBeDefined();
    expect(parseApiKeyFile('[]').find('secret-1')).toBeUndefined();
    expect(() => parseApiKeyFile(JSON.stringify([entry, { ...entry, sha256: sha256('other') }]))).toThrow('two keys have the id "k1"');
    expect(() => parseApiKeyFile(JSON.stringify([entry, { ...entry, id: 'k9' }]))).toThrow('two entries hold the same key');
    expect(() => parseApiKeyFile(JSON.stringify([{ ...entry, kind: 'system' }]))).toThrow('kind');
    expect(() => parseApiKeyFile(JSON.stringify([{ ...entry, key: 'in the clear' }]))).toThrow('"key" is not a member');
  });

  it('is never quoted in an error', () => {
    expect(() => parseApiKeyFile('[{"sha256":"topsecret')).toThrow(/^the API key file is not JSON$/);
  });
});
