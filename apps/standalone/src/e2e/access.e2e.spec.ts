import { jest } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, type Answer } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(180_000);

const issuer = 'https://idp.example';
const id = 'paid';

describe('two people of one tenant', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-access-'));
  let system: System;
  let client: Client;
  let key: CryptoKey;
  let run = '';
  let wait = '';
  const tokens = new Map<string, string>();

  const sign = (actor_id: string, claims: object = {}): Promise<string> =>
    new SignJWT({
      tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, human_actor: { actor_id }, authority_chain: { initiated_by: actor_id, executed_as: actor_id }, ...claims,
    }).setProtectedHeader({ alg: 'EdDSA', kid: 'k1' }).setIssuer(issuer).setAudience('countersign').setIssuedAt().setExpirationTime('10m').setJti(randomUUID()).sign(key);

  const as = (person: string, ...[method, route, body]: readonly [string, string, unknown?]): Promise<Answer> =>
    client.call(method, route, { headers: { authorization: `Bearer ${tokens.get(person) ?? ''}`, ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }) }, ...(body === undefined ? {} : { body }) });
  const must = async (...call: Parameters<typeof as>): Promise<Record<string, unknown>> => {
    const { status, body } = await as(...call);
    if (status !== 200) throw new Error(`${call[1]} ${call[2]}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  /** Reads until the projection shows what was written; a read without a position may be older. */
  const until = async (person: string, route: string, condition: (answer: Answer) => boolean): Promise<Answer> => {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      const answer = await as(person, 'GET', route);
      if (condition(answer)) return answer;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`${route} did not get there for ${person}`);
  };

  beforeAll(async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    key = pair.privateKey;
    const keys = path.join(folder, 'keys.json');
    writeFileSync(keys, JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'EdDSA' }] }));
    system = await System.start({ env: { COUNTERSIGN_ASSERTION_KEYS_FILE: keys, COUNTERSIGN_ASSERTION_ISSUER: issuer, COUNTERSIGN_WEBHOOK_KEY: 'a'.repeat(64) } });
    client = new Client(system.url, system.paymentsUrl);
    for (const [person, claims] of [['ada', {}], ['bob', { org_units: ['support'] }], ['root', { roles: ['workspace:admin'] }]] as const) tokens.set(person, await sign(person, claims));
    await must('ada', 'POST', '/automations/v2', {
      automation_id: id, name: 'Paid', status: 'active',
      flow: { nodes: [{ node_id: 'paid', objective: 'paid', wait: { kind: 'external_condition', condition_key: 'paid', timeout: { expires_after_ms: 600_000, on_timeout: 'cancel' } } }] },
    });
    run = ((await must('ada', 'POST', `/automations/v2/${id}/run_now`, {}))['run'] as { run_id: string }).run_id;
    const waits = await until('ada', `/automations/v2/runs/${run}/waits`, ({ body }) => (body['waits'] as unknown[] | undefined)?.length === 1);
    wait = (waits.body['waits'] as { wait_id: string }[])[0]?.wait_id ?? '';
  });
  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const reads = (): readonly string[] => [
    `/automations/v2/${id}`, `/automations/v2/${id}/runs`, `/automations/v2/${id}/handoffs`, `/automations/v2/runs/${run}`, `/automations/v2/runs/${run}/waits`, `/automations/v2/runs/${run}/receipts`,
    `/stateful-runtime/runs/${run}`, `/stateful-runtime/runs/${run}/events`,
  ];
  const lists = ['/automations/v2', '/automations/v2/runs', '/stateful-runtime/runs'];
  const commands = (): readonly (readonly [string, string, unknown?])[] => [
    ['POST', `/automations/v2/${id}/run_now`, {}], ['PATCH', `/automations/v2/${id}`, { name: 'Mine' }], ['DELETE', `/automations/v2/${id}`], ['POST', `/automations/v2/${id}/pause`, {}],
    ['POST', `/automations/v2/${id}/share`, { visibility: 'org' }], ['POST', `/automations/v2/runs/${run}/pause`, {}], ['POST', `/automations/v2/runs/${run}/cancel`, {}],
    ['POST', `/automations/v2/runs/${run}/tasks/paid/retry`, {}], ['POST', `/automations/v2/runs/${run}/waits/${wait}/resolve`, { idempotency_key: 'k', payload: 1 }],
    ['POST', `/automations/v2/${id}/resume`, {}], ['POST', `/automations/v2/runs/${run}/resume`, {}], ['POST', `/automations/v2/runs/${run}/recover`, { reason: 'r' }], ['POST', `/automations/v2/runs/${run}/repair`, { node_id: 'paid', reason: 'r' }],
    ['POST', `/automations/v2/runs/${run}/tasks/paid/requeue`, {}], ['POST', `/automations/v2/runs/${run}/tasks/paid/continue`, {}],
    ['POST', `/automations/v2/${id}/webhook-triggers`, { provider: 'generic' }], ['GET', `/automations/v2/${id}/webhook-triggers`], ['POST', `/automations/v2/runs/${run}/gate`, { decision: 'approve' }],
  ];
  const statuses = async (person: string, routes: readonly (readonly [string, string, unknown?])[]) =>
    await Promise.all(routes.map(async ([method, route, body]) => `${method} ${route} ${(await as(person, method, route, body)).status}`));
  const all = (routes: readonly (readonly [string, string, unknown?])[], status: number) => routes.map(([method, route]) => `${method} ${route} ${status}`);
  const gets = (routes: readonly string[]) => routes.map((route) => ['GET', route] as const);
  const sees = async (person: string): Promise<readonly boolean[]> => await Promise.all(lists.map(async (route) => JSON.stringify((await must(person, 'GET', route))).includes(`"${id}"`)));

  it('do not see what the other keeps private: it is as unknown as what does not exist', async () => {
    expect(await statuses('bob', gets(reads()))).toEqual(all(gets(reads()), 404));
    expect(await statuses('bob', commands())).toEqual(all(commands(), 404));
    expect(await sees('bob')).toEqual([false, false, false]);
    expect(await sees('ada')).toEqual([true, true, true]);
    const [theirs, unknown] = await Promise.all([as('bob', 'GET', `/automations/v2/${id}`), as('bob', 'GET', '/automations/v2/none')]);
    expect({ ...theirs.body, automationID: '' }).toMatchObject({ code: unknown.body['code'] });
  });

  it('see what is shared with them, and may not change it', async () => {
    await must('ada', 'POST', `/automations/v2/${id}/share`, { visibility: 'group', audience_principals: [{ kind: 'department', id: 'support' }] });
    await until('bob', `/automations/v2/${id}`, ({ status }) => status === 200);
    expect(await statuses('bob', gets(reads()))).toEqual(all(gets(reads()), 200));
    expect(await sees('bob')).toEqual([true, true, true]);
    expect(await statuses('bob', commands())).toEqual(all(commands(), 403));
    expect((await as('bob', 'POST', `/automations/v2/runs/${run}/cancel`, {})).body).toMatchObject({ code: 'AUTOMATION_V2_ACCESS_DENIED' });
  });

  it('find in the audit what they were refused, and not what they could not know of', async () => {
    const refused = commands().filter(([method]) => method !== 'GET').length + 1;
    const { body } = await until('root', '/audit/records?denials=true&actor_id=bob&limit=500', (answer) => answer.body['count'] === refused);
    for (const record of body['records'] as readonly { readonly payload: unknown; readonly actor: unknown }[]) {
      expect(record).toMatchObject({ payload: { decision: 'denied', code: 'AUTOMATION_V2_ACCESS_DENIED' }, actor: { kind: 'human', actor_id: 'bob' } });
    }
    expect((await must('bob', 'GET', '/audit/records?limit=500'))['count']).toBe(refused);
    expect((await as('bob', 'GET', '/audit/export')).body).toMatchObject({ code: 'AUDIT_ADMINISTRATOR_REQUIRED' });
  });

  it('no longer see it when it is private again, while administrators go on', async () => {
    await must('root', 'POST', `/automations/v2/${id}/share`, { visibility: 'private' });
    await until('bob', `/automations/v2/${id}`, ({ status }) => status === 404);
    expect(await sees('bob')).toEqual([false, false, false]);
    expect(await sees('root')).toEqual([true, true, true]);
    await must('root', 'POST', `/automations/v2/runs/${run}/waits/${wait}/resolve`, { idempotency_key: 'k', payload: 1 });
    await until('ada', `/automations/v2/runs/${run}`, ({ body }) => (body['run'] as { status?: string } | undefined)?.status === 'completed');
  });
});
