import fc from 'fast-check';
import { loadAggregate, type Eventing } from '@cs/eventing';
import { deliveryAggregate } from './delivery-aggregate.js';
import { noteDuplicate } from './note-duplicate.js';
import { pendingGate } from './notification.fixture.js';
import { sendToInstallation } from './send-to-installation.command-handler.js';
import { installedChannel, ScriptedPlatform, SendingWorld, type Step } from './sending.fixture.js';

const busy = { kind: 'transient', reason: 'busy' } as const;

describe('telling an installation', () => {
  it('posts a card once, says in the log that it begins before it calls, and keeps the message', async () => {
    const world = new SendingWorld();
    const opened = await world.log.opened();
    for (const count of [1, 2]) expect(await world.happens(opened, count)).toEqual({ kind: 'done' });
    await world.settle();
    expect(world.platform.calls).toEqual([expect.objectContaining({ recipient: 'C1', asked: [], mayBePosted: false, token: expect.stringMatching(/^[0-9a-f]{32}$/) })]);
    expect(world.eventTypes()).toEqual(['delivery_requested', 'delivery_attempt_started', 'delivery_sent']);
    const [commit] = world.pending();
    expect(await sendToInstallation(world.sender, commit ?? fail())).toEqual({ kind: 'done' });
    expect(world.platform.calls).toHaveLength(1);
  });

  it('begins nothing when there are no turns any more, and leaves it to whoever tells the channel next', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.opened());
    world.pace.close();
    expect(await world.deliver()).toEqual([['gate_opened', 'retry-later']]);
    expect(world.eventTypes()).toEqual(['delivery_requested']);
  });

  it('changes the card when the gate is decided, with the buttons of the question', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.opened());
    await world.settle();
    await world.happens(world.log.decided('rework', 'wrong amount'));
    await world.settle();
    expect(world.platform.calls.map(({ request: { notice }, token, asked }) => ({ notice, token, asked }))).toEqual([
      { notice: 'gate_opened', token: world.platform.calls[0]?.token, asked: [] },
      { notice: 'gate_decided', token: world.platform.calls[0]?.token, asked: [{ conversation: 'C1', message_id: 'm1' }] },
    ]);
    expect(world.platform.statuses()).toEqual(['rework']);
  });

  it('lets what follows wait until the question is settled', async () => {
    const world = new SendingWorld(new ScriptedPlatform(['posted-and-lost', busy]));
    await world.happens(world.log.opened());
    await world.deliver();
    await world.happens(world.log.decided());
    expect(await world.deliver()).toEqual([['gate_opened', 'retry-later'], ['gate_decided', 'retry-later']]);
    await world.settle();
    expect(world.platform.statuses()).toEqual(['approve']);
  });

  it('does not ask what was decided before it could be asked, nor tell the decision there', async () => {
    const world = new SendingWorld(new ScriptedPlatform([{ ...busy, not_posted: true }]));
    await world.happens(world.log.opened());
    await world.deliver();
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.messages.size).toBe(0);
    expect(world.platform.calls).toHaveLength(1);
    expect(world.eventTypes().filter((type) => type === 'delivery_abandoned')).toHaveLength(2);
  });

  it('does not remind of what was decided meanwhile', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.opened());
    await world.settle();
    const reminder = await world.log.reminded();
    await world.happens(reminder);
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.statuses()).toEqual(['approve']);
    expect(world.platform.calls.map(({ request }) => request.notice)).toEqual(['gate_opened', 'gate_decided']);
  });

  it('takes the buttons away again when a reminder overtakes the decision at the platform', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.opened());
    await world.settle();
    await world.happens(world.log.reminded());
    const [, reminder] = world.pending();
    const deliver = world.platform.deliver.bind(world.platform);
    // While the reminder is on its way, the decision is told by another process.
    world.platform.deliver = async (outgoing) => {
      world.platform.deliver = deliver;
      await world.happens(world.log.decided());
      const decision = world.pending()[2];
      if (decision !== undefined) await sendToInstallation(world.sender, decision);
      return await deliver(outgoing);
    };
    await sendToInstallation(world.sender, reminder ?? fail());
    expect(world.platform.statuses()).toEqual(['approve']);
  });

  it('a crash after posting and before recording leaves no second card where the platform can be asked', async () => {
    const world = new SendingWorld(new ScriptedPlatform());
    await world.happens(world.log.opened());
    const [commit] = world.pending();
    await expect(crashAfterPosting(world)).rejects.toThrow('the process died');
    world.log.clock.advance(61_000);
    expect(await sendToInstallation(world.sender, commit ?? fail())).toEqual({ kind: 'done' });
    expect(world.platform.calls.map(({ mayBePosted }) => mayBePosted)).toEqual([false, true]);
    expect(world.platform.messages.size).toBe(1);
  });

  it('a crash after posting and before recording leaves at most one duplicate, and both are updated', async () => {
    const world = new SendingWorld(new ScriptedPlatform([], false));
    await world.happens(world.log.opened());
    const [commit] = world.pending();
    await expect(crashAfterPosting(world)).rejects.toThrow('the process died');
    world.log.clock.advance(61_000);
    await sendToInstallation(world.sender, commit ?? fail());
    expect([...world.platform.messages.keys()]).toEqual(['m1', 'm2']);
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.statuses()).toEqual(['pending', 'approve']);
    // Somebody presses the card that nobody knew of.
    await noteDuplicate(world.sender, commit?.ref ?? fail(), { conversation: 'C1', message_id: 'm1' });
    await noteDuplicate(world.sender, commit?.ref ?? fail(), { conversation: 'C1', message_id: 'm1' });
    expect(world.platform.statuses()).toEqual(['approve', 'approve']);
    expect(world.eventTypes().filter((type) => type === 'delivery_duplicate_found')).toHaveLength(1);
  });

  it('remembers a message that is pressed before it is recorded, also when another one is posted after it', async () => {
    const world = new SendingWorld(new ScriptedPlatform(['posted-and-lost'], false));
    await world.happens(world.log.opened());
    const [question] = world.pending();
    if (question === undefined) throw new Error('nothing was asked for');
    await noteDuplicate(world.sender, question.ref, { conversation: 'C1', message_id: 'm0' });
    expect(world.eventTypes()).toEqual(['delivery_requested']);
    await world.deliver();
    for (const _time of [1, 2]) await noteDuplicate(world.sender, question.ref, { conversation: 'C1', message_id: 'm1' });
    expect(world.eventTypes().filter((type) => type === 'delivery_duplicate_found')).toHaveLength(1);
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.statuses()).toEqual(['approve', 'approve']);
    expect(world.pending()).toHaveLength(2);
  });

  it('remembers twenty messages that nobody recorded, whoever presses how many', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.opened());
    await world.settle();
    const [question] = world.pending();
    if (question === undefined) throw new Error('nothing was asked for');
    for (let message = 0; message < 25; message += 1) await noteDuplicate(world.sender, question.ref, { conversation: 'C1', message_id: `x${message}` });
    expect(world.eventTypes().filter((type) => type === 'delivery_duplicate_found')).toHaveLength(20);
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.calls.at(-1)?.asked).toHaveLength(21);
  });

  it('changes a message that turns up while the decision waits for its turn', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.opened());
    await world.settle();
    const [question] = world.pending();
    await world.happens(world.log.decided());
    const [, decided] = world.pending();
    if (question === undefined || decided === undefined) throw new Error('nothing was asked for');
    const take = async (): Promise<boolean> => {
      await noteDuplicate(world.sender, question.ref, { conversation: 'C1', message_id: 'm9' });
      return true;
    };
    const waiting = { ...world.sender, pace: { take, pause: () => undefined, close: () => undefined } };
    await sendToInstallation(waiting, decided);
    expect(world.platform.calls.at(-1)?.asked.map(({ message_id }) => message_id)).toEqual(['m1', 'm9']);
  });

  it('counts a message that is pressed while it is being recorded once', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.opened());
    const [question] = world.pending();
    if (question === undefined) throw new Error('nothing was asked for');
    const { sender } = world;
    const quick = { ...sender, adapter: { deliver: async (...args: Parameters<typeof sender.adapter.deliver>) => {
      const outcome = await sender.adapter.deliver(...args);
      await noteDuplicate(sender, question.ref, { conversation: 'C1', message_id: 'm1' });
      return outcome;
    } } };
    await sendToInstallation(quick, question);
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.calls.at(-1)?.asked).toEqual([{ conversation: 'C1', message_id: 'm1' }]);
  });

  it('updates a duplicate that was found before the decision with the decision', async () => {
    const world = new SendingWorld(new ScriptedPlatform([], false));
    await world.happens(world.log.opened());
    const [commit] = world.pending();
    await expect(crashAfterPosting(world)).rejects.toThrow('the process died');
    world.log.clock.advance(61_000);
    await world.settle();
    await noteDuplicate(world.sender, commit?.ref ?? fail(), { conversation: 'C1', message_id: 'm1' });
    await world.happens(world.log.decided('cancel'));
    await world.settle();
    expect(world.platform.statuses()).toEqual(['cancel', 'cancel']);
  });

  it('two processes at one delivery post one card', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.opened());
    const [commit] = world.pending();
    await Promise.all([1, 2, 3].map(() => sendToInstallation(world.sender, commit ?? fail())));
    expect(world.platform.messages.size).toBe(1);
  });

  it('keeps the cards of a run in one thread', async () => {
    const world = new SendingWorld();
    await world.happens(world.log.opened());
    await world.settle();
    await world.happens(world.log.opened({ ...pendingGate(), gate_opening_id: 'another' }));
    await world.settle();
    expect(world.platform.calls.map(({ thread }) => thread)).toEqual([undefined, { conversation: 'C1', message_id: 'm1' }]);
  });

  it('backs off after a failure, pauses everybody when the platform says so, and stops when it refuses for good', async () => {
    const world = new SendingWorld(new ScriptedPlatform([{ ...busy, retry_after_ms: 90_000 }, new Error('socket hang up'), { kind: 'permanent', reason: 'channel_not_found' }]));
    await world.happens(world.log.opened());
    const [commit] = world.pending();
    expect(await sendToInstallation(world.sender, commit ?? fail())).toEqual({ kind: 'retry-later', delayMs: 90_000, reason: 'busy' });
    expect(world.pace.pauses).toEqual([90_000]);
    expect(await sendToInstallation(world.sender, commit ?? fail())).toMatchObject({ kind: 'retry-later', delayMs: 10_000 });
    expect(await sendToInstallation(world.sender, commit ?? fail())).toEqual({ kind: 'done' });
    expect(world.eventTypes().at(-1)).toBe('delivery_abandoned');
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.calls).toHaveLength(3);
  });

  it('waits for the end of quiet hours, and no longer when the gate escalates; then it asks whoever has the night shift too', async () => {
    const quiet = { quiet_hours: { hours: { from: '00:00', to: '00:00' }, escalate_to: 'C-night' } };
    const world = new SendingWorld(new ScriptedPlatform(), [installedChannel(quiet)]);
    await world.happens(world.log.opened());
    expect(await world.deliver()).toEqual([['gate_opened', 'retry-later']]);
    expect(world.platform.calls).toEqual([]);
    await world.happens(world.log.escalated());
    await world.settle();
    expect(world.platform.calls.map(({ request: { notice }, recipient }) => `${notice} ${recipient}`).sort()).toEqual(['gate_escalated C-night', 'gate_escalated C1', 'gate_opened C-night', 'gate_opened C1']);
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.statuses()).toEqual(['approve', 'approve']);
  });

  it('reminds nobody in quiet hours, once when they are over, and not at all of what is asked first then', async () => {
    const night = { quiet_hours: { hours: { from: '01:00', to: '03:00' }, except_risk_tiers: ['destructive_delete'] } };
    const world = new SendingWorld(new ScriptedPlatform(), [installedChannel(night)]);
    await world.happens(world.log.opened());
    await world.settle();
    world.log.clock.advance(3_600_000);
    for (const count of [1, 2]) await world.happens(world.log.reminded(count));
    await world.deliver();
    expect(world.platform.calls.map(({ request: { notice } }) => notice)).toEqual(['gate_opened']);
    world.log.clock.advance(2 * 3_600_000);
    await world.settle();
    expect(world.platform.calls.map(({ request: { notice } }) => notice)).toEqual(['gate_opened', 'gate_reminded']);

    const asleep = new SendingWorld(new ScriptedPlatform(), [installedChannel(night)]);
    asleep.log.clock.advance(3_600_000);
    await asleep.happens(asleep.log.opened());
    await asleep.happens(asleep.log.reminded());
    asleep.log.clock.advance(2 * 3_600_000);
    await asleep.settle();
    expect(asleep.platform.calls.map(({ request: { notice } }) => notice)).toEqual(['gate_opened']);

    const urgent = new SendingWorld(new ScriptedPlatform(), [installedChannel(night)]);
    urgent.log.clock.advance(3_600_000);
    await urgent.happens(urgent.log.opened(pendingGate({ risk_tier: 'destructive_delete' })));
    await urgent.happens(urgent.log.reminded());
    await urgent.deliver();
    await urgent.deliver();
    expect(urgent.platform.calls.map(({ request: { notice } }) => notice)).toEqual(['gate_opened', 'gate_reminded']);
  });

  it('asks by a card where a gate was only listed when it escalates, and tells there how it ends', async () => {
    const night = { quiet_hours: { hours: { from: '23:00', to: '01:00' }, escalate_to: 'C-night' } };
    const world = new SendingWorld(new ScriptedPlatform(), [installedChannel({ routes: [{ mode: 'digest', digest_minutes: 30 }], ...night })]);
    await world.happens(world.log.opened());
    const escalated = await world.log.escalated();
    for (const count of [1, 2]) expect(await world.happens(escalated, count)).toEqual({ kind: 'done' });
    await world.deliver();
    await world.deliver();
    world.log.clock.advance(2_000);
    await world.deliver();
    const told = () => world.platform.calls.map(({ request: { notice }, recipient }) => `${notice} ${recipient}`).sort();
    expect(told()).toEqual(['gate_escalated C-night', 'gate_escalated C1', 'gate_opened C-night', 'gate_opened C1']);
    expect(world.platform.calls.find(({ request: { notice } }) => notice === 'gate_opened')?.request.card).toMatchObject({ title: 'refund-order: Refund 12.50 to Ada', actions: [{ decision: 'approve' }, { decision: 'rework' }] });
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.statuses()).toEqual(['approve', 'approve']);
  });

  it('asks whom a gate is escalated to directly, where persons are asked directly', async () => {
    const users = [{ user_id: 'U1', departments: [], person: 'ada' }, { user_id: 'U2', departments: [], person: 'lead' }];
    const world = new SendingWorld(new ScriptedPlatform(), [installedChannel({ routes: [{ mode: 'direct' }] }, { users })]);
    await world.happens(world.log.opened(pendingGate({ approvers: [{ kind: 'person', id: 'ada' }] })));
    await world.settle();
    await world.happens(world.log.escalated('lead'));
    await world.settle();
    expect(world.platform.calls.map(({ request: { notice }, recipient }) => `${notice} ${recipient}`).sort()).toEqual(['gate_escalated user:U1', 'gate_escalated user:U2', 'gate_opened user:U1', 'gate_opened user:U2']);
  });

  it('asks where an escalation goes also when the process died after it had chosen that', async () => {
    const world = new SendingWorld(new ScriptedPlatform(), [installedChannel({ routes: [{ mode: 'digest' }] })]);
    await world.happens(world.log.opened());
    const escalated = await world.log.escalated();
    const { store } = world.log;
    const append = store.append.bind(store);
    store.append = (ref, ...rest) => (ref.aggregate === 'delivery' ? Promise.reject(new Error('the process died')) : append(ref, ...rest));
    await expect(world.happens(escalated)).rejects.toThrow('the process died');
    store.append = append;
    expect(await world.happens(escalated, 2)).toEqual({ kind: 'done' });
    await world.settle();
    expect(world.platform.calls.map(({ request: { notice } }) => notice)).toEqual(expect.arrayContaining(['gate_opened', 'gate_escalated']));
  });

  it('lists low-risk gates in one digest, without those that were decided by then', async () => {
    const world = new SendingWorld(new ScriptedPlatform(), [installedChannel({ routes: [{ mode: 'digest', digest_minutes: 60 }] })]);
    await world.happens(world.log.opened());
    await world.log.decided();
    await world.happens(world.log.opened({ ...pendingGate(), gate_opening_id: 'another', title: 'Refund to Bob' }));
    expect(world.pending()).toHaveLength(1);
    await world.settle();
    // The run waits, at the second gate.
    const card = { kind: 'notice', title: 'Waiting for a decision or an answer: 1', items: [expect.objectContaining({ text: expect.stringContaining('Refund to Bob') })] };
    expect(world.platform.calls).toEqual([expect.objectContaining({ request: expect.objectContaining({ notice: 'gates_waiting', card: expect.objectContaining(card) }) })]);
    const empty = new SendingWorld(new ScriptedPlatform(), [installedChannel({ routes: [{ mode: 'digest' }] })]);
    await empty.happens(empty.log.opened());
    await empty.log.decided();
    await empty.settle();
    expect(empty.platform.calls).toEqual([]);
  });

  it('asks where it was chosen to, whatever the rules say when the event comes again or the gate is decided', async () => {
    const world = new SendingWorld();
    const opened = await world.log.opened();
    await world.happens(opened);
    world.channels = [installedChannel({ recipient: 'C-new' })];
    await world.happens(opened, 2);
    await world.settle();
    await world.happens(world.log.decided());
    await world.settle();
    expect(world.platform.calls.map(({ recipient, request: { notice } }) => `${notice} ${recipient}`)).toEqual(['gate_opened C1', 'gate_decided C1']);
  });

  it('whatever fails, and wherever a process dies: every card is there once, or twice after a lost outcome, and none keeps its buttons', async () => {
    const steps = fc.array(fc.constantFrom<Step>(busy, { ...busy, not_posted: true }, 'posted-and-lost', new Error('down'), { kind: 'sent', message: { conversation: 'C1', message_id: 'ghost' } }).filter((step) => !(typeof step === 'object' && 'kind' in step && step.kind === 'sent')), { maxLength: 8 });
    await fc.assert(fc.asyncProperty(steps, fc.boolean(), fc.boolean(), async (script, decidedEarly, remind) => {
      const world = new SendingWorld(new ScriptedPlatform([...script]));
      await world.happens(world.log.opened());
      if (!decidedEarly) await world.settle();
      if (remind) await world.happens(world.log.reminded());
      await world.deliver();
      await world.happens(world.log.decided());
      await world.settle();
      expect(world.platform.messages.size).toBeLessThanOrEqual(1);
      expect(world.platform.statuses().filter((status) => status === 'pending')).toEqual([]);
      if (!decidedEarly) expect(world.platform.messages.size).toBe(1);
    }), { numRuns: 150 });
  });
});

const fail = (): never => {
  throw new Error('there is no such delivery');
};

/** The platform posts, and the process dies before it can write that down. */
const crashAfterPosting = async (world: SendingWorld): Promise<unknown> => {
  const [commit] = world.pending();
  const { store } = world.log;
  let appends = 0;
  const dying: Eventing = {
    ...world.log.eventing,
    store: { at: (position) => store.at(position), last: (ref) => store.last(ref), append: (ref, status, body) => ((appends += 1) > 1 ? Promise.reject(new Error('the process died')) : store.append(ref, status, body)) },
  };
  const outcome = await sendToInstallation({ ...world.sender, eventing: dying }, commit ?? fail());
  const { state } = await loadAggregate({ store, aggregate: deliveryAggregate }, commit?.ref ?? fail());
  expect(state.status).toBe('sending');
  return outcome;
};
