import { decodeCommit, type Eventing } from '@cs/eventing';
import fc from 'fast-check';
import { backOffMs, maxAttempts } from './back-off.policy.js';
import { noticedEvents, readGateNotice } from './gate-notices.js';
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

  it('tells each reminder and each escalation once, where the question was asked, with the link', async () => {
    const log = new NotificationLog();
    const options = { eventing: log.eventing, channels: ['webhook'], publicUrl: 'https://sign.example/' };
    await requestDeliveries(options, await log.opened(), 1);
    const events = [await log.reminded(1), await log.reminded(2), await log.escalated()];
    for (const event of [...events, ...events.toReversed(), ...events]) expect(await requestDeliveries(options, event, 1)).toEqual({ kind: 'done' });
    const page_url = `https://sign.example/inbox/${encodeURIComponent(pendingGate().gate_opening_id)}`;
    const told = log.pending().flatMap(({ commit }) => commit.events.map((event) => event.data));
    expect(told).toEqual([
      expect.objectContaining({ notice: 'gate_opened', card: expect.objectContaining({ page_url }) }),
      expect.objectContaining({ notice: 'gate_reminded', notification_key: expect.stringContaining(':reminder:1'), card: expect.objectContaining({ status: 'pending', page_url, attention: 'Reminder 1: this still waits for a decision, until 1970-01-02 00:00 UTC.' }) }),
      expect.objectContaining({ notice: 'gate_reminded', notification_key: expect.stringContaining(':reminder:2') }),
      expect.objectContaining({ notice: 'gate_escalated', card: expect.objectContaining({ attention: 'Escalated to lead (1): nobody decided in time.' }) }),
    ]);
    expect(new Set(log.pending().map(({ ref }) => ref.id)).size).toBe(4);
    // Nobody asked here in the first place.
    expect(await requestDeliveries({ ...options, channels: ['console'] }, events[0] ?? '', 5)).toEqual({ kind: 'done' });
    expect(log.pending()).toHaveLength(4);
  });

  it('asks nobody again about a gate that no longer waits', async () => {
    const log = new NotificationLog();
    await requestDeliveries({ eventing: log.eventing, channels }, await log.opened(), 1);
    const reminder = await log.reminded();
    await log.decided();
    await requestDeliveries({ eventing: log.eventing, channels }, reminder, 1);
    expect(log.pending()).toHaveLength(2);
  });

  it('closes the cards of a gate whose run was cancelled, and leaves alone those that were decided', async () => {
    const log = new NotificationLog();
    await requestDeliveries({ eventing: log.eventing, channels: ['webhook'] }, await log.opened(), 1);
    const cancelled = await log.cancelled();
    for (const count of [1, 2]) expect(await requestDeliveries({ eventing: log.eventing, channels: ['webhook'] }, cancelled, count)).toEqual({ kind: 'done' });
    expect(log.pending().flatMap(({ commit }) => commit.events.map((event) => event.data)).slice(1)).toEqual([
      expect.objectContaining({ notice: 'gate_closed', card: expect.objectContaining({ status: 'closed', actions: [], summary: 'Closed: the run ended before anyone decided.\nReason: not needed' }) }),
    ]);
    const decided = new NotificationLog();
    await requestDeliveries({ eventing: decided.eventing, channels }, await decided.opened(), 1);
    expect(await requestDeliveries({ eventing: decided.eventing, channels }, await decided.cancelled(false), 1)).toEqual({ kind: 'done' });
    expect(decided.pending()).toHaveLength(2);
  });

  const closings = (log: NotificationLog) => log.pending().flatMap(({ commit }) => commit.events.map(({ data }) => data as { notice: string; gate_opening_id: string; card: { status: string; summary?: string } })).filter(({ notice }) => notice === 'gate_closed');

  it.each([
    ['a run that was reset', (log: NotificationLog) => log.recovered(), 'Closed: the run was reset before anyone decided.\nReason: try again'],
    ['a run that an operator cancelled', (log: NotificationLog) => log.stopped(), 'Closed: the run ended before anyone decided.\nReason: not needed'],
  ])('closes the cards of the gate of %s, once', async (_what, happen, summary) => {
    const log = new NotificationLog();
    const options = { eventing: log.eventing, channels };
    await requestDeliveries(options, await log.opened(), 1);
    const event = await happen(log);
    for (const count of [1, 2]) expect(await requestDeliveries(options, event, count)).toEqual({ kind: 'done' });
    expect(closings(log)).toMatchObject([{ gate_opening_id: pendingGate().gate_opening_id, card: { status: 'closed', summary } }, { card: { status: 'closed', summary } }]);
  });

  it('closes no card of a run that was reset while no gate was open, nor of a gate that stays open', async () => {
    const decided = new NotificationLog();
    await requestDeliveries({ eventing: decided.eventing, channels }, await decided.opened(), 1);
    await decided.decided();
    expect(await requestDeliveries({ eventing: decided.eventing, channels }, await decided.recovered(), 1)).toEqual({ kind: 'done' });
    const kept = new NotificationLog();
    await requestDeliveries({ eventing: kept.eventing, channels }, await kept.opened(), 1);
    await requestDeliveries({ eventing: kept.eventing, channels }, await kept.recovered(pendingGate()), 1);
    expect([...closings(decided), ...closings(kept)]).toEqual([]);
  });

  it('closes the cards of an approval that does not hold any more, and tells the gate that asks again', async () => {
    const log = new NotificationLog();
    const options = { eventing: log.eventing, channels: ['webhook'] };
    await requestDeliveries(options, await log.opened(), 1);
    await requestDeliveries(options, await log.decided(), 1);
    const broken = await log.bindingBroken();
    for (const count of [1, 2]) await requestDeliveries(options, broken, count);
    await requestDeliveries(options, await log.opened(pendingGate({ gate_opening_id: `automation_v2:${pendingGate().gate_opening_id}:2` })), 1);
    expect(log.pending().flatMap(({ commit }) => commit.events.map(({ data }) => (data as { notice: string }).notice))).toEqual(['gate_opened', 'gate_decided', 'gate_closed', 'gate_opened']);
    expect(closings(log)).toMatchObject([{ gate_opening_id: pendingGate().gate_opening_id, card: { summary: 'Closed: what was about to happen is not what had been approved, so it asks again.' } }]);
  });

  it('is told of everything that can take an open gate away', () => {
    for (const event_type of ['run_cancelled', 'run_failed', 'run_stopped', 'stateful_wait_timeout_cancelled_run', 'run_recovered', 'run_recovered_from_pause', 'run_step_repaired', 'run_task_retried', 'run_task_requeued', 'run_task_continued']) {
      expect(noticedEvents).toContain(event_type);
      const body = { event_id: 'e', event_type, aggregate_id: 'r', org_id: 'acme', workspace_id: 'ops', position: 2, occurred_at_ms: 1, data: { reason: 'why' } };
      expect(readGateNotice(JSON.stringify(body))).toMatchObject({ ok: true, notice: { notice: /^(run_(recovered|step|task))/.test(event_type) ? 'run_reset' : 'run_ended', reason: 'why' } });
    }
  });

  it('goes on where its process died, after some of the channels were asked', async () => {
    const log = new NotificationLog();
    const opened = await log.opened();
    await requestDeliveries({ eventing: log.eventing, channels: ['console'] }, opened, 1);
    expect(await requestDeliveries({ eventing: log.eventing, channels }, opened, 2)).toEqual({ kind: 'done' });
    expect(log.pending().flatMap(({ commit }) => commit.events.map((event) => (event.data as { channel: string }).channel))).toEqual(['console', 'webhook']);
  });

  it('does not ask what was answered before its event was handled at last: nobody would tell the answer', async () => {
    const log = new NotificationLog();
    const options = { eventing: log.eventing, channels };
    const opened = await log.opened();
    const decided = await log.decided();
    // The handling of the first failed, again and again.
    for (const count of [1, 2, 3, 4, 5]) await requestDeliveries(options, decided, count);
    expect(await requestDeliveries(options, opened, 7)).toEqual({ kind: 'done' });
    expect(log.deliveryEvents()).toEqual([]);
    const waiting = new NotificationLog();
    expect(await requestDeliveries({ eventing: waiting.eventing, channels }, await waiting.opened(), 7)).toEqual({ kind: 'done' });
    expect(waiting.pending()).toHaveLength(channels.length);
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

  it('tells the receiver that it is the same notice, when the process died between telling and recording', async () => {
    const log = await opened();
    const channel = new ScriptedChannel('webhook');
    const [, commit] = log.pending();
    if (!commit) throw new Error('nothing is pending');
    // What was sent, and not recorded, is sent again under the same id; after that it is recorded once.
    const unrecorded: Eventing = { ...log.eventing, store: { at: (position) => log.store.at(position), last: (ref) => log.store.last(ref), append: () => Promise.reject(new Error('the process died')) } };
    await expect(sendDelivery({ eventing: unrecorded, channel, random: () => 0.5 }, commit)).rejects.toThrow('the process died');
    expect(await sendDelivery({ eventing: log.eventing, channel, random: () => 0.5 }, commit)).toEqual({ kind: 'done' });
    expect(await sendDelivery({ eventing: log.eventing, channel, random: () => 0.5 }, commit)).toEqual({ kind: 'done' });
    expect(channel.sent.map(({ delivery_id }) => delivery_id)).toEqual([commit.ref.id, commit.ref.id]);
    expect(log.deliveryEvents().filter((type) => type === 'delivery_sent')).toHaveLength(1);
  });

  it('does not repeat a reminder of a gate whose run was cancelled meanwhile', async () => {
    const log = await opened();
    await requestDeliveries({ eventing: log.eventing, channels }, await log.reminded(), 1);
    const channel = new ScriptedChannel('webhook', [{ kind: 'sent' }, { kind: 'transient', reason: 'down' }]);
    await deliver(log, channel);
    await requestDeliveries({ eventing: log.eventing, channels }, await log.cancelled(), 1);
    await deliver(log, channel);
    expect(channel.sent.map(({ notice }) => notice)).toEqual(['gate_opened', 'gate_reminded', 'gate_closed']);
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
