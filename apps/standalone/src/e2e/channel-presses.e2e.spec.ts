import { eventually } from '@cs/testing';
import { jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fuzzChannels, membersOf } from './channel-fuzz.fixture.js';
import { secretsOf, startChats, type Chat, type ChatCard, type Person } from './chats.fixture.js';
import { Client } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(240_000);

const kinds = ['slack', 'discord', 'telegram'] as const;
const patience = { timeoutMs: 30_000 };
const must = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error('there is none');
  return value;
};
const foreignKey = 'key-of-another-tenant-0123456789abcdef';

interface Refusal {
  readonly title: string;
  readonly settings?: Record<string, unknown>;
  /** Grant of whoever presses. */
  readonly grant?: Record<string, unknown>;
  readonly by: Person;
  readonly told: string;
  readonly code: string;
}

/** In the order of the checks: every row breaks what those after it break too. */
const broken = { step_up: true, departments: ['finance'] };
const refusals: readonly Refusal[] = [
  { title: 'somebody who is not on the list', settings: broken, grant: { tier: 'approve' }, by: 'eve', told: 'allowed_users', code: 'CHANNEL_USER_NOT_ALLOWED' },
  { title: 'somebody behind * without a grant', settings: { ...broken, allowed_users: ['*'] }, by: 'eve', told: 'tier', code: 'CHANNEL_TIER_TOO_LOW' },
  { title: 'somebody whose grant lowers', settings: broken, grant: { tier: 'act' }, by: 'grace', told: 'tier', code: 'CHANNEL_TIER_TOO_LOW' },
  { title: 'everybody, where a second factor is asked for', settings: broken, grant: { tier: 'approve' }, by: 'grace', told: '/inbox/', code: 'CHANNEL_STEP_UP_REQUIRED' },
  { title: 'everybody, where the risk of the gate asks for a second factor', settings: { departments: ['finance'], step_up_risk_tiers: ['money_movement_contract'] }, by: 'grace', told: '/inbox/', code: 'CHANNEL_STEP_UP_REQUIRED' },
  { title: 'somebody of no department', settings: { departments: ['finance'], step_up_risk_tiers: ['none'] }, by: 'grace', told: 'finance', code: 'CHANNEL_DEPARTMENT_REQUIRED' },
];

describe('Channels: presses in every chat, through the whole system', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-presses-'));
  let system: System;
  let client: Client;
  let chats: ReadonlyMap<string, Chat>;
  let started: readonly [Chat, Chat, Chat];
  const addresses = new Map<string, string>();

  const chatOf = (kind: string): Chat => {
    const chat = chats.get(kind);
    if (chat === undefined) throw new Error(kind);
    return chat;
  };
  /** In all of them at the same time; what fails says where. */
  const inEveryChat = async (check: (chat: Chat) => Promise<void>): Promise<void> => {
    const ends = await Promise.allSettled(kinds.map((kind) => check(chatOf(kind))));
    for (const [index, end] of ends.entries()) if (end.status === 'rejected') throw new Error(`in ${kinds[index]}: ${end.reason instanceof Error ? end.reason.message : String(end.reason)}`, { cause: end.reason });
  };

  const set = async (id: string, channel: unknown, headers: Record<string, string> = {}): Promise<void> => {
    const { status, body } = await client.call('PUT', `/channels/${id}`, { body: channel, headers });
    if (status !== 200) throw new Error(JSON.stringify(body));
    addresses.set(id, `${system.url}${(body['channel'] as { callback_path: string }).callback_path}`);
  };
  const change = async (id: string, settings: Record<string, unknown>): Promise<void> => {
    const { status, body } = await client.call('PATCH', `/channels/${id}`, { body: { settings } });
    if (status !== 200) throw new Error(JSON.stringify(body));
  };
  const grant = (id: string, user: string, body: Record<string, unknown>) => client.call('PUT', `/channels/${id}/users/${user}`, { body: { departments: [], ...body } });

  beforeAll(async () => {
    const keys = path.join(folder, 'keys.json');
    writeFileSync(keys, JSON.stringify([{ id: 'root', sha256: createHash('sha256').update(foreignKey).digest('hex'), org_id: 'other', workspace_id: 'ops', actor_id: 'root', kind: 'human', roles: ['workspace:admin'] }]));
    started = await startChats();
    chats = new Map(started.map((chat) => [chat.kind, chat]));
    system = await System.start({ env: { ...secretsOf(started), COUNTERSIGN_CHANNEL_SECRET_DESK: 'a-key-to-sign-with', COUNTERSIGN_CHANNEL_SECRET_OURS: 'another-key-to-sign', COUNTERSIGN_CHANNEL_SECRET_OURS_FOR: 'local/local', COUNTERSIGN_LOCAL_ACTOR: 'mona', COUNTERSIGN_API_KEYS_FILE: keys } });
    client = new Client(system.url, system.paymentsUrl);
    const second = system.startService('notifier', { as: 'notifier-2' });
    await Promise.all(started.map(async (chat) => {
      const channel = chat.channel(['ada', 'grace']);
      await set(`${chat.kind}-elsewhere`, channel, { authorization: `Bearer ${foreignKey}` });
      await set(`${chat.kind}-silent`, { ...channel, settings: { ...channel.settings, routes: [{ mode: 'none' }] } });
      await set(chat.kind, { ...channel, settings: { ...channel.settings, allowed_users: [chat.userId('ada'), chat.userId('grace'), ...membersOf(chat)] } });
      chat.callbackUrl = addresses.get(chat.kind) ?? '';
    }));
    await client.define({
      automation_id: 'sign', name: 'sign', status: 'active',
      flow: { nodes: [
        { node_id: 'check', objective: 'check', action: { kind: 'transform', expression: '1' } },
        { node_id: 'sign', objective: 'Sign?', depends_on: ['check'], stage_kind: 'approval', risk_tier: 'money_movement_contract', gate: { required: true, decisions: ['approve', 'cancel'], rework_targets: ['check'] } },
      ] },
    });
    await second;
  });
  afterAll(async () => {
    await system.stop();
    await Promise.all([...chats.values()].map(({ server }) => server.close()));
    rmSync(folder, { recursive: true });
  });

  const cardIn = (chat: Chat, run: string): Promise<ChatCard> => eventually(() => chat.cards().find(({ text, token }) => text.includes(run) && token !== undefined), patience);
  const asked = async (): Promise<string> => {
    const { run_id } = await client.untilGate(await client.start('sign'));
    return run_id;
  };
  const decisions = async (run: string): Promise<readonly unknown[]> => (await client.run(run)).checkpoint.gate_history ?? [];
  /** Until the audit has a refusal with this code, to this user of this chat. */
  const untilDenied = (chat: Chat, by: Person, code: string) =>
    eventually(async () => {
      const { body } = await client.call('GET', '/audit/records?denials=true&limit=200');
      return (body['records'] as readonly unknown[]).map((record) => JSON.stringify(record)).some((text) => text.includes(code) && text.includes(`"${chat.actorId(by)}"`) && text.includes(`"${chat.kind}"`));
    }, patience);

  describe('fuzz', () => fuzzChannels(() => ({ system, client, chats: started })));

  describe('whoever may not decide', () => {
    let run: string;
    beforeAll(async () => {
      run = await asked();
    });

    it.each(refusals)('every chat refuses $title', ({ settings = {}, grant: given, by, told, code }) =>
      inEveryChat(async (chat) => {
        const { kind } = chat;
        const card = await cardIn(chat, run);
        const before = chat.channel(['ada', 'grace']).settings;
        await change(kind, { ...before, ...settings });
        if (given !== undefined) await grant(kind, chat.userId(by), given);
        expect(await chat.press(card, 'approve', { person: by })).toContain(told);
        expect(await decisions(run)).toEqual([]);
        await untilDenied(chat, by, code);
        await change(kind, { ...before, step_up: false, departments: [], step_up_risk_tiers: null });
        if (given !== undefined) await grant(kind, chat.userId(by), by === 'eve' ? {} : { tier: 'approve' });
      }));

    it('where other workspaces have channels, a webhook is signed with a secret only that the operator gave to its workspace', async () => {
      const put = (signing_secret: string, headers: Record<string, string> = {}) => client.call('PUT', '/channels/hook', { headers, body: { kind: 'webhook', name: 'x', settings: { recipient: 'https://desk.example.com/', routes: [{ mode: 'none' }] }, secrets: { signing_secret } } });
      const foreign = { authorization: `Bearer ${foreignKey}` };
      for (const headers of [{}, foreign]) expect(await put('DESK', headers)).toMatchObject({ status: 400, body: { code: 'CHANNEL_INVALID', problems: [{ path: 'secrets.signing_secret', code: 'secret_not_bound' }] } });
      expect(await put('OURS', foreign)).toMatchObject({ status: 400, body: { problems: [{ code: 'no_such_secret' }] } });
      expect(await put('OURS')).toMatchObject({ status: 200 });
    });

    it('no chat knows a card of another tenant, nor of another installation, nor one that nobody asked', () => inEveryChat(async (chat) => {
      const { kind } = chat;
      const card = await cardIn(chat, run);
      for (const id of [`${kind}-elsewhere`, `${kind}-silent`]) {
        chat.callbackUrl = addresses.get(id) ?? '';
        expect(await chat.press(card, 'approve', { person: 'grace' })).toContain('This card is not known here');
      }
      chat.callbackUrl = addresses.get(kind) ?? '';
      expect(await chat.press(card, 'approve', { person: 'grace', token: '0123456789abcdef0123456789abcdef' })).toContain('This card is not known here');
      expect(await decisions(run)).toEqual([]);
      await eventually(async () => JSON.stringify((await client.call('GET', '/audit/records?denials=true', { headers: { authorization: `Bearer ${foreignKey}` } })).body).includes(`${kind}-elsewhere`), patience);
    }));

    it('is sent to a page that decides by a form only, and is named there with how they signed in', async () => {
      const card = await cardIn(chatOf('discord'), run);
      const page = /http[^"\\ )]*\/inbox\/[^"\\ )]*/.exec(card.text)?.[0] ?? `${system.url}/inbox/${encodeURIComponent((await client.run(run)).checkpoint.awaiting_gate?.gate_opening_id ?? '')}`;
      const address = `${system.url}${new URL(page).pathname}`;
      for (const query of ['', '?decision=approve', '?token=x&decision=approve']) expect((await fetch(`${address}${query}`)).status).toBeLessThan(500);
      expect(await decisions(run)).toEqual([]);
      const html = await (await fetch(address)).text();
      const token = /name="token" value="([^"]+)"/.exec(html)?.[1] ?? '';
      const posted = await fetch(address, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded', origin: system.url, 'sec-fetch-site': 'same-origin' }, body: new URLSearchParams({ token, decision: 'cancel', reason: 'seen on the page' }).toString() });
      expect(posted.status).toBe(303);
      const finished = await client.untilFinished(run);
      expect(finished.checkpoint.gate_history).toMatchObject([{ decision: 'cancel', decided_by: { kind: 'human', actor_id: 'mona', source: 'local_control_panel' } }]);
    });
  });

  describe('in every chat', () => {
    it('a linked user is the person who asked for the run: they may not approve it; another one may, once', () => inEveryChat(async (chat) => {
      const { kind } = chat;
      const { body } = await client.call('POST', `/channels/${kind}/enrolments`);
      expect(await chat.enrol('ada', String(body['code']))).toContain('mona');
      expect(await chat.enrol('eve', String(body['code']))).toContain('allowed_users');
      expect(await chat.enrol('grace', String(body['code']))).toContain('not valid');
      const run = await asked();
      const card = await cardIn(chat, run);
      expect(await chat.press(card, 'approve', { person: 'ada' })).not.toBe('');
      expect(await decisions(run)).toEqual([]);
      await untilDenied(chat, 'ada', 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');

      await chat.press(card, 'approve', { person: 'grace' });
      const finished = await client.untilFinished(run);
      const once = [{ decision: 'approve', decided_by: { kind: 'human', source: kind, actor_id: chat.actorId('grace') } }];
      expect(finished.checkpoint.gate_history).toMatchObject(once);
      expect(await chat.press(card, 'approve', { person: 'grace' })).toContain('Already settled: Approved by');
      expect(await chat.press(card, 'cancel', { person: 'ada' })).toContain('Already settled: Approved by');
      expect(await decisions(run)).toHaveLength(1);
      await eventually(() => chat.cards().every(({ text, token }) => !text.includes(run) || token === undefined), patience);
    }));

    it('a fresh signed interaction applies once and its replay is only acknowledged; another body under its identity is refused', () => inEveryChat(async (chat) => {
      const run = await asked();
      await chat.press(await cardIn(chat, run), 'approve', { person: 'grace' });
      await client.untilFinished(run);
      expect([await chat.repeat(false), await chat.repeat(true), await chat.repeat(false)]).toEqual([200, 409, 200]);
      expect(await decisions(run)).toMatchObject([{ decision: 'approve', decided_by: { source: chat.kind } }]);
    }));

    it('a card of which nobody knows decides when it is pressed, and is corrected with the others; one that is pressed late is corrected then', () => inEveryChat(async (chat) => {
      const { kind } = chat;
      const run = await asked();
      const card = await cardIn(chat, run);
      const [pressed, late] = [await chat.duplicate(card), await chat.duplicate(card)];
      expect(new Set([card, pressed, late].map(({ token }) => token)).size).toBe(1);
      await chat.press(pressed, 'approve', { person: 'grace' });
      expect((await client.untilFinished(run)).checkpoint.gate_history).toMatchObject([{ decision: 'approve', decided_by: { source: kind } }]);
      const withButtons = (): readonly string[] => chat.cards().filter(({ text, token }) => text.includes(run) && token !== undefined).map(({ message_id }) => message_id);
      await eventually(() => withButtons().length === 1, patience);
      expect(withButtons()).toEqual([late.message_id]);
      expect(await chat.press(late, 'cancel', { person: 'grace' })).toContain('Already settled');
      await eventually(() => withButtons().length === 0 && chat.cards().filter(({ text }) => text.includes(run)).every(({ text }) => text.includes('Approved')), patience);
      expect(await decisions(run)).toHaveLength(1);
    }));
  });

  it('a user has thirty decisions a minute, from two notifiers together', async () => {
    const chat = chatOf('discord');
    const run = await asked();
    const card = await cardIn(chat, run);
    chat.callbackUrl = addresses.get('discord-silent') ?? '';
    const told: string[] = [];
    const startedAt = performance.now();
    while (told.length < 42) told.push(...(await Promise.all(Array.from({ length: 6 }, () => chat.press(card, 'approve', { person: 'grace' })))));
    chat.callbackUrl = addresses.get('discord') ?? '';
    const passed = told.filter((text) => text.includes('This card is not known here'));
    expect(told.filter((text) => text.includes('Try again in'))).toHaveLength(told.length - passed.length);
    const refilled = Math.ceil((performance.now() - startedAt) / 2_000);
    expect(passed.length).toBeLessThanOrEqual(30 + refilled);
    expect(passed.length).toBeGreaterThan(20);
    expect(await decisions(run)).toEqual([]);
  });

  it('what waits for a channel that is removed is given up, with the reason; its cards decide nothing and say why', async () => {
    const open = await asked();
    const cards = new Map(await Promise.all(kinds.map(async (kind) => [kind, await cardIn(chatOf(kind), open)] as const)));
    for (const { server } of chats.values()) server.faults.add({ fault: { kind: 'answer', answer: { status: 503, body: '{}' } } });
    const waiting = await asked();
    const stateIn = async (kind: string): Promise<{ readonly status: string; readonly last_error?: string } | undefined> => {
      const { body } = await client.call('GET', `/channels/${kind}/deliveries?limit=100`);
      return (body['deliveries'] as { readonly run_id?: string; readonly status: string; readonly last_error?: string }[]).find(({ run_id }) => run_id === waiting);
    };
    await inEveryChat(async ({ kind }) => {
      await eventually(async () => (await stateIn(kind))?.status === 'retrying', patience);
      expect((await client.call('DELETE', `/channels/${kind}`)).status).toBe(200);
    });
    for (const { server } of chats.values()) server.faults.clear();
    await inEveryChat(async (chat) => {
      const ended = await eventually(async () => ((await stateIn(chat.kind))?.status === 'abandoned' ? await stateIn(chat.kind) : undefined), patience);
      expect(ended).toMatchObject({ last_error: 'the channel was removed' });
      expect(await chat.press(must(cards.get(chat.kind)), 'approve', { person: 'grace' })).toContain('was removed from Countersign');
    });
    expect([...(await decisions(open)), ...(await decisions(waiting))]).toEqual([]);
  });
});
