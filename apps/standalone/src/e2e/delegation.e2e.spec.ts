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
const payloadOf = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;

describe('people who stand in for others', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-delegation-'));
  let system: System;
  let client: Client;
  let key: CryptoKey;
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
  const until = async (person: string, route: string, condition: (answer: Answer) => boolean): Promise<Answer> => {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      const answer = await as(person, 'GET', route);
      if (condition(answer)) return answer;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`${route} did not get there for ${person}`);
  };
  const statusOf = ({ body }: Answer): string | undefined => (body['run'] as { status?: string } | undefined)?.status;
  const startedBy = async (person: string): Promise<string> => {
    const run = ((await must(person, 'POST', '/automations/v2/payout/run_now', {}))['run'] as { run_id: string }).run_id;
    await until(person, `/automations/v2/runs/${run}`, (answer) => statusOf(answer) === 'awaiting_approval');
    return run;
  };
  const delegate = async (person: string, body: object): Promise<string> =>
    ((await must(person, 'POST', '/delegations', { until_ms: Date.now() + 600_000, reason: 'on leave', ...body }))['delegation'] as { delegation_id: string }).delegation_id;
  const listed = async (person: string) => ((await must(person, 'GET', '/delegations'))['delegations'] as { delegation_id: string; status: string; uses: number }[]);

  beforeAll(async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    key = pair.privateKey;
    const keys = path.join(folder, 'keys.json');
    writeFileSync(keys, JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'EdDSA' }] }));
    system = await System.start({ env: { COUNTERSIGN_ASSERTION_KEYS_FILE: keys, COUNTERSIGN_ASSERTION_ISSUER: issuer } });
    client = new Client(system.url, system.paymentsUrl);
    for (const [person, claims] of [['ada', {}], ['bob', {}], ['dan', {}], ['eve', {}], ['root', { roles: ['workspace:admin'] }]] as const) tokens.set(person, await sign(person, claims));
    await must('ada', 'POST', '/automations/v2', {
      automation_id: 'payout', name: 'Pay out', status: 'active',
      flow: { nodes: [
        { node_id: 'sign', objective: 'Pay?', risk_tier: 'money_movement_contract', gate: { required: true, approvers: [{ kind: 'person', id: 'bob' }, { kind: 'person', id: 'ada' }] } },
        { node_id: 'pay', objective: 'Pay', depends_on: ['sign'], action: { kind: 'transform', expression: '1' } },
      ] },
    });
  });
  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('decide what they do not see otherwise; run, timeline, receipt, list and audit say for whom', async () => {
    const run = await startedBy('ada');
    expect(await as('dan', 'POST', `/automations/v2/runs/${run}/gate`, { decision: 'approve' })).toMatchObject({ status: 404 });
    expect(await as('dan', 'POST', `/automations/v2/runs/${run}/gate`, { decision: 'approve', on_behalf_of: 'bob' })).toMatchObject({ status: 404 });
    const delegation_id = await delegate('bob', { stand_in: 'dan', scope: { automation_ids: ['payout'] } });
    const on_behalf_of = { person: 'bob', stand_in: 'dan', delegation_id };
    const waiting = async (person: string, query = '?mine=true') => ((await must(person, 'GET', `/approvals/pending${query}`))['approvals'] as { run_id: string; yours: { decisions: string[] } }[]).filter(({ run_id }) => run_id === run);
    await until('dan', '/approvals/pending?mine=true', ({ body }) => body['count'] === 1);
    expect(await waiting('dan')).toMatchObject([{ yours: { decisions: ['approve', 'rework', 'cancel'] } }]);
    expect(await waiting('dan', '')).toHaveLength(1);
    expect([await waiting('eve'), await waiting('eve', '')]).toEqual([[], []]);
    const elsewhere = await delegate('bob', { stand_in: 'eve', scope: { risk_tiers: ['external_send'] } });
    await until('eve', '/delegations', ({ body }) => body['count'] === 1);
    expect([await waiting('eve'), await waiting('eve', '')]).toEqual([[], []]);
    await must('bob', 'POST', `/delegations/${elsewhere}/end`);
    const decided = await must('dan', 'POST', `/automations/v2/runs/${run}/gate`, { decision: 'approve', onBehalfOf: 'bob' });
    expect(decided).toMatchObject({ run: { checkpoint: { gate_history: [{ decision: 'approve', decided_by: { actor_id: 'dan' }, on_behalf_of }] } } });
    await until('ada', `/automations/v2/runs/${run}`, (answer) => statusOf(answer) === 'completed');
    const { receipts } = await must('ada', 'GET', `/automations/v2/runs/${run}/receipts`) as { receipts: { receipt: string }[] };
    expect(payloadOf(receipts[0]?.receipt ?? '')).toMatchObject({ decision: 'approve', decided_by: { actor_id: 'dan' }, on_behalf_of });
    expect(JSON.stringify(await must('ada', 'GET', `/stateful-runtime/runs/${run}/events`))).toContain(delegation_id);
    for (const person of ['bob', 'dan', 'root']) expect((await listed(person)).find((one) => one.delegation_id === delegation_id)).toMatchObject({ status: 'in_force', uses: 1 });
    expect((await listed('eve')).map(({ status }) => status)).toEqual(['ended']);
  });

  it('do so no more once it is ended; only the person and administrators end it', async () => {
    const run = await startedBy('ada');
    const { delegation_id = '' } = (await listed('dan'))[0] ?? {};
    const end = `/delegations/${delegation_id}/end`;
    expect(await as('eve', 'POST', end)).toMatchObject({ status: 404, body: { code: 'DELEGATION_NOT_FOUND' } });
    expect(await as('dan', 'POST', end)).toMatchObject({ status: 403, body: { code: 'DELEGATION_ACCESS_DENIED' } });
    expect(await must('root', 'POST', end, { reason: 'back' })).toMatchObject({ delegation: { status: 'ended', ended_by: { actor_id: 'root' }, end_reason: 'back' } });
    expect(await as('dan', 'POST', `/automations/v2/runs/${run}/gate`, { decision: 'approve', on_behalf_of: 'bob' })).toMatchObject({ status: 404 });
    expect((await must('bob', 'POST', `/automations/v2/runs/${run}/gate`, { decision: 'cancel' }))['run']).toMatchObject({ status: 'cancelled' });
  });

  it('do not let whoever asked for a run approve it through them', async () => {
    const run = await startedBy('ada');
    await delegate('ada', { stand_in: 'eve' });
    await delegate('root', { delegator: 'bob', stand_in: 'ada' });
    for (const [person, on_behalf_of] of [['eve', 'ada'], ['ada', 'bob']] as const) {
      expect(await as(person, 'POST', `/automations/v2/runs/${run}/gate`, { decision: 'approve', on_behalf_of })).toMatchObject({ status: 403, body: { code: 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN' } });
    }
    expect(await as('dan', 'POST', '/delegations', { delegator: 'bob', stand_in: 'dan', until_ms: Date.now() + 600_000 })).toMatchObject({ status: 403, body: { code: 'DELEGATION_ACCESS_DENIED' } });
    expect((await must('bob', 'POST', `/automations/v2/runs/${run}/gate`, { decision: 'approve' }))['run']).toMatchObject({ run_id: run });
    expect(await must('root', 'GET', '/audit/ledger/manifest')).toMatchObject({ verified: true });
  });

  it('are told what is wrong with a request', async () => {
    expect(await as('bob', 'POST', '/delegations', { stand_in: 'bob', until_ms: 5 })).toMatchObject({ status: 400, body: { code: 'DELEGATION_INVALID', problems: [{ path: 'stand_in' }, { path: 'until_ms' }] } });
    expect(await as('bob', 'POST', '/delegations', { stand_in: 'dan' })).toMatchObject({ status: 400, body: { problems: [{ path: 'until_ms' }] } });
    expect(await as('bob', 'POST', '/delegations/nonsense/end')).toMatchObject({ status: 400, body: { code: 'REQUEST_PATH_INVALID' } });
  });
});
