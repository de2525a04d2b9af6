import type { Run } from '@cs/contracts';
import { eventually } from '@cs/testing';
import { EmailDouble } from '@cs/testing/doubles';
import { jest } from '@jest/globals';
import { secretsOf, startChats, type Chat, type ChatCard } from './chats.fixture.js';
import { Client } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(120_000);

const patience = { timeoutMs: 30_000 };

describe('Channels: how a gate ends in every chat, through the whole system', () => {
  let system: System;
  let client: Client;
  let chats: readonly [Chat, Chat, Chat];
  let mailServer: EmailDouble;

  /** In all of them at the same time; what fails says where. */
  const inEveryChat = async (check: (chat: Chat) => Promise<void>): Promise<void> => {
    const ends = await Promise.allSettled(chats.map(check));
    for (const [index, end] of ends.entries()) if (end.status === 'rejected') throw new Error(`in ${chats[index]?.kind}: ${end.reason instanceof Error ? end.reason.message : String(end.reason)}`, { cause: end.reason });
  };

  beforeAll(async () => {
    chats = await startChats();
    mailServer = await new EmailDouble().start();
    system = await System.start({ env: { ...secretsOf(chats), COUNTERSIGN_LOCAL_ACTOR: 'mona' } });
    client = new Client(system.url, system.paymentsUrl);
    await Promise.all(chats.map(async (chat) => {
      const { status, body } = await client.call('PUT', `/channels/${chat.kind}`, { body: chat.channel(['ada', 'grace']) });
      if (status !== 200) throw new Error(JSON.stringify(body));
      chat.callbackUrl = `${system.url}${(body['channel'] as { callback_path: string }).callback_path}`;
    }));
  });
  afterAll(async () => {
    await system.stop();
    await mailServer.close();
    await Promise.all(chats.map(({ server }) => server.close()));
  });

  const orders = { 'quorum-slack': 'order-3101', 'quorum-discord': 'order-3102', 'quorum-telegram': 'order-3103', escalates: 'order-3104', expires: 'order-3105', votes: 'order-3106' } as const;
  const open = async (automation_id: keyof typeof orders, gate: Record<string, unknown>): Promise<Run> => {
    await client.define({
      automation_id, name: automation_id, status: 'active',
      flow: { nodes: [
        { node_id: 'check', objective: 'check', action: { kind: 'http', method: 'GET', url: "{{ secrets.PAYMENTS_URL & '/orders/' & input.order_id }}" } },
        { node_id: 'sign', objective: 'Sign?', depends_on: ['check'], stage_kind: 'approval', gate: { required: true, rework_targets: ['check'], ...gate } },
        { node_id: 'refund', objective: 'Pay', depends_on: ['sign'], action: { kind: 'http', method: 'POST', url: "{{ secrets.PAYMENTS_URL & '/refunds' }}", body: { order_id: '{{ input.order_id }}', amount: '{{ nodes.check.output.body.amount }}', currency: '{{ nodes.check.output.body.currency }}' } } },
      ] },
    });
    return await client.untilGate(await client.start(automation_id, { order_id: orders[automation_id] }));
  };
  const cardsOf = (chat: Chat, { run_id }: Run): readonly ChatCard[] => chat.cards().filter(({ text }) => text.includes(run_id));
  /** The card of a run, once it is as it should be. */
  const untilCard = (chat: Chat, run: Run, isAsExpected: (card: ChatCard) => boolean): Promise<ChatCard> =>
    eventually(() => cardsOf(chat, run).find(isAsExpected), patience);
  const asking = (chat: Chat, run: Run, says = ''): Promise<ChatCard> => untilCard(chat, run, ({ text, token }) => token !== undefined && text.includes(says));
  const settled = (chat: Chat, run: Run, says: string): Promise<ChatCard> => untilCard(chat, run, ({ text, token }) => token === undefined && text.includes(says));
  const answered = (chat: Chat, card: ChatCard, says: string): Promise<boolean> => eventually(() => chat.answersTo(card).some((text) => text.includes(says)), patience);

  it('two people vote by a press: the first is told so and leaves the buttons to the second, and there is one effect', async () => {
    await inEveryChat(async (chat) => {
      const run = await open(`quorum-${chat.kind}`, { approvals_required: 2 });
      const card = await asking(chat, run);
      for (const _again of [1, 2]) expect(await chat.press(card, 'approve', { person: 'ada' })).toBe('Your vote is recorded: 1 of 2 approvals. Others have to decide too.');
      expect(await chat.press(card, 'cancel', { person: 'ada' })).toContain('voted');
      expect((await client.run(run.run_id)).status).toBe('awaiting_approval');
      expect(cardsOf(chat, run)).toMatchObject([{ token: card.token }]);
      expect(await chat.press(card, 'approve', { person: 'grace' })).not.toContain('Others');
      const { status, checkpoint: { gate_history: [record, ...more] } } = await client.untilFinished(run.run_id);
      expect([status, more]).toEqual(['completed', []]);
      expect(record).toMatchObject({ decision: 'approve', votes: [{ voted_by: { actor_id: chat.actorId('ada') } }, { voted_by: { actor_id: chat.actorId('grace') } }] });
      for (const each of chats) await settled(each, run, 'Approved');
      expect(await client.ledger(orders[`quorum-${chat.kind}`])).toMatchObject({ count: 1 });
    });
  });

  it('a vote in one chat is on the cards of all, with their buttons and without a mail; the next one in another chat closes them', async () => {
    const mail = { kind: 'email', name: 'Mail', secrets: {}, settings: { recipient: 'ops@example.com', routes: [{ automations: ['votes'] }], options: { host: '127.0.0.1', port: String(mailServer.port), tls: 'none', from: 'countersign@example.org' } } };
    expect((await client.call('PUT', '/channels/mail', { body: mail })).status).toBe(200);
    const run = await open('votes', { approvals_required: 2 });
    const asked = new Map(await Promise.all(chats.map(async (chat) => [chat.kind, await asking(chat, run)] as const)));
    await eventually(() => mailServer.mails.length === 1, patience);
    const [slack, discord] = chats;
    expect(await slack.press(await asking(slack, run), 'approve', { person: 'ada' })).toContain('1 of 2 approvals');
    const count = /1 of 2 approvals: [^"\\]+/;
    const counted = await Promise.all(chats.map((chat) => untilCard(chat, run, ({ text, token }) => token === asked.get(chat.kind)?.token && count.test(text))));
    for (const [index, chat] of chats.entries()) expect(chat.answersTo(counted[index] ?? { message_id: '', token: '', text: '' })).toEqual([]);
    const told = async (channel: string): Promise<readonly string[]> => ((await client.call('GET', `/channels/${channel}/deliveries`)).body['deliveries'] as readonly { readonly notice: string; readonly run_id?: string; readonly status: string }[]).filter(({ run_id }) => run_id === run.run_id).map(({ notice, status }) => `${notice} ${status}`).sort();
    expect(mailServer.mails).toHaveLength(1);
    await discord.press(await asking(discord, run), 'approve', { person: 'grace' });
    expect((await client.untilFinished(run.run_id)).status).toBe('completed');
    for (const chat of chats) {
      expect((await settled(chat, run, 'Approved')).text).not.toContain('1 of 2');
      await eventually(async () => (await told(chat.kind)).join() === 'gate_decided sent,gate_opened sent,gate_voted sent', patience);
      expect(cardsOf(chat, run)).toMatchObject([{ token: undefined }]);
    }
    await eventually(() => mailServer.mails.length === 2, patience);
    expect(mailServer.mails[1]?.parsed.text).toMatch(/Approved by .* and /);
    await eventually(async () => (await told('mail')).join() === 'gate_decided sent,gate_opened sent', patience);
    expect(await client.ledger(orders.votes)).toMatchObject({ count: 1 });
  });

  it('a gate reminds, is escalated, and loses its buttons with the cancellation of its run; each is told below its card', async () => {
    const run = await open('escalates', { expiry_policy: { expires_after_ms: 3000, on_expiry: 'escalate', escalate_to: ['lead', 'head', 'board', 'owner'], remind_every_ms: 1000 } });
    const asked = new Map(await Promise.all(chats.map(async (chat) => [chat.kind, await asking(chat, run)] as const)));
    await inEveryChat(async (chat) => {
      const card = await asking(chat, run);
      await asking(chat, run, 'Reminder 1');
      await asking(chat, run, 'Escalated to lead');
      await answered(chat, card, 'Reminder 1: this still waits');
      await answered(chat, card, 'Escalated to lead (1): nobody decided in time.');
    });
    expect((await client.call('POST', `/automations/v2/runs/${run.run_id}/cancel`, { body: { reason: 'wrong order' } })).status).toBe(200);
    await inEveryChat(async (chat) => {
      const card = await settled(chat, run, 'the run ended before anyone decided');
      expect(card.text).toContain('wrong order');
      expect(cardsOf(chat, run)).toHaveLength(1);
      await answered(chat, card, 'Closed');
      expect(await chat.press({ ...card, token: asked.get(chat.kind)?.token }, 'approve', { person: 'ada' })).toContain('Already settled: Closed: the run ended before anyone decided.');
    });
    expect((await client.run(run.run_id)).checkpoint.gate_history).toEqual([]);
  });

  it('a question reminds in every chat until it is answered', async () => {
    const action = { kind: 'question', prompt: 'How many lamps?', expires_after_ms: 3_600_000, remind_every_ms: 1000 };
    await client.define({ automation_id: 'asks', name: 'asks', status: 'active', flow: { nodes: [{ node_id: 'count', objective: 'count', action }] } });
    const run = await client.until(await client.start('asks', {}), ({ status }) => status === 'paused');
    await inEveryChat(async (chat) => {
      const card = await untilCard(chat, run, ({ text }) => text.includes('Reminder 1: this still waits for an answer.'));
      await answered(chat, card, 'Reminder 1: this still waits for an answer.');
    });
    const [request] = (await client.call('GET', `/human-requests?run_id=${run.run_id}`)).body['human_requests'] as readonly { readonly respond_endpoint: string }[];
    expect((await client.call('POST', request?.respond_endpoint ?? '', { body: { answer: 3 } })).status).toBe(200);
    await inEveryChat(async (chat) => {
      await untilCard(chat, run, ({ text }) => text.includes('Answered by') && !text.includes('Reminder'));
      expect(cardsOf(chat, run)).toHaveLength(1);
    });
  });

  it('a gate that nobody decides in its time cancels its run: every card says so, and who presses late is told', async () => {
    const run = await open('expires', { expiry_policy: { expires_after_ms: 3000 } });
    const asked = new Map(await Promise.all(chats.map(async (chat) => [chat.kind, await asking(chat, run)] as const)));
    expect((await client.untilFinished(run.run_id)).status).toBe('cancelled');
    await inEveryChat(async (chat) => {
      const card = await settled(chat, run, 'Expired: nobody decided in time');
      await answered(chat, card, 'Expired');
      expect(await chat.press({ ...card, token: asked.get(chat.kind)?.token }, 'approve', { person: 'ada' })).toContain('Already settled: Expired: nobody decided in time.');
    });
    expect(await client.ledger(orders.expires)).toMatchObject({ count: 0 });
  });
});
