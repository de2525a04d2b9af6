import type { Outgoing, PostedMessage } from '@cs/notification';
import { createOutboundHttp, type OutboundHttp } from '@cs/outbound-http';
import { DoubleServer, jsonAnswer, TelegramDouble, type TelegramDoubleMessage, type TelegramDoubleOptions } from '@cs/testing/doubles';
import { buttonData } from '../chat/button-data.js';
import { Callbacks } from '../chat/callbacks.fixture.js';
import { cardToken, decidedOutgoing, everyCard, openCard, outgoingOf, requestOf } from '../chat/cards.fixture.js';
import { TelegramChannel } from './telegram-channel.adapter.js';

const chat = -1001;
const recipient = String(chat);
const secret = 'secret_of_the_webhook';

describe('Channels: Telegram', () => {
  const closers: (() => Promise<unknown>)[] = [];
  let http: OutboundHttp;
  let double: TelegramDouble;
  let server: DoubleServer<TelegramDouble>;
  let channel: TelegramChannel;
  let callbacks: Callbacks;

  /** Another process of the notifier, with the same configuration and nothing in memory. */
  const another = (timeoutMs = 20_000): TelegramChannel => new TelegramChannel({ http, baseUrl: server.url, botToken: double.botToken, webhookSecret: secret, now: Date.now, timeoutMs });
  const open = async (options: TelegramDoubleOptions = {}, timeoutMs?: number): Promise<void> => {
    double = new TelegramDouble({ secretToken: secret, ...options });
    server = await new DoubleServer(double).start();
    http = createOutboundHttp({ egressAllow: ['127.0.0.0/8'] });
    channel = another(timeoutMs);
    callbacks = new Callbacks(() => channel);
    double.callbackUrl = await callbacks.start();
    closers.push(() => http.close(), () => server.close(), () => callbacks.close());
  };
  const post = async (outgoing: Outgoing = outgoingOf(recipient)): Promise<PostedMessage> => {
    const outcome = await channel.deliver(outgoing);
    if (outcome.kind !== 'sent' || outcome.message === undefined) throw new Error(JSON.stringify(outcome));
    return outcome.message;
  };
  const at = (index: number): TelegramDoubleMessage => {
    const message = double.messages().at(index);
    if (message === undefined) throw new Error(`there are ${double.messages().length} messages`);
    return message;
  };
  const buttons = ({ keyboard }: TelegramDoubleMessage): number => keyboard.flat().length;
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  describe('posting', () => {
    it('posts the card without buttons, and gives it its buttons then', async () => {
      await open();
      const message = await post();
      expect(message).toEqual({ conversation: recipient, message_id: String(at(0).message_id) });
      expect(double.messages()).toHaveLength(1);
      expect(buttons(at(0))).toBe(3);
      expect(at(0).text).not.toContain('If no buttons appear');
      const [posted] = server.callsTo('/sendMessage');
      expect(JSON.parse(posted?.body.toString() ?? '')).toMatchObject({ parse_mode: 'MarkdownV2', link_preview_options: { is_disabled: true } });
      expect(posted?.body.toString()).not.toContain('inline_keyboard');
      expect(posted?.body.toString()).toContain('If no buttons appear here');
    });

    it('records the message before it can be pressed', async () => {
      await open();
      const recorded: number[] = [];
      await post(outgoingOf(recipient, { recordPosted: () => Promise.resolve(void recorded.push(buttons(at(0)))) }));
      expect(recorded).toEqual([0]);
    });

    it('leaves one card that can be pressed when the process ends after posting, and before recording', async () => {
      await open();
      await expect(channel.deliver(outgoingOf(recipient, { recordPosted: () => Promise.reject(new Error('the process ended')) }))).rejects.toThrow('ended');
      channel = another();
      await post(outgoingOf(recipient, { mayBePosted: true }));
      expect(double.messages().map(buttons)).toEqual([0, 3]);
    });

    it('finishes the card that an ended process recorded', async () => {
      await open();
      let recorded: PostedMessage | undefined;
      server.faults.add({ path: '/editMessageText', times: 1, fault: { kind: 'answer', answer: jsonAnswer(403, { ok: false, error_code: 403, description: 'Forbidden' }) } });
      expect(await channel.deliver(outgoingOf(recipient, { recordPosted: (message) => Promise.resolve(void (recorded = message)) }))).toMatchObject({ kind: 'permanent' });
      channel = another();
      expect(await post(outgoingOf(recipient, { mayBePosted: true, ...(recorded === undefined ? {} : { posted: recorded }) }))).toEqual(recorded);
      expect(double.messages().map(buttons)).toEqual([3]);
    });

    it('posts a lost message again, and only the second one can be pressed', async () => {
      await open();
      server.faults.add({ path: '/sendMessage', times: 1, fault: { kind: 'lost_answer' } });
      expect(await channel.deliver(outgoingOf(recipient))).toMatchObject({ kind: 'transient' });
      await post(outgoingOf(recipient, { mayBePosted: true }));
      expect(double.messages().map(buttons)).toEqual([0, 3]);
    });

    it('makes the outcome of adding buttons certain', async () => {
      await open();
      server.faults.add({ path: '/editMessageText', times: 1, fault: { kind: 'lost_answer' } });
      server.faults.add({ path: '/editMessageText', times: 1, fault: { kind: 'answer', answer: jsonAnswer(502, {}) } });
      await post();
      expect(double.messages().map(buttons)).toEqual([3]);
    });

    it('goes on with the same message in a later attempt', async () => {
      await open({}, 400);
      server.faults.add({ path: '/editMessageText', fault: { kind: 'answer', answer: jsonAnswer(502, {}) } });
      expect(await channel.deliver(outgoingOf(recipient))).toEqual({ kind: 'transient', reason: expect.any(String) });
      server.faults.clear();
      await post(outgoingOf(recipient, { mayBePosted: true }));
      expect(double.messages().map(buttons)).toEqual([3]);
    });

    it('posts again when somebody deleted the card before it had its buttons', async () => {
      await open();
      const posted = { conversation: recipient, message_id: '55' };
      await post(outgoingOf(recipient, { posted }));
      expect(double.messages().map(buttons)).toEqual([3]);
    });

    it('posts in plain text when the markup is refused', async () => {
      await open();
      const refusal = jsonAnswer(400, { ok: false, error_code: 400, description: "Bad Request: can't parse entities: Character '.' is reserved" });
      server.faults.add({ path: '/sendMessage', times: 1, fault: { kind: 'answer', answer: refusal } });
      server.faults.add({ path: '/editMessageText', times: 1, fault: { kind: 'answer', answer: refusal } });
      await post();
      expect(at(0)).toMatchObject({ text: expect.stringContaining('Refund 129.00 EUR to Ada Lovelace'), entities: [] });
      expect(buttons(at(0))).toBe(3);
    });

    it('posts another card of the same run as an answer to the first one', async () => {
      await open();
      const thread = await post();
      await post(outgoingOf(recipient, { thread, request: requestOf(openCard, 'gate_opened', `delivery-${'b'.repeat(32)}`) }));
      expect(at(1).reply_to).toBe(Number(thread.message_id));
    });

    it('writes to topics, to people, and follows a group that became a supergroup', async () => {
      await open({ chats: [chat, 2001, -55] });
      await post(outgoingOf(`${chat}/7`));
      expect(at(0).message_thread_id).toBe(7);
      expect(await post(outgoingOf('user:2001', { request: requestOf(openCard, 'gate_opened', `delivery-${'b'.repeat(32)}`) }))).toMatchObject({ conversation: '2001' });
      double.moveChat(-55, -10_055);
      expect(await post(outgoingOf('-55', { request: requestOf(openCard, 'gate_opened', `delivery-${'c'.repeat(32)}`) }))).toMatchObject({ conversation: '-10055' });
    });

    it.each([['an unknown chat', '-9', 'chat not found'], ['a person who never wrote to the bot', '4711', 'initiate conversation']])('gives up on %s', async (_, to, reason) => {
      await open();
      expect(await channel.deliver(outgoingOf(to))).toMatchObject({ kind: 'permanent', reason: expect.stringContaining(reason) });
    });

    it('says how long a rate limit asks to wait, and no secret', async () => {
      await open();
      server.faults.add({ path: '/sendMessage', times: 1, fault: { kind: 'answer', answer: jsonAnswer(429, { ok: false, error_code: 429, description: 'Too Many Requests: retry after 30', parameters: { retry_after: 30 } }) } });
      const outcome = await channel.deliver(outgoingOf(recipient));
      expect(outcome).toMatchObject({ kind: 'transient', retry_after_ms: expect.any(Number), not_posted: true });
      expect(outcome.kind === 'transient' ? outcome.retry_after_ms : undefined).toBeLessThanOrEqual(30_000);
      expect(outcome.kind === 'transient' ? outcome.retry_after_ms : undefined).toBeGreaterThan(20_000);
      expect(JSON.stringify(outcome)).not.toContain('token');
    });

    it('ends in time when Telegram is silent, and says no secret', async () => {
      await open({}, 100);
      server.faults.add({ fault: { kind: 'hang' } });
      const outcome = await channel.deliver(outgoingOf(recipient));
      expect(outcome).toMatchObject({ kind: 'transient' });
      expect(JSON.stringify(outcome)).not.toContain('5001');
    });
  });

  describe('the decision update', () => {
    it('edit clears buttons: of every card, says who decided what, when and why, and answers below', async () => {
      await open();
      const asked = [await post(), { conversation: recipient, message_id: '55' }];
      expect(await channel.deliver(decidedOutgoing(recipient, asked))).toEqual({ kind: 'sent' });
      expect(buttons(at(0))).toBe(0);
      expect(at(0).text).toMatch(/^✅ Approved\n[^]*Approved by grace\.\nReason: Checked against the order_log\.\n2026-11-27 \d\d:\d\d UTC/);
      expect(at(1)).toMatchObject({ reply_to: at(0).message_id, text: 'Approved approve_refund for run automation-v2-run-7f3a.\nReason: Checked against the order_log.' });
    });

    it('changes nothing that is changed already, and does not repeat an answer that may be there', async () => {
      await open();
      const asked = [await post()];
      server.faults.add({ path: '/sendMessage', times: 1, fault: { kind: 'lost_answer' } });
      expect(await channel.deliver(decidedOutgoing(recipient, asked))).toEqual({ kind: 'sent' });
      expect(double.messages()).toHaveLength(2);
      expect(at(0).edits).toBe(2);
      await channel.deliver(decidedOutgoing(recipient, asked));
      expect(at(0).edits).toBe(2);
    });

    it('a vote changes the card, keeps its buttons, and posts nothing', async () => {
      await open();
      const { notice, card } = everyCard['partly_approved'] ?? { notice: 'gate_opened' as const, card: openCard };
      const voted = outgoingOf(recipient, { request: requestOf(card, notice, `delivery-${'e'.repeat(32)}`) });
      expect(await channel.deliver(voted)).toEqual({ kind: 'sent' });
      expect(double.messages()).toHaveLength(0);
      const asked = [await post(), { conversation: recipient, message_id: '55' }];
      for (const mayBePosted of [false, true]) expect(await channel.deliver({ ...voted, asked, mayBePosted })).toEqual({ kind: 'sent' });
      expect(double.messages()).toHaveLength(1);
      expect([buttons(at(0)), at(0).text]).toEqual([3, expect.stringContaining('1 of 2 approvals: grace')]);
    });

    it('keeps the buttons when time has done something', async () => {
      await open();
      const asked = [await post()];
      const { notice, card } = everyCard['escalated'] ?? { notice: 'gate_opened' as const, card: openCard };
      expect(await channel.deliver(outgoingOf(recipient, { asked, request: requestOf(card, notice, `delivery-${'e'.repeat(32)}`) }))).toEqual({ kind: 'sent' });
      expect(buttons(at(0))).toBe(3);
      expect(at(1).text).toContain('Escalated to finance-leads');
    });
  });

  describe('interactions', () => {
    it('are connected with the secret', async () => {
      await open({ secretToken: 'before' });
      const url = double.callbackUrl ?? '';
      double.callbackUrl = undefined;
      expect(await channel.connect(url)).toEqual({ kind: 'sent' });
      expect([double.callbackUrl, double.secretToken]).toEqual([url, secret]);
    });

    it('installation secrets do not leak across installations: with another secret they are refused', async () => {
      await open({ secretToken: 'another' });
      await post();
      expect(await double.press(at(0), buttonData('approve', cardToken))).toEqual({ kind: 'failed', why: 'answered 401' });
      expect(callbacks.received).toMatchObject([{ kind: 'refused', status: 401 }]);
    });

    it('carry a press with its card, its message and its user, and answer it in one line', async () => {
      await open();
      const message = await post();
      expect(await double.press(at(0), buttonData('approve', cardToken))).toEqual({ kind: 'line', text: 'Approved.' });
      expect(callbacks.interactions()).toMatchObject([{ user: { user_id: '2001', display_name: 'Ada' }, action: { kind: 'press', decision: 'approve', token: cardToken }, message }]);
    });

    it('keep the buttons for the others when a vote was recorded, which only its voter is told', async () => {
      await open();
      await post();
      callbacks.decide = () => ({ kind: 'voted', text: 'Your vote is recorded: 1 of 2 approvals. Others have to decide too.' });
      expect(await double.press(at(0), buttonData('approve', cardToken))).toEqual({ kind: 'line', text: 'Your vote is recorded: 1 of 2 approvals. Others have to decide too.' });
      expect(buttons(at(0))).toBe(3);
    });

    it('give a late press a friendly alert', async () => {
      await open();
      await post();
      callbacks.decide = () => ({ kind: 'too_late', text: 'Already decided by grace: approved.' });
      expect(await double.press(at(0), buttonData('cancel', cardToken))).toEqual({ kind: 'alert', text: 'Already decided by grace: approved.' });
    });

    it('cut a long answer to what Telegram takes', async () => {
      await open();
      await post();
      callbacks.decide = () => ({ kind: 'refused', text: 'no '.repeat(200) });
      expect(await double.press(at(0), buttonData('cancel', cardToken))).toMatchObject({ kind: 'alert', text: expect.stringMatching(/…$/) });
    });

    const askFirst = (): void => {
      callbacks.decide = ({ action }) => (action.kind === 'press' ? { kind: 'ask_reason', decision: action.decision, token: action.token, title: 'Why send back "Refund_129"?' } : { kind: 'decided', text: 'Sent back.' });
    };

    it('in the place of a modal: ask for the reason of rework by a forced reply, which any notifier can read', async () => {
      await open();
      await post();
      askFirst();
      expect(await double.press(at(0), buttonData('rework', cardToken))).toMatchObject({ kind: 'line' });
      const prompt = at(1);
      expect(prompt).toMatchObject({ force_reply: true, reply_to: at(0).message_id });
      expect(prompt.entities).toContainEqual(expect.objectContaining({ type: 'text_mention', url: 'tg://user?id=2001' }));
      channel = another();
      await double.write('A voucher, please', { to: prompt });
      expect(callbacks.interactions()[1]).toMatchObject({ action: { kind: 'reason', decision: 'rework', token: cardToken, reason: 'A voucher, please' }, user: { user_id: '2001' } });
      expect(at(-1).text).toBe('Sent back.');
    });

    it('take no answer of somebody else, none after 10 minutes, none without words, none to another message', async () => {
      await open();
      await post();
      askFirst();
      await double.press(at(0), buttonData('rework', cardToken));
      const prompt = at(1);
      await double.write('mine', { to: prompt, user: { id: 2002, first_name: 'Eve' } });
      expect(at(-1).text).toContain('somebody else');
      await double.write('late', { to: prompt, date: prompt.date + 601 });
      expect(at(-1).text).toContain('10 minutes');
      await double.write('', { to: prompt });
      expect(at(-1).text).toContain('in words');
      await double.write('a word', { to: at(0) });
      await double.write('a word');
      const forged: TelegramDoubleMessage = { ...prompt, text: `Why?\nrework.${cardToken}.${'A'.repeat(22)}` };
      await double.write('a word', { to: forged });
      const spoken: TelegramDoubleMessage = { ...prompt, from: { id: 2002, first_name: 'Eve', is_bot: false } };
      await double.write('a word', { to: spoken });
      expect(callbacks.interactions()).toHaveLength(1);
      await double.write('in time', { to: prompt, date: prompt.date + 600 });
      expect(callbacks.interactions()).toHaveLength(2);
    });

    it('say when the question for a reason could not be asked', async () => {
      await open();
      await post();
      askFirst();
      server.faults.add({ path: '/sendMessage', fault: { kind: 'answer', answer: jsonAnswer(403, { ok: false, error_code: 403, description: 'Forbidden: bot was kicked' }) } });
      expect(await double.press(at(0), buttonData('rework', cardToken))).toMatchObject({ kind: 'alert', text: expect.stringContaining('could not be asked') });
    });

    it.each([['/start ab12cd34'], ['/enrol AB12CD34'], ['/enrol@countersign_bot AB12CD34']])('enrol by "%s"', async (text) => {
      await open();
      callbacks.decide = () => ({ kind: 'done', text: 'You are known as ada@example.com now.' });
      await double.write(text, { chatId: 2001 });
      expect(callbacks.interactions()).toMatchObject([{ action: { kind: 'enrol', code: 'AB12CD34' } }]);
      expect(double.messages(2001).at(-1)?.text).toBe('You are known as ada@example.com now.');
    });

    it('explain how to enrol, where that was meant', async () => {
      await open();
      await double.write('/start', { chatId: 2001 });
      expect(double.messages(2001).at(-1)?.text).toContain('/enrol CODE');
      await double.write('/enrol short');
      expect(at(-1).text).toContain('8 letters and digits');
      await double.write('/start');
      expect(at(-1).text).toBe('/start');
    });

    it('of older and of cut cards decide nothing, and say so', async () => {
      await open();
      await post();
      for (const data of ['tdm:approve:tgcb_0123456789abcdef', 'tdm:approve:automation-v2-run-1:no~']) expect(await double.press(at(0), data)).toMatchObject({ kind: 'alert', text: expect.stringContaining('Nothing was decided') });
      expect(callbacks.interactions()).toEqual([]);
    });

    it('a fresh signed interaction applies once and its replay is only acknowledged: it has the same key', async () => {
      await open();
      await post();
      await double.press(at(0), buttonData('approve', cardToken));
      await double.repeat();
      const [first, again] = callbacks.interactions();
      expect(first?.interaction_key).toMatch(/^\d+$/);
      expect(again?.interaction_key).toBe(first?.interaction_key);
    });
  });

  it('is shown on a page whose buttons and answers work', async () => {
    await open();
    await post();
    callbacks.decide = ({ action }) => (action.kind === 'press' ? { kind: 'ask_reason', decision: action.decision, token: action.token, title: 'Why?' } : { kind: 'decided', text: 'Sent back.' });
    const act = (fields: Record<string, string>) => fetch(`${server.url}/act`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString(), redirect: 'manual' });
    const page = async () => (await fetch(server.url)).text();
    expect(await page()).toContain('Refund 129.00 EUR to Ada Lovelace');
    await act({ message: String(at(0).message_id), press: buttonData('rework', cardToken) });
    expect(await page()).toContain('name="text"');
    await act({ message: String(at(1).message_id), text: 'A voucher' });
    expect(callbacks.interactions()[1]).toMatchObject({ action: { kind: 'reason', reason: 'A voucher' } });
  });
});
