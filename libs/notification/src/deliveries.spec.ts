import { decodeCommit } from '@cs/eventing';
import fc from 'fast-check';
import { backOffMs, maxAttempts } from './back-off.policy.js';
import { NotificationLog, pendingGate, ScriptedChannel } from './notification.fixture.js';
import { requestDeliveries } from './request-deliveries.command-handler.js';
import { sendDelivery } from './send-delivery.command-handler.js';
import type { NotificationChannel } from './notification-channel.port.js';

const channels = ['console', 'webhook'];

describe('asking for deliveries', () => {
  it('asks every channel once, however often the event comes', async () => {
    const log = new NotificationLog();
    const opened = await log.opened();
    expect(await requestDeliveries({ eventing: log.eventing, channels }, opened, 1)).toEqual({ kind: 'done' });
    expect(await requestDeliveries({ eventing: log.eventing, channels }, opened, 2)).toEqual({ kind: 'done' });
    const requests = log.pending().flatMap(({ commit }) => commit.events.map((event) => event.data));
    expect(requests).toEqual([
      expect.objectContaining({ channel: 'console', notice: 'gate_opened', automation_id: 'refund-order', gate_opening_id: pendingGate().gate_opening_id, delivery_id: expect.stringMatching(/^delivery-[0-9a-f]{32}$/) }),
      expect.objectContaining({ channel: 'webhook' }),
    ]);
  });

  it('tells the decision where the question was asked, and nowhere else', async () => {
    const log = new NotificationLog();
    await requestDeliveries({ eventing: log.eventing, channels: ['webhook'] }, await log.opened(), 1);
    const decided = await log.decided('rework', 'wrong amount');
    expect(await requestDeliveries({ eventing: log.eventing, channels }, decided, 1)).toMatchObject({ kind: 'retry-later' });
    expect(await requestDeliveries({ eventing: log.eventing, channels }, decided, 5)).toEqual({ kind: 'done' });
    const notices = log.pending().flatMap(({ commit }) => commit.events.map((event) => event.data));
    expect(notices).toHaveLength(2);
    expect(notices[1]).toMatchObject({ channel: 'webhook', notice: 'gate_decided', approval_request_id: pendingGate().approval_request_id, card: { status: 'rework', summary: expect.stringContaining('wrong amount') } });
  });

  it('does not ask what was answered long ago, but still asks what waits', async () => {
    const decidedLongAgo = new NotificationLog();
    const events = [await decidedLongAgo.opened(), await decidedLongAgo.decided()];
    const waitsSinceLong = new NotificationLog();
    const question = await waitsSinceLong.opened();
    for (const log of [decidedLongAgo, waitsSinceLong]) log.clock.advance(2 * 3_600_000);
    for (const event of events) expect(await requestDeliveries({ eventing: decidedLongAgo.eventing, channels }, event, 1)).toEqual({ kind: 'done' });
    expect(decidedLongAgo.pending()).toEqual([]);
    await requestDeliveries({ eventing: waitsSinceLong.eventing, channels }, question, 1);
    expect(waitsSinceLong.pending()).toHaveLength(2);
  });

  it('sets aside what is no gate event', async () => {
    const log = new NotificationLog();
    for (const body of ['', '{}', '{"event_type":"run_completed"}', '[1]']) {
      expect(await requestDeliveries({ eventing: log.eventing, channels }, body, 1)).toMatchObject({ kind: 'give-up' });
    }
  });
});

describe('sending a delivery', () => {
  const opened = async (): Promise<NotificationLog> => {
    const log = new NotificationLog();
    await requestDeliveries({ eventing: log.eventing, channels }, await log.opened(), 1);
    return log;
  };
  /** One delivery of every pending message to this channel's consumer. */
  const deliver = async (log: NotificationLog, channel: NotificationChannel) => {
    const outcomes = [];
    for (const commit of log.pending()) outcomes.push(await sendDelivery({ eventing: log.eventing, channel, random: () => 0.5 }, commit));
    return outcomes;
  };

  it('sends only what is for its channel, and nothing twice after a restart', async () => {
    const log = await opened();
    const before = new ScriptedChannel('webhook');
    expect(await deliver(log, before)).toEqual([{ kind: 'done' }, { kind: 'done' }]);
    expect(before.sent.map(({ channel }) => channel)).toEqual(['webhook']);
    const after = new ScriptedChannel('webhook');
    expect(await deliver(log, after)).toEqual([{ kind: 'done' }, { kind: 'done' }]);
    expect(after.sent).toEqual([]);
    expect(log.deliveryEvents().filter((type) => type === 'delivery_sent')).toHaveLength(1);
  });

  it('comes back after a transient failure, no sooner than it was asked, then succeeds', async () => {
    const log = await opened();
    const channel = new ScriptedChannel('webhook', [{ kind: 'transient', reason: 'busy', retry_after_ms: 90_000 }, new Error('socket hang up')]);
    expect((await deliver(log, channel))[1]).toEqual({ kind: 'retry-later', delayMs: 90_000, reason: 'busy' });
    expect((await deliver(log, channel))[1]).toEqual({ kind: 'retry-later', delayMs: 10_000, reason: 'socket hang up' });
    expect((await deliver(log, channel))[1]).toEqual({ kind: 'done' });
    expect(channel.sent).toHaveLength(3);
    expect(log.deliveryEvents()).toEqual(['delivery_requested', 'delivery_requested', 'delivery_attempt_failed', 'delivery_attempt_failed', 'delivery_sent']);
    expect(log.pending()).toHaveLength(2);
  });

  it('stops at once when the channel refuses for good', async () => {
    const log = await opened();
    const channel = new ScriptedChannel('webhook', [{ kind: 'permanent', reason: 'gone' }]);
    expect((await deliver(log, channel))[1]).toEqual({ kind: 'done' });
    expect((await deliver(log, channel))[1]).toEqual({ kind: 'done' });
    expect(channel.sent).toHaveLength(1);
    expect(log.deliveryEvents().at(-1)).toBe('delivery_abandoned');
  });

  it('gives up after the last attempt', async () => {
    const log = await opened();
    const channel = new ScriptedChannel('webhook', Array.from({ length: 99 }, () => ({ kind: 'transient' as const, reason: 'down' })));
    for (let round = 1; round < maxAttempts; round += 1) expect((await deliver(log, channel))[1]).toMatchObject({ kind: 'retry-later' });
    expect((await deliver(log, channel))[1]).toEqual({ kind: 'done' });
    expect(channel.sent).toHaveLength(maxAttempts);
    expect(log.deliveryEvents().at(-1)).toBe('delivery_abandoned');
  });

  it('does not repeat a question that was answered meanwhile', async () => {
    const log = await opened();
    const channel = new ScriptedChannel('webhook', [{ kind: 'transient', reason: 'down' }]);
    await deliver(log, channel);
    await requestDeliveries({ eventing: log.eventing, channels }, await log.decided(), 1);
    await deliver(log, channel);
    expect(channel.sent.map(({ notice }) => notice)).toEqual(['gate_opened', 'gate_decided']);
  });

  it('stores no credential that a channel shows in its reason', async () => {
    const log = await opened();
    await deliver(log, new ScriptedChannel('webhook', [new Error(`refused https://hooks.slack.com/services/T1/B1/secret`)]));
    expect(JSON.stringify(log.store.all())).not.toContain('/secret');
  });

  it('sets aside a message of a delivery that does not exist', async () => {
    const [commit] = (await opened()).pending().slice(1);
    const empty = new NotificationLog();
    if (!commit) throw new Error('nothing is pending');
    const stray = decodeCommit({ ref: commit.ref, status: 'pending' }, { position: commit.position, body: JSON.stringify(commit.commit) });
    expect(await sendDelivery({ eventing: empty.eventing, channel: new ScriptedChannel('webhook'), random: Math.random }, stray)).toMatchObject({ kind: 'give-up' });
  });
});

describe('the back-off', () => {
  it('grows from seconds to an hour and spreads', () => {
    expect([1, 2, 3, 11].map((attempt) => backOffMs(attempt, { random: 0.5 }))).toEqual([5_000, 10_000, 20_000, 3_600_000]);
    expect([0, 1].map((random) => backOffMs(1, { random }))).toEqual([4_000, 6_000]);
  });

  it('is never shorter than the channel asked for, up to six hours, and never longer than that', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(30 * 3_600_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, retryAfterMs, random) => {
      const delay = backOffMs(attempt, { retryAfterMs, random });
      expect(delay).toBeGreaterThanOrEqual(Math.min(retryAfterMs, 6 * 3_600_000));
      expect(delay).toBeLessThanOrEqual(6 * 3_600_000);
    }));
  });
});
