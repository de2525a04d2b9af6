import type { PostedMessage } from '@cs/notification';
import { createOutboundHttp, type OutboundHttp } from '@cs/outbound-http';
import { DiscordDouble, DoubleServer, jsonAnswer, type DiscordDoubleOptions } from '@cs/testing/doubles';
import { buttonData } from '../chat/button-data.js';
import { Callbacks } from '../chat/callbacks.fixture.js';
import { cardToken, decidedOutgoing, everyCard, openCard, outgoingOf, requestOf } from '../chat/cards.fixture.js';
import { DiscordChannel } from './discord-channel.adapter.js';

const channelId = '1100';

describe('Channels: Discord', () => {
  const closers: (() => Promise<unknown>)[] = [];
  let http: OutboundHttp;
  let double: DiscordDouble;
  let server: DoubleServer<DiscordDouble>;
  let channel: DiscordChannel;
  let callbacks: Callbacks;

  const open = async (options: DiscordDoubleOptions = {}, timeoutMs?: number): Promise<void> => {
    double = new DiscordDouble(options);
    server = await new DoubleServer(double).start();
    http = createOutboundHttp({ egressAllow: ['127.0.0.0/8'] });
    channel = new DiscordChannel({ http, baseUrl: `${server.url}/api/v10`, botToken: double.botToken, applicationId: double.applicationId, publicKey: double.publicKey, now: Date.now, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    callbacks = new Callbacks(() => channel);
    double.callbackUrl = await callbacks.start();
    closers.push(() => http.close(), () => server.close(), () => callbacks.close());
  };
  const post = async (): Promise<PostedMessage> => {
    const outcome = await channel.deliver(outgoingOf(channelId));
    if (outcome.kind !== 'sent' || outcome.message === undefined) throw new Error(JSON.stringify(outcome));
    return outcome.message;
  };
  const only = (id = channelId) => {
    const [message, ...others] = double.messages(id);
    if (message === undefined || others.length > 0) throw new Error(`expected one message, found ${double.messages(id).length}`);
    return message;
  };
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  describe('posting', () => {
    it('posts a card once and says which message it is', async () => {
      await open();
      const message = await post();
      expect(message).toEqual({ conversation: channelId, message_id: only().id });
      expect(only().components).toHaveLength(1);
    });

    it('posts one message when the answer was lost, soon after and later', async () => {
      let nowMs = Date.now();
      await open({ now: () => nowMs });
      server.faults.add({ path: '/messages', times: 1, fault: { kind: 'lost_answer' } });
      expect(await channel.deliver(outgoingOf(channelId))).toEqual({ kind: 'transient', reason: expect.any(String) });
      expect(await channel.deliver(outgoingOf(channelId))).toMatchObject({ kind: 'sent', message: { message_id: only().id } });
      nowMs += 3_600_000;
      expect(await channel.deliver(outgoingOf(channelId, { mayBePosted: true }))).toMatchObject({ kind: 'sent', message: { message_id: only().id } });
    });

    it('posts another card of the same run as an answer to the first one', async () => {
      await open();
      const thread = await post();
      const second = outgoingOf(channelId, { thread, request: requestOf(everyCard['pending']?.card ?? openCard, 'gate_opened', `delivery-${'b'.repeat(32)}`) });
      expect(await channel.deliver(second)).toMatchObject({ kind: 'sent' });
      expect(double.messages()[1]?.message_reference?.message_id).toBe(thread.message_id);
      double.deleteMessage(thread.message_id);
      expect(await channel.deliver({ ...second, request: { ...second.request, delivery_id: `delivery-${'c'.repeat(32)}` } })).toMatchObject({ kind: 'sent' });
    });

    it('writes to a person directly', async () => {
      await open();
      expect(await channel.deliver(outgoingOf('user:2001'))).toMatchObject({ kind: 'sent', message: { conversation: '72001' } });
      expect(only('72001').components).toHaveLength(1);
    });

    it.each([
      { what: 'an unknown channel', recipient: '999', change: {}, reason: '10003' }, { what: 'a wrong token', recipient: channelId, change: { botToken: 'another' }, reason: '401' },
    ])('gives up on $what', async ({ recipient, change, reason }) => {
      await open();
      const other = new DiscordChannel({ http, baseUrl: server.url, botToken: double.botToken, applicationId: '1001', publicKey: double.publicKey, now: Date.now, ...change });
      expect(await other.deliver(outgoingOf(recipient))).toMatchObject({ kind: 'permanent', reason: expect.stringContaining(reason) });
    });

    it.each([[500], [502], [503]])('tries again after %i', async (status) => {
      await open();
      server.faults.add({ times: 1, fault: { kind: 'answer', answer: jsonAnswer(status, {}) } });
      expect(await channel.deliver(outgoingOf(channelId))).toMatchObject({ kind: 'transient' });
    });

    it('waits as long as a rate limit asks for, and says how long where that is too long', async () => {
      await open({ perSecond: 5 });
      for (let card = 0; card < 8; card += 1) expect(await channel.deliver(outgoingOf(channelId, { request: requestOf(everyCard['pending']?.card ?? openCard, 'gate_opened', `delivery-${card}${'a'.repeat(31)}`) }))).toMatchObject({ kind: 'sent' });
      expect(server.calls.some(({ answer }) => answer?.status === 429)).toBe(true);
      expect(double.messages()).toHaveLength(8);
      server.faults.add({ times: 1, fault: { kind: 'answer', answer: jsonAnswer(429, { message: 'You are being rate limited.', retry_after: 64.57, global: true }, { 'retry-after': '65' }) } });
      const refused = await channel.deliver(outgoingOf(channelId));
      expect(refused).toEqual({ kind: 'transient', reason: expect.stringContaining('429'), retry_after_ms: expect.any(Number), not_posted: true });
      expect(refused.kind === 'transient' ? refused.retry_after_ms : undefined).toBeLessThanOrEqual(65_000);
      expect(refused.kind === 'transient' ? refused.retry_after_ms : undefined).toBeGreaterThan(55_000);
      const before = server.calls.length;
      expect(await channel.deliver(outgoingOf(channelId))).toMatchObject({ kind: 'transient', retry_after_ms: expect.any(Number) });
      expect(server.calls).toHaveLength(before);
    });

    it('ends in time when Discord is silent, and says no secret', async () => {
      await open({}, 100);
      server.faults.add({ fault: { kind: 'hang' } });
      const outcome = await channel.deliver(outgoingOf(channelId));
      expect(outcome).toMatchObject({ kind: 'transient' });
      expect(JSON.stringify(outcome)).not.toContain(double.botToken);
    });
  });

  describe('the decision update', () => {
    it('a vote changes the card, keeps its buttons, and posts nothing', async () => {
      await open();
      const { notice, card } = everyCard['partly_approved'] ?? { notice: 'gate_opened' as const, card: openCard };
      const voted = outgoingOf(channelId, { request: requestOf(card, notice, `delivery-${'e'.repeat(32)}`) });
      expect(await channel.deliver(voted)).toEqual({ kind: 'sent' });
      expect(double.messages()).toHaveLength(0);
      const asked = [await post(), { conversation: channelId, message_id: '55' }];
      for (const mayBePosted of [false, true]) expect(await channel.deliver({ ...voted, asked, mayBePosted })).toEqual({ kind: 'sent' });
      expect(double.messages()).toHaveLength(1);
      expect(JSON.stringify(only().embeds)).toContain('1 of 2 approvals: grace');
      expect(JSON.stringify(only().components)).toContain('tdm:approve:');
    });

    it('edit clears buttons: of every card, recolours it, says who decided what and why, and answers below', async () => {
      await open();
      const asked = [await post(), { conversation: channelId, message_id: 'gone' }];
      expect(await channel.deliver(decidedOutgoing(channelId, asked))).toEqual({ kind: 'sent' });
      const [card, answer] = double.messages();
      expect(JSON.stringify(card?.components)).not.toContain('custom_id');
      expect(card?.embeds[0]).toMatchObject({ color: 0x10b981, author: { name: 'Approved' }, description: expect.stringMatching(/^Approved by grace\.\nReason: Checked against the order\\_log\./) });
      expect(answer).toMatchObject({ content: 'Approved `approve_refund` for run `automation-v2-run-7f3a`.\nReason: Checked against the order\\_log.', message_reference: { message_id: card?.id } });
    });

    it('changes nothing twice when it is repeated', async () => {
      await open();
      const asked = [await post()];
      server.faults.add({ path: `${channelId}/messages`, times: 1, share: 1, fault: { kind: 'lost_answer' } });
      const outgoing = decidedOutgoing(channelId, asked);
      expect(await channel.deliver(outgoing)).toMatchObject({ kind: 'transient' });
      expect(await channel.deliver({ ...outgoing, mayBePosted: true })).toEqual({ kind: 'sent' });
      expect(await channel.deliver({ ...outgoing, mayBePosted: true })).toEqual({ kind: 'sent' });
      expect(double.messages()).toHaveLength(2);
    });

    it('keeps the buttons when time has done something, and says what', async () => {
      await open();
      const asked = [await post()];
      for (const state of ['reminded', 'escalated'] as const) {
        const { notice, card } = everyCard[state] ?? { notice: 'gate_opened' as const, card: openCard };
        expect(await channel.deliver(outgoingOf(channelId, { asked, request: requestOf(card, notice, `delivery-${state === 'reminded' ? 'd'.repeat(32) : 'e'.repeat(32)}`) }))).toEqual({ kind: 'sent' });
      }
      expect(JSON.stringify(double.messages()[0]?.components)).toContain(buttonData('approve', cardToken));
      expect(double.messages().slice(1).map(({ content }) => content)).toEqual([expect.stringContaining('Reminder 2'), expect.stringContaining('Escalated to finance')]);
    });
  });

  describe('interactions', () => {
    it('are connected: a ping is answered, and deliberate bad signatures are refused', async () => {
      await open();
      const url = double.callbackUrl ?? '';
      double.callbackUrl = undefined;
      expect(await channel.connect(url)).toEqual({ kind: 'sent' });
      expect(double.callbackUrl).toBe(url);
      expect(double.commands).toMatchObject([{ name: 'enrol' }]);
      expect(callbacks.received).toMatchObject([{ kind: 'answered' }, { kind: 'refused', status: 401 }]);
      const unsafe = new DiscordChannel({ http, baseUrl: server.url, botToken: double.botToken, applicationId: double.applicationId, publicKey: '', now: Date.now });
      channel = unsafe;
      expect(await unsafe.connect(url)).toMatchObject({ kind: 'permanent' });
    });

    it('carry a press with its card, its message and its user, and clear the buttons when it took effect', async () => {
      await open();
      const message = await post();
      expect(await double.press(only(), buttonData('approve', cardToken))).toEqual({ kind: 'updated' });
      expect(callbacks.received).toMatchObject([{ kind: 'interaction', interaction: { user: { user_id: '2001', display_name: 'ada' }, action: { kind: 'press', decision: 'approve', token: cardToken }, message } }]);
      expect(only().components).toEqual([]);
    });

    it('keep the buttons for the others when a vote was recorded, which only its voter is told', async () => {
      await open();
      await post();
      callbacks.decide = () => ({ kind: 'voted', text: 'Your vote is recorded: 1 of 2 approvals. Others have to decide too.' });
      expect(await double.press(only(), buttonData('approve', cardToken))).toEqual({ kind: 'message', text: 'Your vote is recorded: 1 of 2 approvals. Others have to decide too.', onlyToThem: true });
      expect(JSON.stringify(only().components)).toContain(buttonData('approve', cardToken));
      callbacks.decide = () => ({ kind: 'decided', text: 'Approved.' });
      expect(await double.press(only(), buttonData('approve', cardToken))).toEqual({ kind: 'updated' });
      expect(only().components).toEqual([]);
    });

    it('give a late press a friendly answer that only they see', async () => {
      await open();
      await post();
      callbacks.decide = () => ({ kind: 'too_late', text: 'Already decided by grace: approved.' });
      expect(await double.press(only(), buttonData('cancel', cardToken))).toEqual({ kind: 'message', text: 'Already decided by grace: approved.', onlyToThem: true });
      expect(only().components).toHaveLength(1);
    });

    it('modal shape: ask for the reason of rework in a modal, and carry the answer', async () => {
      await open();
      await post();
      callbacks.decide = ({ action }) => (action.kind === 'press' ? { kind: 'ask_reason', decision: action.decision, token: action.token, title: `Why send back ${'Refund 129.00 EUR '.repeat(9)}?` } : { kind: 'decided', text: 'Sent back.' });
      const modal = await double.press(only(), buttonData('rework', cardToken));
      if (modal.kind !== 'modal') throw new Error(JSON.stringify(modal));
      expect(modal.custom_id).toBe(`tdm-modal:rework:${cardToken}`);
      expect(await double.submit(only(), modal, { text: 'A voucher, please' })).toEqual({ kind: 'updated' });
      expect(callbacks.received[1]).toMatchObject({ kind: 'interaction', interaction: { action: { kind: 'reason', decision: 'rework', token: cardToken, reason: 'A voucher, please' } } });
      expect(await double.submit(only(), modal, { text: '  ' })).toMatchObject({ kind: 'message', text: expect.stringContaining('Nothing was decided') });
    });

    it('enrol by a slash command', async () => {
      await open();
      callbacks.decide = () => ({ kind: 'done', text: 'You are known as ada@example.com now.' });
      expect(await double.command('enrol', { code: 'ab12cd34' })).toMatchObject({ kind: 'message', onlyToThem: true });
      expect(callbacks.received).toMatchObject([{ interaction: { action: { kind: 'enrol', code: 'AB12CD34' } } }]);
      expect(await double.command('enrol', { code: 'short' })).toMatchObject({ text: expect.stringContaining('8 letters and digits') });
      expect(await double.command('drop', {})).toMatchObject({ onlyToThem: true });
    });

    it('of older and of cut cards decide nothing, and say so', async () => {
      await open();
      await post();
      for (const data of ['tdm:approve:automation-v2-run-1:node', 'tdm:approve:automation-v2-run-1:no~']) expect(await double.press(only(), data)).toMatchObject({ kind: 'message', onlyToThem: true, text: expect.stringContaining('Nothing was decided') });
      expect(callbacks.received.every(({ kind }) => kind === 'answered')).toBe(true);
    });

    it('a fresh signed interaction applies once and its replay is only acknowledged: it has the same key', async () => {
      await open();
      await post();
      await double.press(only(), buttonData('approve', cardToken));
      await double.repeat();
      const keys = callbacks.received.map((one) => (one.kind === 'interaction' ? one.interaction.interaction_key : undefined));
      expect(keys[0]).toEqual(expect.any(String));
      expect(keys[1]).toBe(keys[0]);
    });

    it('an interaction from another tenant cannot decide: of another application it is refused', async () => {
      await open();
      channel = new DiscordChannel({ http, baseUrl: server.url, botToken: double.botToken, applicationId: '4444', publicKey: double.publicKey, now: Date.now });
      const message = { id: '1', channel_id: channelId, author: { id: '1', username: 'x', bot: true }, sent_at_ms: 0, content: '', embeds: [], components: [], edits: 0 };
      expect(await double.press(message, buttonData('approve', cardToken))).toEqual({ kind: 'failed', why: 'answered 400' });
      expect(callbacks.received).toMatchObject([{ kind: 'refused', status: 400 }]);
    });
  });

  it('is shown on a page whose buttons work', async () => {
    await open();
    await post();
    const html = await (await fetch(server.url)).text();
    expect(html).toContain('Refund 129.00 EUR to Ada Lovelace');
    const [, press = ''] = /name="press" value="([^"]+)"/.exec(html) ?? [];
    await fetch(`${server.url}/act`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ message: only().id, press }).toString(), redirect: 'manual' });
    expect(callbacks.received).toMatchObject([{ kind: 'interaction', interaction: { action: { kind: 'press', decision: 'approve' } } }]);
    expect(await (await fetch(server.url)).text()).not.toContain('name="press"');
  });
});
