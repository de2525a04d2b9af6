import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdapterOutcome, HttpAnswer, Interaction, Outgoing, PostedMessage, Reply } from '@cs/notification';
import { createOutboundHttp } from '@cs/outbound-http';
import { jsonAnswer, startSlackDouble, type SlackDoubleOptions } from '@cs/testing/doubles';
import { everyCard, everyNotice, openCard as pendingCard } from '../chat/cards.fixture.js';
import { cardOf, slackOutgoing as outgoingOf } from './slack-outgoing.fixture.js';
import { formOf, pressPayload } from './slack-inbound.fixture.js';
import { SlackChannel, type SlackChannelOptions } from './slack-channel.adapter.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const installed = async (options: SlackDoubleOptions = {}, change: Partial<SlackChannelOptions> = {}) => {
  const server = await startSlackDouble(options);
  const http = createOutboundHttp({ egressAllow: ['127.0.0.0/8'] });
  closers.push(() => server.close(), () => http.close());
  const slack = server.platform;
  const { teamId: team_id, appId: api_app_id, botToken, signingSecret } = slack.app;
  const make = (more: Partial<SlackChannelOptions> = {}) => new SlackChannel({ http, team_id, api_app_id, botToken, signingSecret, apiBaseUrl: `${server.url}/api`, now: Date.now, timeoutMs: 2_000, ...change, ...more });
  return { server, slack, channel: make(), make };
};

const sent = (outcome: AdapterOutcome): PostedMessage => {
  if (outcome.kind !== 'sent' || outcome.message === undefined) throw new Error(`not sent: ${JSON.stringify(outcome)}`);
  return outcome.message;
};
const decided = (card = cardOf('approved'), change: Parameters<typeof outgoingOf>[1] = {}): Outgoing => outgoingOf(card, { notice: 'gate_decided', delivery_id: 'delivery-decided', ...change });

describe('Channels: cards in Slack', () => {
  it('posts the question with its buttons, and changes it to one without them that says who decided, with an answer below', async () => {
    const { slack, channel } = await installed();
    const message = sent(await channel.deliver(outgoingOf(pendingCard)));
    expect(message).toEqual({ conversation: 'C0APPROVALS', message_id: slack.messages[0]?.ts, thread_id: slack.messages[0]?.ts });
    expect(JSON.stringify(slack.messages[0]?.blocks)).toContain('tdm:approve:0123456789abcdef0123456789abcdef');
    sent(await channel.deliver(decided(cardOf('approved'), { asked: [message] })));
    const [card, reply, ...more] = slack.messages;
    expect(more).toEqual([]);
    expect(card).toMatchObject({ edits: 1 });
    expect(JSON.stringify(card?.blocks)).toContain('Approved by grace.');
    expect(JSON.stringify(card?.blocks)).not.toContain('button');
    expect(reply).toMatchObject({ thread_ts: message.message_id, broadcast: false, text: 'Approved: approve_refund of run automation-v2-run-7f3a.\nReason: Checked against the order_log.' });
  });

  it.each([...Object.entries(everyCard).map(([state, { card }]) => [state, card] as const), ...Object.entries(everyNotice)])('the platform takes the card %s', async (_state, card) => {
    const { slack, channel } = await installed();
    sent(await channel.deliver(outgoingOf(card)));
    expect(slack.messages).toHaveLength(1);
  });

  it('a reminder keeps the buttons and answers below; every message that asked is changed', async () => {
    const { slack, channel } = await installed();
    const asked = [sent(await channel.deliver(outgoingOf(pendingCard))), sent(await channel.deliver(outgoingOf(pendingCard, { delivery_id: 'delivery-2' })))];
    sent(await channel.deliver(outgoingOf(cardOf('reminded'), { notice: 'gate_reminded', delivery_id: 'delivery-3', asked })));
    expect(slack.messages.map(({ edits, thread_ts }) => [edits, thread_ts])).toEqual([[1, undefined], [1, undefined], [0, asked[0]?.message_id]]);
    expect(JSON.stringify(slack.messages[1]?.blocks)).toContain('Reminder 2');
    expect(JSON.stringify(slack.messages[1]?.blocks)).toContain('tdm:approve:');
  });

  it('a vote changes every message that asked, keeps the buttons, and posts nothing', async () => {
    const { slack, channel } = await installed();
    const voted = { notice: 'gate_voted', delivery_id: 'delivery-3' } as const;
    expect(await channel.deliver(outgoingOf(cardOf('partly_approved'), { ...voted, asked: [] }))).toEqual({ kind: 'sent' });
    expect(slack.messages).toHaveLength(0);
    const asked = [sent(await channel.deliver(outgoingOf(pendingCard))), sent(await channel.deliver(outgoingOf(pendingCard, { delivery_id: 'delivery-2' })))];
    for (const mayBePosted of [false, true]) expect(await channel.deliver(outgoingOf(cardOf('partly_approved'), { ...voted, asked, mayBePosted }))).toEqual({ kind: 'sent' });
    expect(slack.messages).toHaveLength(2);
    for (const { blocks } of slack.messages) expect(JSON.stringify(blocks)).toMatch(/1 of 2 approvals: grace.*tdm:approve:/);
  });

  it('cards of one run share a thread, and a later question is seen by the whole channel', async () => {
    const { slack, channel } = await installed();
    const first = sent(await channel.deliver(outgoingOf(pendingCard)));
    const second = sent(await channel.deliver(outgoingOf(pendingCard, { delivery_id: 'delivery-2', thread: first })));
    expect(second).toMatchObject({ thread_id: first.message_id });
    expect(slack.messages[1]).toMatchObject({ thread_ts: first.message_id, broadcast: true });
    const elsewhere = sent(await channel.deliver(outgoingOf(pendingCard, { delivery_id: 'delivery-3', recipient: 'U0GRACE', thread: first })));
    expect(elsewhere.thread_id).toBe(elsewhere.message_id);
    const root = slack.store.find(first.conversation, first.message_id);
    if (root) root.deleted = true;
    expect(sent(await channel.deliver(outgoingOf(pendingCard, { delivery_id: 'delivery-4', thread: first }))).thread_id).not.toBe(first.message_id);
  });

  it('a person is written to directly, by a conversation that is opened once', async () => {
    const { server, channel } = await installed();
    expect(sent(await channel.deliver(outgoingOf(pendingCard, { recipient: 'U0GRACE' }))).conversation).toBe('D0GRACE');
    sent(await channel.deliver(outgoingOf(pendingCard, { recipient: 'user:U0GRACE', delivery_id: 'delivery-2' })));
    expect(server.callsTo('conversations.open')).toHaveLength(1);
    expect(await channel.deliver(outgoingOf(pendingCard, { recipient: 'U0NOBODY', delivery_id: 'delivery-3' }))).toMatchObject({ kind: 'permanent', reason: expect.stringContaining('user_not_found') });
  });

  it('a card that was posted although nobody heard of it is found, not posted again', async () => {
    const { server, slack, channel } = await installed();
    server.faults.add({ path: 'chat.postMessage', times: 1, fault: { kind: 'lost_answer' } });
    const lost = await channel.deliver(outgoingOf(pendingCard));
    expect(lost).toMatchObject({ kind: 'transient', not_posted: false });
    expect(slack.messages).toHaveLength(1);
    for (let other = 0; other < 450; other += 1) slack.store.messages.push({ channel: 'C0APPROVALS', ts: slack.store.stamp(Date.now()), author: 'U0ADA', text: 'hello', blocks: [], broadcast: false, edits: 0, deleted: false });
    const found = sent(await channel.deliver(outgoingOf(pendingCard, { mayBePosted: true })));
    expect(slack.messages.map(({ ts }) => ts)).toEqual([found.message_id]);
    expect(server.callsTo('conversations.history').length).toBe(3);
    sent(await channel.deliver(outgoingOf(pendingCard, { mayBePosted: true, delivery_id: 'delivery-2' })));
    expect(slack.messages).toHaveLength(2);
  });

  it('an answer below that was posted although nobody heard of it is not posted again', async () => {
    const { server, slack, channel } = await installed();
    const asked = [sent(await channel.deliver(outgoingOf(pendingCard)))];
    server.faults.add({ path: 'chat.postMessage', times: 1, fault: { kind: 'lost_answer' } });
    expect(await channel.deliver(decided(cardOf('cancelled'), { asked }))).toMatchObject({ kind: 'transient' });
    sent(await channel.deliver(decided(cardOf('cancelled'), { asked, mayBePosted: true })));
    expect(slack.messages).toHaveLength(2);
  });

  it('a message that is gone is no error, nor one of somebody else', async () => {
    const { slack, channel } = await installed();
    const gone = sent(await channel.deliver(outgoingOf(pendingCard)));
    const foreign = slack.store.stamp(Date.now());
    slack.store.messages.push({ channel: 'C0APPROVALS', ts: foreign, author: 'U0ADA', text: 'mine', blocks: [], broadcast: false, edits: 0, deleted: false });
    const stored = slack.store.find(gone.conversation, gone.message_id);
    if (stored) stored.deleted = true;
    expect(await channel.deliver(decided(cardOf('expired'), { asked: [gone] }))).toEqual({ kind: 'sent' });
    expect(await channel.deliver(decided(cardOf('expired'), { asked: [{ conversation: 'C0APPROVALS', message_id: foreign }], delivery_id: 'd-2' }))).toMatchObject({ kind: 'sent' });
    expect(slack.store.find('C0APPROVALS', foreign)?.text).toBe('mine');
  });

  it('the token must be one of the configured app in the configured workspace; that is asked until it is so, and then no more', async () => {
    const { server, slack, channel, make } = await installed();
    expect(await make({ team_id: 'T0OTHER' }).deliver(outgoingOf(pendingCard))).toMatchObject({ kind: 'permanent', reason: expect.stringContaining('another workspace') });
    expect(await make({ api_app_id: 'A0OTHER' }).deliver(outgoingOf(pendingCard))).toMatchObject({ kind: 'permanent', reason: expect.stringContaining('another app') });
    expect(await make({ botToken: 'xoxb-wrong' }).deliver(outgoingOf(pendingCard))).toMatchObject({ kind: 'permanent', reason: expect.stringContaining('invalid_auth') });
    expect(slack.messages).toEqual([]);
    const before = server.callsTo('auth.test').length;
    server.faults.add({ path: 'auth.test', times: 1, fault: { kind: 'answer', answer: jsonAnswer(503, {}) } });
    expect(await channel.deliver(outgoingOf(pendingCard))).toMatchObject({ kind: 'transient' });
    sent(await channel.deliver(outgoingOf(pendingCard)));
    sent(await channel.deliver(outgoingOf(pendingCard, { delivery_id: 'delivery-2' })));
    expect(server.callsTo('auth.test').length - before).toBe(2);
  });

  it('hands on how long Slack asks to wait', async () => {
    const { slack, channel } = await installed({ rateLimit: { perSecond: 0.5 } });
    sent(await channel.deliver(outgoingOf(pendingCard)));
    expect(await channel.deliver(outgoingOf(pendingCard, { delivery_id: 'delivery-2' }))).toMatchObject({ kind: 'transient', retry_after_ms: 2_000, not_posted: true });
    expect(slack.messages).toHaveLength(1);
  });

  it.each([
    ['channel_not_found', 'permanent'], ['not_in_channel', 'permanent'], ['is_archived', 'permanent'], ['account_inactive', 'permanent'], ['missing_scope', 'permanent'], ['invalid_blocks', 'permanent'], ['a code of tomorrow!', 'transient'],
    ['ratelimited', 'transient'], ['internal_error', 'transient'], ['service_unavailable', 'transient'],
  ])('takes %s as %s', async (error, kind) => {
    const { server, channel } = await installed();
    server.faults.add({ path: 'chat.postMessage', fault: { kind: 'answer', answer: jsonAnswer(200, { ok: false, error }) } });
    expect(await channel.deliver(outgoingOf(pendingCard))).toMatchObject({ kind });
  });

  it('tries again when Slack is away, silent, or talks nonsense, and says no secret', async () => {
    const { server, channel } = await installed({}, { timeoutMs: 150 });
    const outcomes: AdapterOutcome[] = [];
    for (const fault of [{ kind: 'hang' }, { kind: 'cut' }, { kind: 'answer', answer: { status: 502, body: '<html>' } }, { kind: 'answer', answer: { status: 200, body: 'ok' } }, { kind: 'answer', answer: jsonAnswer(200, { ok: true }) }] as const) {
      server.faults.add({ path: 'chat.postMessage', times: 1, fault });
      outcomes.push(await channel.deliver(outgoingOf(pendingCard)));
    }
    expect(outcomes.map(({ kind }) => kind)).toEqual(outcomes.map(() => 'transient'));
    expect(JSON.stringify(outcomes)).not.toMatch(/xoxb|signing-secret/);
  });

  it('refuses a card that it cannot read, before it asks Slack anything', async () => {
    const { server, channel } = await installed();
    const { request, ...rest } = outgoingOf(pendingCard);
    expect(await channel.deliver({ ...rest, request: { ...request, card: {} } })).toMatchObject({ kind: 'permanent' });
    expect(server.calls).toEqual([]);
  });
});

/** The gateway as far as Slack is concerned: verifies, hands on what people do, and answers with what it is told. */
const gatewayOf = async (channel: SlackChannel, replyTo: (interaction: Interaction) => Reply | Promise<Reply>, deadlineMs = 2_500) => {
  const interactions: Interaction[] = [];
  const statuses: number[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => void respond(Buffer.concat(chunks)));
    const respond = async (body: Buffer): Promise<void> => {
      const received = await channel.receive({ headers: request.headers as Record<string, string>, body, received_at_ms: Date.now() });
      const answer: HttpAnswer = received.kind === 'interaction' ? await answerTo(received.interaction) : received.kind === 'answered' ? received.answer : { status: received.status, body: '' };
      statuses.push(answer.status);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    };
  });
  const answerTo = async (interaction: Interaction): Promise<HttpAnswer> => {
    interactions.push(interaction);
    return channel.reply(interaction, await replyTo(interaction), Date.now() + deadlineMs);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/channels/callbacks/x`, interactions, statuses };
};

describe('Channels: people in Slack', () => {
  const asked = async (replyTo: (interaction: Interaction) => Reply | Promise<Reply>, options: SlackDoubleOptions = {}, deadlineMs?: number) => {
    const { server, slack, channel } = await installed(options);
    const gateway = await gatewayOf(channel, replyTo, deadlineMs);
    slack.callbackUrl = gateway.url;
    const message = sent(await channel.deliver(outgoingOf(pendingCard)));
    const card = { channel: message.conversation, ts: message.message_id };
    return { server, slack, gateway, card, message };
  };

  it('a press arrives with who pressed which card, and its answer is seen by them alone', async () => {
    const { slack, gateway, card, message } = await asked(() => ({ kind: 'too_late', text: 'Grace approved this before you: <nothing> changed.' }));
    expect(await slack.people.press('U0ADA', card, 'tdm:approve')).toMatchObject({ answer: { kind: 'answered', status: 200, body: '' } });
    expect(gateway.interactions).toMatchObject([{ user: { user_id: 'U0ADA', display_name: 'ada' }, action: { kind: 'press', decision: 'approve', token: '0123456789abcdef0123456789abcdef' }, message }]);
    expect(slack.store.whispers).toEqual([{ user: 'U0ADA', channel: 'C0APPROVALS', text: 'Grace approved this before you: &lt;nothing&gt; changed.' }]);
  });

  it('sending back asks why in a form; it is sent once, with its reason, and the form closes', async () => {
    const { slack, gateway, card } = await asked(({ action }) => (action.kind === 'press' ? { kind: 'ask_reason', decision: 'rework', token: action.token, title: 'Send back' } : { kind: 'decided', text: 'Sent back.' }));
    await slack.people.press('U0ADA', card, 'tdm:rework');
    const [modal] = [...slack.store.modals.values()];
    expect(modal?.view).toMatchObject({ callback_id: 'tandem_rework_v1', private_metadata: 'tdm:rework:0123456789abcdef0123456789abcdef' });
    expect((await slack.people.submit(modal?.id ?? '', '')).trouble).toBeUndefined();
    expect(modal?.errors).toEqual({ reason_block: 'Say what has to change.' });
    await slack.people.submit(modal?.id ?? '', 'The amount is wrong.');
    expect(slack.store.modals.size).toBe(0);
    expect(gateway.interactions.map(({ action }) => action)).toMatchObject([{ kind: 'press' }, { kind: 'reason', decision: 'rework', reason: 'The amount is wrong.' }]);
  });

  it('a form that comes too late says so in its place', async () => {
    const { slack, card } = await asked(({ action }) => (action.kind === 'press' ? { kind: 'ask_reason', decision: 'rework', token: action.token, title: 'Send back' } : { kind: 'too_late', text: 'Grace approved this before you.' }));
    await slack.people.press('U0ADA', card, 'tdm:rework');
    const [modal] = [...slack.store.modals.values()];
    expect((await slack.people.submit(modal?.id ?? '', 'late')).trouble).toBeUndefined();
    expect(modal?.view).toMatchObject({ blocks: [{ text: { text: 'Grace approved this before you.' } }] });
  });

  it('a vote that others have to join is told to its voter alone, after a form in its place, and the card keeps its buttons', async () => {
    const text = 'Your vote is recorded: 1 of 2 approvals. Others have to decide too.';
    const { slack, card } = await asked(({ action }) => (action.kind === 'press' && action.decision === 'rework' ? { kind: 'ask_reason', decision: 'rework', token: action.token, title: 'Send back' } : { kind: 'voted', text }));
    await slack.people.press('U0ADA', card, 'tdm:approve');
    expect(slack.store.whispers).toEqual([{ user: 'U0ADA', channel: 'C0APPROVALS', text }]);
    await slack.people.press('U0GRACE', card, 'tdm:rework');
    const [modal] = [...slack.store.modals.values()];
    expect((await slack.people.submit(modal?.id ?? '', 'The amount.')).trouble).toBeUndefined();
    expect(modal?.view).toMatchObject({ blocks: [{ text: { text } }] });
    expect(JSON.stringify(slack.messages[0]?.blocks)).toContain('tdm:approve');
  });

  it('a button that cannot be read decides nothing, and its presser alone is told why', async () => {
    const { server, slack, gateway, message } = await asked(() => ({ kind: 'decided', text: 'Approved.' }));
    const [posted] = slack.messages;
    if (posted === undefined) throw new Error('nothing was posted');
    const payload = pressPayload({
      api_app_id: slack.app.appId, team: { id: slack.app.teamId }, user: { id: 'U0ADA', username: 'ada', team_id: slack.app.teamId }, container: { type: 'message', message_ts: message.message_id, channel_id: message.conversation },
      response_url: `${server.url}/hooks/${slack.store.hook('U0ADA', posted, Date.now())}`,
    }, { value: 'tdm:approve:automation-v2-run-1:sign' });
    expect(await slack.people.post(formOf(payload))).toMatchObject({ answer: { kind: 'answered', status: 200, body: '' } });
    expect(slack.store.whispers).toEqual([{ user: 'U0ADA', channel: 'C0APPROVALS', text: expect.stringContaining('This card is of an older kind and cannot decide any more. Nothing was decided.') }]);
    expect(gateway.interactions).toEqual([]);
  });

  it('when the form cannot be opened in time, the person is told to press again', async () => {
    const { server, slack, card } = await asked(({ action }) => ({ kind: 'ask_reason', decision: 'rework', token: 'token' in action ? action.token : '', title: 'Send back' }));
    server.faults.add({ path: 'views.open', fault: { kind: 'answer', answer: jsonAnswer(200, { ok: false, error: 'expired_trigger_id' }) } });
    expect((await slack.people.press('U0ADA', card, 'tdm:rework')).trouble).toBeUndefined();
    expect(slack.store.whispers).toMatchObject([{ text: expect.stringContaining('Press the button again') }]);
  });

  it('a code links a person by a command, and the answer is seen by them alone', async () => {
    const { slack, gateway } = await asked(() => ({ kind: 'done', text: 'You are ada@example.com here now.' }));
    expect((await slack.people.command('U0ADA', 'C0APPROVALS', 'enrol ABCD2345')).trouble).toBeUndefined();
    expect(gateway.interactions).toMatchObject([{ action: { kind: 'enrol', code: 'ABCD2345' } }]);
    expect(slack.store.whispers).toEqual([{ user: 'U0ADA', channel: 'C0APPROVALS', text: 'You are ada@example.com here now.' }]);
  });

  it('is answered within the deadline although the address for answers is silent', async () => {
    const { server, slack, card } = await asked(() => ({ kind: 'refused', text: 'You may not decide this.' }), {}, 200);
    server.faults.add({ path: '/hooks/', fault: { kind: 'hang' } });
    const { answer } = await slack.people.press('U0ADA', card, 'tdm:approve');
    expect(answer).toMatchObject({ kind: 'answered', status: 200 });
    expect(answer.kind === 'answered' && answer.elapsed_ms).toBeLessThan(2_000);
  });

  it('posts answers to the platform only, whatever address a press names', async () => {
    const { server, channel } = await installed();
    const elsewhere = createServer((_request, response) => response.end());
    let reached = 0;
    elsewhere.on('connection', () => (reached += 1));
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => elsewhere.close(resolve)));
    const { slack } = { slack: server.platform };
    slack.ownUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    const gateway = await gatewayOf(channel, () => ({ kind: 'decided', text: 'Approved.' }));
    slack.callbackUrl = gateway.url;
    const message = sent(await channel.deliver(outgoingOf(pendingCard)));
    await slack.people.press('U0ADA', { channel: message.conversation, ts: message.message_id }, 'tdm:approve');
    expect(gateway.statuses).toEqual([200]);
    expect(reached).toBe(0);
  });

  it('Slack shows its user an error when an answer takes more than three seconds, or is none', async () => {
    const { slack, card } = await asked(() => new Promise<Reply>(() => undefined), { answerMs: 100 });
    expect((await slack.people.press('U0ADA', card, 'tdm:approve')).trouble).toContain('within 3 seconds');
    slack.callbackUrl = 'http://127.0.0.1:9/';
    expect((await slack.people.press('U0ADA', card, 'tdm:approve')).trouble).toContain('could not be reached');
  });

  it('the page shows the card as Slack does, and its buttons press', async () => {
    const { server, slack, gateway, message } = await asked(() => ({ kind: 'decided', text: 'Approved.' }));
    const html = await (await fetch(server.url)).text();
    expect(html).toContain('Refund 129.00 EUR to Ada Lovelace');
    expect(html).toContain('This ends the run.');
    const fields = new URLSearchParams({ do: 'press', channel: message.conversation, ts: message.message_id, action: 'tdm:approve' });
    const pressed = await fetch(`${server.url}/act`, { method: 'POST', body: fields, headers: { origin: server.url } });
    expect(pressed.status).toBe(200);
    expect(await pressed.text()).toContain('Only visible to you: Approved.');
    expect(gateway.interactions).toHaveLength(1);
    expect(slack.store.whispers).toHaveLength(1);
  });
});
