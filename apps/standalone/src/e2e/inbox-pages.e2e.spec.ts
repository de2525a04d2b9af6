import { jest } from '@jest/globals';
import type { ApprovalRequest } from '@cs/contracts';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type Answer } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(240_000);

const issuer = 'https://idp.example';

describe('deciding on pages, with every service its own process', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-pages-'));
  const tokens = new Map<string, string>();
  let system: System;
  let client: Client;
  let key: CryptoKey;

  const sign = (org_id: string, actor_id: string): Promise<string> =>
    new SignJWT({ tenant_context: { org_id, workspace_id: 'ops', source: 'explicit' }, human_actor: { actor_id }, authority_chain: { initiated_by: actor_id, executed_as: actor_id }, roles: ['workspace:admin'] })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'k1' }).setIssuer(issuer).setAudience('countersign').setIssuedAt().setExpirationTime('10m').setJti(randomUUID()).sign(key);

  const api = async (person: string, ...[method, route, body]: readonly [string, string, unknown?]): Promise<Answer> =>
    client.call(method, route, { headers: { authorization: `Bearer ${tokens.get(person) ?? ''}` }, ...(body === undefined ? {} : { body }) });
  const must = async (...call: Parameters<typeof api>): Promise<Record<string, unknown>> => {
    const { status, body } = await api(...call);
    if (status !== 200) throw new Error(`${call[1]} ${call[2]}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const pending = async (person: string, query = ''): Promise<readonly ApprovalRequest[]> => (await must(person, 'GET', `/approvals/pending${query}`))['approvals'] as readonly ApprovalRequest[];

  interface Shown {
    readonly status: number;
    readonly text: string;
    readonly headers: Headers;
    readonly token: string;
  }
  const shown = async (response: Response): Promise<Shown> => {
    const text = await response.text();
    return { status: response.status, text, headers: response.headers, token: /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '' };
  };
  const look = async (page: string, headers: Record<string, string>): Promise<Shown> => shown(await fetch(`${system.url}${page}`, { headers, redirect: 'manual' }));
  const submit = async (page: string, fields: Record<string, string>, headers: Record<string, string>): Promise<Shown> =>
    shown(await fetch(`${system.url}${page}`, { method: 'POST', redirect: 'manual', headers: { origin: system.url, 'content-type': 'application/x-www-form-urlencoded', ...headers }, body: new URLSearchParams(fields).toString() }));
  const sessions = new Map<string, string>();
  /** The cookie of a person who signed in on the page. */
  const session = async (person: string): Promise<Record<string, string>> => {
    if (!sessions.has(person)) {
      const { headers, status } = await submit('/inbox/session', { credential: tokens.get(person) ?? '', to: '/inbox' }, {});
      expect(status).toBe(303);
      sessions.set(person, String(headers.get('set-cookie')).split(';')[0] ?? '');
    }
    return { cookie: sessions.get(person) ?? '' };
  };

  const define = (person: string, automation_id: string, gate: object = {}) => must(person, 'POST', '/automations/v2', {
    automation_id, name: `Pay ${automation_id}`, status: 'active',
    flow: { nodes: [
      { node_id: 'look', objective: 'look', action: { kind: 'transform', expression: '1' } },
      { node_id: 'sign', objective: 'Pay <12.50>?', depends_on: ['look'], gate: { required: true, rework_targets: ['look'], ...gate } },
      { node_id: 'pay', objective: 'pay', depends_on: ['sign'], action: { kind: 'transform', expression: '2' } },
    ] },
  });
  const runOf = async (person: string, run: string) => (await must(person, 'GET', `/automations/v2/runs/${run}`))['run'] as { status: string; checkpoint: { gate_history: readonly { decision: string; decided_by: { actor_id?: string } }[] } };
  const untilStatus = async (person: string, run: string, status: string): Promise<Awaited<ReturnType<typeof runOf>>> => {
    for (let attempt = 0; attempt < 1000; attempt += 1) {
      const found = await runOf(person, run).catch(() => undefined);
      if (found?.status === status) return found;
      await delay(30);
    }
    throw new Error(`${run} did not become ${status}: ${JSON.stringify(await runOf(person, run))}`);
  };
  /** A run that waits at its gate, and its entry of the inbox. */
  const waiting = async (person: string, automation_id: string): Promise<ApprovalRequest> => {
    const { run_id } = (await must(person, 'POST', `/automations/v2/${automation_id}/run_now`, {}))['run'] as { run_id: string };
    await untilStatus(person, run_id, 'awaiting_approval');
    const [request] = await pending(person, `?run_id=${run_id}`);
    if (request === undefined) throw new Error('the gate is not in the inbox');
    return request;
  };

  beforeAll(async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    key = pair.privateKey;
    const keys = path.join(folder, 'keys.json');
    writeFileSync(keys, JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'EdDSA' }] }));
    system = await System.start({ env: { COUNTERSIGN_ASSERTION_KEYS_FILE: keys, COUNTERSIGN_ASSERTION_ISSUER: issuer } });
    client = new Client(system.url, system.paymentsUrl);
    for (const [org, person] of [['acme', 'ada'], ['acme', 'grace'], ['other', 'eve']] as const) tokens.set(person, await sign(org, person));
    await define('ada', 'pay');
    await define('eve', 'pay');
  });
  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('a link shows and the form decides; sent twice at once it is one decision, and the page then tells who decided', async () => {
    const request = await waiting('ada', 'pay');
    const grace = await session('grace');
    const page = await look(request.links.page, grace);
    expect([page.status, page.text.includes('Pay &lt;12.50&gt;?'), page.text.includes('ada')]).toEqual([200, true, true]);
    for (const method of ['GET', 'HEAD']) await fetch(`${system.url}${request.links.page}?decision=approve&token=${page.token}`, { method, headers: grace });
    expect((await runOf('ada', request.run_id)).status).toBe('awaiting_approval');
    const answers = await Promise.all([1, 2, 3].map(() => submit(request.links.page, { token: page.token, decision: 'approve', reason: 'checked' }, grace)));
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303]);
    const run = await untilStatus('ada', request.run_id, 'completed');
    expect(run.checkpoint.gate_history).toMatchObject([{ decision: 'approve', decided_by: { kind: 'human', actor_id: 'grace' }, reason: 'checked' }]);
    const after = await look(request.links.page, grace);
    for (const part of ['Approved', 'grace', 'Reason: checked']) expect(after.text).toContain(part);
    expect(after.text).not.toContain('name="decision"');
    // The same form with another word is neither that decision nor a new one.
    const turned = await submit(request.links.page, { token: page.token, decision: 'cancel' }, grace);
    expect([turned.status, turned.text.includes('role="alert"')]).toEqual([409, true]);
    expect(await pending('ada', `?run_id=${request.run_id}`)).toEqual([]);
    expect((await must('ada', 'GET', `/approvals/decided?run_id=${request.run_id}`))['approvals']).toMatchObject([{ decision: 'approve', decided_by: { actor_id: 'grace' } }]);
  });

  it('the form of an opening that is over decides no other', async () => {
    const first = await waiting('ada', 'pay');
    const grace = await session('grace');
    const { token } = await look(first.links.page, grace);
    await submit(first.links.page, { token: (await look(first.links.page, grace)).token, decision: 'rework', reason: 'again' }, grace);
    let second: ApprovalRequest | undefined;
    for (let attempt = 0; attempt < 1000 && second === undefined; attempt += 1) {
      [second] = await pending('ada', `?run_id=${first.run_id}`);
      await delay(30);
    }
    expect(second?.gate_opening_id).not.toBe(first.gate_opening_id);
    const stale = await submit(first.links.page, { token, decision: 'approve' }, grace);
    expect([stale.status, stale.text.includes('Sent back for rework')]).toEqual([409, true]);
    const crossed = await submit(second?.links.page ?? '', { token, decision: 'approve' }, grace);
    expect(crossed.status).toBe(403);
    expect((await runOf('ada', first.run_id)).status).toBe('awaiting_approval');
  });

  it('nobody else decides: not another site, not another tenant, not an agent, not who is unknown', async () => {
    const request = await waiting('ada', 'pay');
    const [grace, eve] = [await session('grace'), await session('eve')];
    const { token } = await look(request.links.page, grace);
    expect((await submit(request.links.page, { token, decision: 'approve' }, { ...grace, origin: 'https://evil.example' })).status).toBe(403);
    expect((await submit(request.links.page, { token: `${token}x`, decision: 'approve' }, grace)).status).toBe(403);
    const elsewhere = await look(request.links.page, eve);
    const nothing = await look('/inbox/nothing', eve);
    expect([elsewhere.status, elsewhere.text.replaceAll(request.gate_opening_id, 'nothing')]).toEqual([404, nothing.text]);
    expect((await submit(request.links.page, { token, decision: 'approve' }, eve)).status).toBe(404);
    const agent = { ...grace, 'x-tandem-agent-id': 'bot' };
    const asAgent = await look(request.links.page, agent);
    expect(asAgent.text).toContain('This is not yours to decide.');
    expect((await submit(request.links.page, { token: 'x', decision: 'approve' }, agent)).status).toBe(403);
    expect((await look(request.links.page, { authorization: 'Bearer a.b.c' })).status).toBe(401);
    expect((await runOf('ada', request.run_id)).status).toBe('awaiting_approval');
    expect((await api('eve', 'GET', request.links.self)).status).toBe(404);
  });

  it('the page of its run is led to, tells where it stands and who decided, and does not exist for others', async () => {
    const request = await waiting('ada', 'pay');
    const [grace, eve] = [await session('grace'), await session('eve')];
    const [, link = ''] = /href="(\/inbox\/runs\/[^"]+)"/.exec((await look(request.links.page, grace)).text) ?? [];
    const waits = await look(link, grace);
    for (const part of ['<h1>Pay pay</h1>', request.run_id, 'a decision, step sign', `href="${request.links.page}"`, 'It waits for a decision at sign', 'approval gate opened', 'running phase']) expect(waits.text).toContain(part);
    expect([waits.status, waits.headers.get('cache-control'), /<script|name="token"/.test(waits.text)]).toEqual([200, 'no-store', false]);
    const unknown = await look('/inbox/runs/nothing', eve);
    const elsewhere = await look(link, eve);
    expect([elsewhere.status, elsewhere.text.replaceAll(request.run_id, 'nothing')]).toEqual([404, unknown.text]);
    await submit(request.links.page, { token: (await look(request.links.page, grace)).token, decision: 'approve', reason: 'checked' }, grace);
    await untilStatus('ada', request.run_id, 'completed');
    const after = await look(link, grace);
    for (const part of ['<dt>Status</dt><dd>completed</dd>', '<dt>Waits for</dt><dd>nothing</dd>', '<strong>Approved</strong> (grace)', 'Reason: checked']) expect(after.text).toContain(part);
    expect(after.text).not.toContain('Why it does not go on by itself');
  });

  it('a gate whose time is over, or whose run was cancelled, shows so and takes nothing', async () => {
    await define('ada', 'short', { expiry_policy: { expires_after_ms: 1500 } });
    const grace = await session('grace');
    const expiring = await waiting('ada', 'short');
    const { token } = await look(expiring.links.page, grace);
    await untilStatus('ada', expiring.run_id, 'cancelled');
    expect((await look(expiring.links.page, grace)).text).toContain('Expired: nobody decided in time');
    const late = await submit(expiring.links.page, { token, decision: 'approve' }, grace);
    expect([late.status, late.text.includes('name="decision"')]).toEqual([409, false]);
    const cancelled = await waiting('ada', 'pay');
    await must('ada', 'POST', `/automations/v2/runs/${cancelled.run_id}/cancel`, { reason: 'not needed' });
    await untilStatus('ada', cancelled.run_id, 'cancelled');
    const closed = await look(cancelled.links.page, grace);
    for (const part of ['Closed: its run ended', 'ada', 'not needed']) expect(closed.text).toContain(part);
    expect(closed.text).not.toContain('name="decision"');
  });

  it('each tenant finds its own, by every filter, page by page', async () => {
    const [acme, other] = [await waiting('ada', 'pay'), await waiting('eve', 'pay')];
    for (const query of ['', '?mine=true', '?kind=approval_gate', '?automation_id=pay', '?requested_by=EVE', '?limit=1', `?since_ms=${other.requested_at_ms}`]) {
      const found = await pending('eve', query);
      expect([query, found.map(({ run_id }) => run_id)]).toEqual([query, [other.run_id]]);
    }
    expect(await pending('eve', `?run_id=${acme.run_id}`)).toEqual([]);
    expect(await pending('eve', '?org_id=acme')).toEqual([]);
    expect(await pending('eve', '?source=workflow')).toEqual([]);
    expect((await api('eve', 'GET', '/approvals/pending?kind=nonsense')).status).toBe(400);
    const all = (await pending('ada', '?automation_id=pay')).map(({ gate_opening_id }) => gate_opening_id);
    const pages: string[] = [];
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const { body } = await api('ada', 'GET', `/approvals/pending?automation_id=pay&limit=1${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      pages.push(...(body['approvals'] as readonly ApprovalRequest[]).map(({ gate_opening_id }) => gate_opening_id));
      cursor = body['next_cursor'] as string | undefined;
    }
    expect(pages).toEqual(all);
    const list = await look('/inbox', await session('eve'));
    expect([list.text.includes(other.links.page), list.text.includes(acme.links.page)]).toEqual([true, false]);
  });
});
