import type { ConsumerOutcome } from '@cs/eventing';
import { questionId, runId, NotificationLog, ScriptedChannel } from './notification.fixture.js';
import { questionCardSchema } from './question-card.schema.js';
import { requestQuestionDeliveries } from './request-question-deliveries.command-handler.js';
import { sendDelivery } from './send-delivery.command-handler.js';
import { installedChannel, ScriptedPlatform, SendingWorld } from './sending.fixture.js';

const page_url = `https://sign.example/inbox/requests/${encodeURIComponent(questionId)}`;

/** A channel of the notifier's own configuration. */
const told = async (log: NotificationLog, ...bodies: readonly Promise<string>[]): Promise<ScriptedChannel> => {
  const channel = new ScriptedChannel('webhook');
  for (const body of bodies) await requestQuestionDeliveries({ eventing: log.eventing, channels: ['webhook'], publicUrl: 'https://sign.example/' }, await body, 1);
  for (const stored of log.pending()) await sendDelivery({ eventing: log.eventing, channel, random: () => 0.5 }, stored);
  return channel;
};

describe('a question on a channel', () => {
  it('says what is asked, by which run, until when, with one link to its page and nothing that decides', async () => {
    const log = new NotificationLog();
    const { sent: [request] } = await told(log, log.questionAsked({ prompt: `How many?\nThe key is ghp_${'a1b2'.repeat(9)}`, default: 'the secret default', risk_tier: 'money' }));
    expect(request).toMatchObject({ notice: 'question_asked', run_id: runId, node_id: 'count', request_id: questionId, risk_tier: 'money' });
    expect(request).not.toHaveProperty('gate_opening_id');
    expect(questionCardSchema.parse(request?.card)).toMatchObject({
      status: 'pending', page_url, body_markdown: 'How many?\nThe key is [redacted]', thread_key: runId, fields: [{ label: 'Run', value: runId }, { label: 'Workspace', value: 'ops' }, { label: 'Node', value: 'count' }, { label: 'Until', value: '1970-01-02 00:00 UTC; then the default is taken' }, { label: 'Risk', value: 'money' }],
    });
    expect(request?.card).not.toHaveProperty('actions');
    expect(JSON.stringify(request)).not.toMatch(/secret|ghp_/);
  });

  it.each<[string, (log: NotificationLog) => Promise<string>, object]>([
    ['answered', (log) => log.questionAnswered(), { notice: 'question_answered', card: { status: 'answered', summary: 'Answered by grace.', settled_at_ms: 2 } }],
    ['answered by its default', (log) => log.questionTimedOut(true), { notice: 'question_closed', card: { status: 'expired', summary: 'Nobody answered in time, so the default was taken.', settled_at_ms: 3 } }],
    ['given up', (log) => log.questionTimedOut(false), { notice: 'question_closed', card: { status: 'expired', summary: 'Nobody answered in time, so the step failed.' } }],
    ['cancelled', (log) => log.requestCancelled(), { notice: 'question_closed', card: { status: 'cancelled', summary: 'Cancelled: nobody needs to answer any more.\nReason: the run is cancelled' } }],
  ])('is told where it was asked when it is %s, once, and never what was answered', async (_what, end, expected) => {
    const log = new NotificationLog();
    const asked = log.questionAsked();
    await asked;
    const ended = end(log);
    const { sent } = await told(log, asked, ended, ended);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({ request_id: questionId, ...expected });
    expect(JSON.stringify(sent[1])).not.toContain('Until');
    expect(JSON.stringify(sent)).not.toContain('secret');
  });

  it('reminds where it was asked, once for each reminder, and neither of other waits nor of what was answered', async () => {
    const log = new NotificationLog();
    const asked = await log.questionAsked();
    const first = await log.waitReminded();
    const others = [await log.waitReminded(2), await log.waitReminded(3, 'escalation'), await log.waitReminded(4, 'timer')];
    const { sent } = await told(log, ...[asked, first, first, ...others].map((body) => Promise.resolve(body)));
    expect(sent.map(({ notice, notification_key = '' }) => [notice, notification_key.replace(questionId, 'q')])).toEqual([['question_asked', ''], ['question_reminded', 'q:reminder:1'], ['question_reminded', 'q:reminder:2']]);
    expect(questionCardSchema.parse(sent[2]?.card)).toMatchObject({ status: 'pending', page_url, attention: 'Reminder 2: this still waits for an answer.' });
    const late = log.waitReminded(5);
    await late;
    await log.questionAnswered();
    expect((await told(log, late)).sent.filter(({ notification_key = '' }) => notification_key.endsWith(':5'))).toEqual([]);
  });

  it('is told for each of several questions of a run', async () => {
    const log = new NotificationLog();
    const asked = log.questionAsked();
    await asked;
    const { sent } = await told(log, asked, log.questionAsked({ prompt: 'What colour?' }, 'q2'));
    expect(sent.map(({ request_id }) => request_id)).toEqual([questionId, 'q2']);
  });

  it('is not asked when it ended long ago, and waits for its asking before it is told to have ended', async () => {
    const log = new NotificationLog();
    const asked = await log.questionAsked();
    const answered = await log.questionAnswered();
    const request = (body: string, count: number): Promise<ConsumerOutcome> => requestQuestionDeliveries({ eventing: log.eventing, channels: ['webhook'] }, body, count);
    expect(await request(answered, 1)).toMatchObject({ kind: 'retry-later' });
    log.clock.advance(2 * 3_600_000);
    for (const body of [asked, answered]) expect(await request(body, 1)).toEqual({ kind: 'done' });
    expect(log.pending()).toEqual([]);
    const failing = new NotificationLog();
    const [late, answer] = [await failing.questionAsked(), await failing.questionAnswered()];
    // The handling of the first failed until whoever told the answer did not look for it any more.
    for (const count of [1, 2, 3, 4, 5]) await requestQuestionDeliveries({ eventing: failing.eventing, channels: ['webhook'] }, answer, count);
    expect(await requestQuestionDeliveries({ eventing: failing.eventing, channels: ['webhook'] }, late, 7)).toEqual({ kind: 'done' });
    expect(failing.pending()).toEqual([]);
    const open = new NotificationLog();
    const question = await open.questionAsked();
    open.clock.advance(2 * 3_600_000);
    expect((await told(open, Promise.resolve(question))).sent).toHaveLength(1);
  });

  it('leaves escalations alone, and sets aside what is no event of a question', async () => {
    const log = new NotificationLog();
    expect(await requestQuestionDeliveries({ eventing: log.eventing, channels: ['webhook'] }, await log.requestCancelled('escalation'), 1)).toEqual({ kind: 'done' });
    expect(await requestQuestionDeliveries({ eventing: log.eventing, channels: [] }, '{}', 1)).toMatchObject({ kind: 'give-up' });
  });
});

describe('a question in an installation', () => {
  it('changes its message when it is answered', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.questionAsked());
    await world.settle();
    await world.happens(world.log.questionAnswered());
    await world.settle();
    expect(world.platform.calls.map(({ request: { notice }, asked }) => [notice, asked.length])).toEqual([['question_asked', 0], ['question_answered', 1]]);
    expect(world.platform.statuses()).toEqual(['answered']);
  });

  it('changes its message when it reminds, and not after its answer', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.questionAsked());
    await world.settle();
    await world.happens(world.log.waitReminded());
    await world.settle();
    expect(world.platform.calls.at(-1)).toMatchObject({ asked: [{ message_id: 'm1' }], request: { notice: 'question_reminded', card: { status: 'pending' } } });
    await world.happens(world.log.waitReminded(2));
    await world.happens(world.log.questionAnswered());
    await world.settle();
    expect(world.platform.calls.map(({ request: { notice } }) => notice)).toEqual(['question_asked', 'question_reminded', 'question_answered']);
    expect(world.platform.statuses()).toEqual(['answered']);
  });

  it('reminds nobody in quiet hours, and once when they are over', async () => {
    const night = { quiet_hours: { hours: { from: '01:00', to: '03:00' } } };
    const world = new SendingWorld(new ScriptedPlatform(), [installedChannel(night)]);
    await world.happens(world.log.questionAsked());
    await world.settle();
    world.log.clock.advance(3_600_000);
    for (const count of [1, 2]) await world.happens(world.log.waitReminded(count));
    await world.deliver();
    expect(world.platform.calls).toHaveLength(1);
    world.log.clock.advance(2 * 3_600_000);
    await world.settle();
    expect(world.platform.calls.map(({ request: { notice } }) => notice)).toEqual(['question_asked', 'question_reminded']);
  });

  it('is withdrawn with its answer when nobody saw it', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.questionAsked());
    await world.happens(world.log.questionAnswered());
    await world.settle();
    expect(world.platform.calls).toEqual([]);
  });

  it('goes where the rules say: by risk, directly to whoever is asked, or into a list that leaves out what ended', async () => {
    const direct = new SendingWorld(new ScriptedPlatform(), [installedChannel({ routes: [{ risk_tiers: ['money_movement_contract'], mode: 'direct' }] }, { users: [{ user_id: 'U7', tier: 'approve', person: 'grace', departments: [] }] })]);
    await direct.happens(direct.log.questionAsked({ risk_tier: 'money_movement_contract', ask: [{ kind: 'person', id: 'Grace' }] }));
    await direct.settle();
    expect(direct.platform.calls.map(({ recipient }) => recipient)).toEqual(['user:U7']);
    const elsewhere = new SendingWorld(new ScriptedPlatform(), [installedChannel({ routes: [{ risk_tiers: ['money_movement_contract'], mode: 'card' }] })]);
    await elsewhere.happens(elsewhere.log.questionAsked());
    expect(elsewhere.pending()).toEqual([]);
    for (const ends of [false, true]) {
      const listed = new SendingWorld(new ScriptedPlatform(), [installedChannel({ routes: [{ mode: 'digest', digest_minutes: 60 }] })]);
      await listed.happens(listed.log.questionAsked());
      if (ends) await listed.happens(listed.log.questionAnswered());
      await listed.settle();
      expect(listed.platform.calls.map(({ request }) => request.card)).toEqual(ends ? [] : [expect.objectContaining({ items: [{ text: `refund-order: How many lamps? (Run: ${runId})`, page_url }] })]);
    }
  });
});
