import { loadAggregate, type EventStore, type StoredCommit } from '@cs/eventing';
import fc from 'fast-check';
import { awaitedGate } from './awaited-gate.js';
import { deliveryAggregate } from './delivery-aggregate.js';
import { NotificationLog, pendingGate, runId, ScriptedChannel, tenant } from './notification.fixture.js';
import { requestDeliveries } from './request-deliveries.command-handler.js';
import { sendDelivery } from './send-delivery.command-handler.js';
import { sendToInstallation } from './send-to-installation.command-handler.js';
import { installedChannel, ScriptedPlatform, SendingWorld, type Step } from './sending.fixture.js';

const ofFour = pendingGate({ approvals_required: 4 });
const noticeOf = ({ commit }: StoredCommit): string => String((commit.events[0]?.data as { readonly notice?: string }).notice);
const must = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error('there is none');
  return value;
};

/** A card that asks for four approvals, posted. */
const asked = async (platform = new ScriptedPlatform(), channels = [installedChannel()]): Promise<SendingWorld> => {
  const world = new SendingWorld(platform, channels);
  await world.happens(world.log.opened(ofFour));
  await world.settle();
  return world;
};

const soon = (world: SendingWorld): void => world.log.clock.advance(2_000);
const cardsTold = (world: SendingWorld) => world.platform.calls.map(({ request: { notice, card } }) => [notice, (card as { readonly votes?: string }).votes]);
const lastOf = (world: SendingWorld, notice: string): StoredCommit => must(world.pending().findLast((stored) => noticeOf(stored) === notice));
const state = async (world: SendingWorld, { ref }: StoredCommit) => (await loadAggregate({ store: world.log.store, aggregate: deliveryAggregate }, ref)).state;

/** The same world in a process that dies before its write of this number. */
const dyingAt = (world: SendingWorld, write: number) => {
  const { store } = world.log;
  let appends = 0;
  const append: EventStore['append'] = (...args) => ((appends += 1) >= write ? Promise.reject(new Error('the process died')) : store.append(...args));
  return { ...world.sender, eventing: { ...world.log.eventing, store: { at: store.at.bind(store), last: store.last.bind(store), append } } };
};

describe('a vote renews the cards', () => {
  it('says who approved and of how many, at the message that asked, with its buttons; and the decision closes it', async () => {
    const world = await asked();
    const voted = await world.log.voted('ada');
    for (const count of [1, 2]) expect(await world.happens(voted, count)).toEqual({ kind: 'done' });
    soon(world);
    await world.settle();
    const [question, vote] = world.platform.calls;
    expect(vote).toMatchObject({ asked: [{ message_id: 'm1' }], token: question?.token, request: { notice: 'gate_voted', vote_count: 1, card: { status: 'pending', votes: '1 of 4 approvals: ada', actions: [{ decision: 'approve' }, { decision: 'rework' }] } } });
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.statuses()).toEqual(['approve']);
    expect(cardsTold(world)).toEqual([['gate_opened', undefined], ['gate_voted', '1 of 4 approvals: ada'], ['gate_decided', undefined]]);
  });

  it('tells many votes that come quickly as one, whether they are handled at once or one after the other', async () => {
    const world = await asked();
    await world.happens(world.log.voted('ada'));
    await world.deliver();
    const events = [await world.log.voted('bob'), await world.log.voted('eve', 'rework')];
    soon(world);
    await world.deliver();
    expect([world.platform.calls.length, world.pace.taken]).toEqual([1, 1]);
    for (const event of events) await world.happens(event);
    await world.deliver();
    soon(world);
    await world.settle();
    expect([world.platform.calls.length, world.pace.taken]).toEqual([2, 2]);
    expect(cardsTold(world).slice(1)).toEqual([['gate_voted', '2 of 4 approvals: ada, bob; against: eve (rework)']]);
  });

  it('leaves out a vote that others followed while it waited for its turn', async () => {
    const world = await asked();
    await world.happens(world.log.voted('ada'));
    soon(world);
    const take = async (): Promise<boolean> => {
      await world.happens(world.log.voted('bob'));
      return true;
    };
    const waiting = { ...world.sender, pace: { take, pause: () => undefined, close: () => undefined } };
    expect(await sendToInstallation(waiting, lastOf(world, 'gate_voted'))).toEqual({ kind: 'done' });
    expect(world.platform.calls).toHaveLength(1);
    soon(world);
    await world.settle();
    expect(cardsTold(world).slice(1)).toEqual([['gate_voted', '2 of 4 approvals: ada, bob']]);
  });

  it('tells nothing of a vote whose gate is decided, or whose opening is over, before it is told', async () => {
    const world = await asked();
    await world.happens(world.log.voted('ada'));
    const late = await world.log.voted('bob');
    await world.happens(world.log.decided());
    await world.happens(late);
    soon(world);
    await world.settle();
    expect(world.platform.calls.map(({ request }) => request.notice)).toEqual(['gate_opened', 'gate_decided']);
    const decidedUntold = await asked();
    await decidedUntold.happens(decidedUntold.log.voted('ada'));
    await decidedUntold.log.decided();
    soon(decidedUntold);
    await decidedUntold.settle();
    expect(decidedUntold.platform.calls).toHaveLength(1);
  });

  it('is shown by what asks first, where that was not asked yet', async () => {
    const quiet = { quiet_hours: { hours: { from: '00:00', to: '02:00' } } };
    const world = new SendingWorld(new ScriptedPlatform(), [installedChannel(quiet)]);
    await world.happens(world.log.opened(ofFour));
    await world.happens(world.log.voted('ada'));
    world.log.clock.advance(3 * 3_600_000);
    await world.settle();
    expect(cardsTold(world)).toEqual([['gate_opened', '1 of 4 approvals: ada']]);
    const failing = new SendingWorld(new ScriptedPlatform([{ kind: 'transient', reason: 'busy', not_posted: true }]));
    await failing.happens(failing.log.opened(ofFour));
    await failing.deliver();
    await failing.happens(failing.log.voted('ada'));
    soon(failing);
    expect(await sendToInstallation(failing.sender, lastOf(failing, 'gate_voted'))).toEqual({ kind: 'done' });
    expect(failing.eventTypes().at(-1)).toBe('delivery_abandoned');
    await failing.settle();
    expect(cardsTold(failing).at(-1)).toEqual(['gate_opened', '1 of 4 approvals: ada']);
  });

  it('is told to nobody whose messages cannot be changed, and to the program behind a webhook', async () => {
    const kinds = ['slack', 'email', 'teams', 'webhook'] as const;
    const channels = kinds.map((kind) => {
      const installed = installedChannel({}, { id: kind });
      return { ...installed, channel: { ...installed.channel, kind } };
    });
    const log = new NotificationLog();
    const options = { eventing: log.eventing, channels: ['console', 'webhook'], directory: { channelsOf: () => channels } };
    await requestDeliveries(options, await log.opened(ofFour), 1);
    // Where it was not asked yet the question itself will show the vote.
    for (const stored of log.store.all().filter(({ ref }) => ref.aggregate === 'delivery')) {
      const started = { event_id: `s-${stored.ref.id}`, event_type: 'delivery_attempt_started', version: 1, recorded_at_ms: 1, data: { attempt: 1, attempt_id: 'a', started_at_ms: 1 } };
      await log.store.append(stored.ref, 'sending', { commit_id: `s-${stored.ref.id}`, previous: stored.position, version: 2, events: [started] });
    }
    await requestDeliveries(options, await log.voted('ada'), 1);
    const told = log.store.all().flatMap(({ ref, commit }) => (ref.aggregate === 'delivery' ? commit.events : [])).map(({ data }) => data as { readonly notice?: string; readonly channel: string; readonly installation?: string }).filter(({ notice }) => notice === 'gate_voted');
    expect(told.map(({ channel, installation = 'configuration' }) => `${channel} ${installation}`).sort()).toEqual(['slack slack', 'webhook configuration', 'webhook webhook']);
  });

  it('goes on saying what time did, and what asks again shows the votes of its moment', async () => {
    const world = await asked();
    await world.happens(world.log.reminded());
    await world.happens(world.log.voted('ada'));
    await world.deliver();
    soon(world);
    await world.settle();
    expect(world.platform.calls.slice(1).map(({ request: { notice, card } }) => [notice, card])).toEqual([
      ['gate_reminded', expect.objectContaining({ attention: expect.stringMatching(/^Reminder 1/), votes: '1 of 4 approvals: ada' })],
      ['gate_voted', expect.objectContaining({ attention: expect.stringMatching(/^Reminder 1/), votes: '1 of 4 approvals: ada' })],
    ]);
  });

  it('is read from the commits where those of a large run carry no state', async () => {
    const log = new NotificationLog();
    await log.opened(ofFour);
    const { node_id, gate_opening_id } = ofFour;
    for (const voter of ['ada', 'bob']) await log.publish({ event_type: 'approval_gate_vote_recorded', data: { node_id, gate_opening_id, vote: { vote_id: voter, voter, decision: 'approve', voted_by: { kind: 'human', actor_id: voter }, voted_at_ms: 2 } } });
    expect((await awaitedGate(log.store, { ...tenant, run_id: runId }))?.votes?.map(({ voter }) => voter)).toEqual(['ada', 'bob']);
  });
});

describe('the order of votes and what follows them', () => {
  /** Something else happens while a notice is under way at the platform; answers what came of that. */
  const during = async <Outcome>(world: SendingWorld, happens: () => Promise<Outcome>, notice = 'gate_voted'): Promise<Outcome | undefined> => {
    const deliver = world.platform.deliver.bind(world.platform);
    let outcome: Outcome | undefined;
    world.platform.deliver = async (outgoing) => {
      world.platform.deliver = deliver;
      outcome = await happens();
      return await deliver(outgoing);
    };
    soon(world);
    await sendToInstallation(world.sender, lastOf(world, notice));
    return outcome;
  };

  it.each(['decided', 'cancelled'] as const)('what ends the gate waits while a vote is being told, and is told after it: %s', async (end) => {
    const world = await asked();
    await world.happens(world.log.voted('ada'));
    const outcomes = await during(world, async () => {
      await world.happens(world.log[end]());
      return await world.deliver();
    });
    expect(outcomes).toEqual([['gate_voted', 'retry-later'], [end === 'decided' ? 'gate_decided' : 'gate_closed', 'retry-later']]);
    await world.settle();
    expect(world.platform.statuses()).toEqual([end === 'decided' ? 'approve' : 'closed']);
    expect(world.platform.calls.map(({ request }) => request.notice)).toEqual(['gate_opened', 'gate_voted', end === 'decided' ? 'gate_decided' : 'gate_closed']);
  });

  it('that a gate asks again waits for a vote of which the decision did not know yet', async () => {
    const world = await asked();
    await world.happens(world.log.voted('ada'));
    const outcomes = await during(world, async () => {
      await world.happens(world.log.decided());
      await world.happens(world.log.bindingBroken());
      return await world.deliver();
    });
    expect(outcomes).toEqual([['gate_voted', 'retry-later'], ['gate_decided', 'done'], ['gate_closed', 'retry-later']]);
    await world.settle();
    expect(world.platform.statuses()).toEqual(['closed']);
  });

  it('a later vote waits while an earlier one is being told, and so does what asks again', async () => {
    const world = await asked();
    await world.happens(world.log.voted('ada'));
    const outcomes = await during(world, async () => {
      await world.happens(world.log.voted('bob'));
      await world.happens(world.log.reminded());
      soon(world);
      return await world.deliver();
    });
    expect(outcomes).toEqual([['gate_voted', 'retry-later'], ['gate_voted', 'retry-later'], ['gate_reminded', 'retry-later']]);
    await world.settle();
    expect(cardsTold(world).slice(1).map(([, votes]) => votes)).toEqual(['1 of 4 approvals: ada', '2 of 4 approvals: ada, bob', '2 of 4 approvals: ada, bob']);
  });

  it('a vote waits while a reminder is being told', async () => {
    const world = await asked();
    await world.happens(world.log.reminded());
    await world.happens(world.log.voted('ada'));
    expect(await during(world, () => sendToInstallation(world.sender, lastOf(world, 'gate_voted')), 'gate_reminded')).toMatchObject({ kind: 'retry-later' });
    await world.settle();
    expect(cardsTold(world).map(([notice]) => notice)).toEqual(['gate_opened', 'gate_reminded', 'gate_voted']);
  });

  it('a process that dies while it tells a vote holds up the decision for a minute, and undoes nothing', async () => {
    const world = await asked();
    await world.happens(world.log.voted('ada'));
    soon(world);
    const vote = lastOf(world, 'gate_voted');
    await expect(sendToInstallation(dyingAt(world, 2), vote)).rejects.toThrow('the process died');
    await world.happens(world.log.decided());
    expect((await world.deliver()).filter(([notice]) => notice === 'gate_decided')).toEqual([['gate_decided', 'retry-later']]);
    await world.settle();
    expect(world.platform.statuses()).toEqual(['approve']);
    expect(world.platform.calls.map(({ request }) => request.notice)).toEqual(['gate_opened', 'gate_voted', 'gate_decided']);
    expect(await state(world, vote)).toMatchObject({ status: 'abandoned' });
  });

  it('a process that dies when its reminder has overtaken the decision leaves no buttons', async () => {
    const world = await asked();
    await world.happens(world.log.reminded());
    const reminder = lastOf(world, 'gate_reminded');
    const deliver = world.platform.deliver.bind(world.platform);
    world.platform.deliver = async (outgoing) => {
      world.platform.deliver = deliver;
      await world.happens(world.log.decided());
      await sendToInstallation(world.sender, lastOf(world, 'gate_decided'));
      await deliver(outgoing);
      world.platform.deliver = () => Promise.reject(new Error('the process died'));
      throw new Error('the process died');
    };
    await sendToInstallation(dyingAt(world, 2), reminder).catch(() => undefined);
    expect(world.platform.statuses()).toEqual(['pending']);
    world.platform.deliver = deliver;
    world.log.clock.advance(61_000);
    await world.settle();
    expect(world.platform.statuses()).toEqual(['approve']);
    expect(world.platform.done.at(-1)).toMatchObject({ mayBePosted: true, request: { notice: 'gate_decided' } });
  });

  it('whatever fails, in whatever order it is handled, and wherever a process dies: the newest votes stand on the card, and after the end no buttons', async () => {
    const steps = fc.array(fc.constantFrom<Step>({ kind: 'transient', reason: 'busy' }, { kind: 'transient', reason: 'busy', not_posted: true }, 'posted-and-lost', new Error('down')), { maxLength: 6 });
    const acts = fc.array(fc.constantFrom('vote', 'remind', 'deliver', 'die', 'wait', 'late'), { maxLength: 10 });
    await fc.assert(fc.asyncProperty(steps, acts, fc.constantFrom('none', 'decided', 'cancelled'), async (script, history, end) => {
      const world = await asked();
      world.platform.steps.push(...script);
      const late: string[] = [];
      let votes = 0;
      let reminders = 0;
      const one: Readonly<Record<(typeof history)[number], () => Promise<unknown>>> = {
        vote: async () => world.happens(world.log.voted(`p${(votes += 1)}`)),
        late: async () => late.unshift(await world.log.voted(`p${(votes += 1)}`)),
        remind: async () => world.happens(world.log.reminded((reminders += 1))),
        deliver: () => world.deliver(),
        die: async () => {
          const stored = world.pending().at(-1);
          if (stored !== undefined) await sendToInstallation(dyingAt(world, 2), stored).catch(() => undefined);
        },
        wait: async () => world.log.clock.advance(2_000),
      };
      for (const act of history) await one[act]();
      if (end !== 'none') await world.happens(world.log[end]());
      for (const event of late) await world.happens(event);
      await world.settle();
      expect(world.platform.messages.size).toBe(1);
      if (end !== 'none') expect(world.platform.statuses()).toEqual([end === 'decided' ? 'approve' : 'closed']);
      const told = world.platform.done.filter(({ request: { notice } }) => notice !== 'gate_opened').map(({ request: { card } }) => card as { readonly votes?: string; readonly status: string });
      const counts = told.filter(({ status }) => status === 'pending').map(({ votes: text = '0' }) => Number.parseInt(text, 10));
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      if (end === 'none' && votes > 0) expect(counts.at(-1)).toBe(votes);
      if (end !== 'none') expect(told.findLastIndex(({ status }) => status === 'pending')).toBeLessThan(told.findIndex(({ status }) => status !== 'pending'));
    }), { numRuns: 60 });
  });
});

describe('a vote at a channel of the configuration', () => {
  it('is told once, after the question, as of the newest vote, and not after the decision', async () => {
    const log = new NotificationLog();
    const channel = new ScriptedChannel('webhook', [{ kind: 'transient', reason: 'busy' }]);
    const happens = async (body: Promise<string>): Promise<unknown> => requestDeliveries({ eventing: log.eventing, channels: ['webhook'] }, await body, 1);
    const send = async (notice: string, index = 0): Promise<string> => (await sendDelivery({ eventing: log.eventing, channel, random: () => 0.5 }, must(log.pending().filter((stored) => noticeOf(stored) === notice)[index]))).kind;
    await happens(log.opened(ofFour));
    expect(await send('gate_opened')).toBe('retry-later');
    await happens(log.voted('ada'));
    expect(await send('gate_voted')).toBe('retry-later');
    log.clock.advance(2_000);
    expect(await send('gate_voted')).toBe('retry-later');
    expect(await send('gate_opened')).toBe('done');
    await happens(log.voted('bob'));
    expect(await send('gate_voted')).toBe('done');
    log.clock.advance(2_000);
    expect(await send('gate_voted', 1)).toBe('done');
    expect(channel.sent.map(({ notice, card }) => [notice, (card as { votes?: string }).votes])).toEqual([['gate_opened', undefined], ['gate_opened', '1 of 4 approvals: ada'], ['gate_voted', '2 of 4 approvals: ada, bob']]);
    await happens(log.voted('eve'));
    await happens(log.decided());
    log.clock.advance(2_000);
    expect(await send('gate_decided')).toBe('done');
    expect(await send('gate_voted', 2)).toBe('done');
    expect(channel.sent.map(({ notice }) => notice).slice(3)).toEqual(['gate_decided']);
  });
});
