import { loadAggregate, type EventStore, type StoredCommit } from '@cs/eventing';
import { deliveryAggregate } from './delivery-aggregate.js';
import { endRemovedDelivery } from './end-deliveries.command-handler.js';
import { NotificationLog, ScriptedChannel } from './notification.fixture.js';
import { requestDeliveries } from './request-deliveries.command-handler.js';
import { sendDelivery } from './send-delivery.command-handler.js';
import { sendToInstallation } from './send-to-installation.command-handler.js';
import { ScriptedPlatform, SendingWorld } from './sending.fixture.js';

const noticeOf = ({ commit }: StoredCommit): string => String((commit.events[0]?.data as { readonly notice?: string }).notice);

/** A channel of the notifier's own configuration, e.g. a webhook, that was told of a gate. */
class Told {
  readonly log = new NotificationLog();
  readonly channel = new ScriptedChannel('webhook');

  static async open(): Promise<Told> {
    const told = new Told();
    await told.happens(told.log.opened());
    await told.send('gate_opened');
    return told;
  }

  async happens(body: Promise<string>): Promise<void> {
    await requestDeliveries({ eventing: this.log.eventing, channels: ['webhook'] }, await body, 1);
  }

  async send(notice: string): Promise<string> {
    const stored = this.log.pending().find((pending) => noticeOf(pending) === notice);
    if (stored === undefined) throw new Error(`${notice} was not asked for`);
    return (await sendDelivery({ eventing: this.log.eventing, channel: this.channel, random: () => 0.5 }, stored)).kind;
  }

  get notices(): readonly string[] {
    return this.channel.sent.map(({ notice }) => notice);
  }
}

describe('the order of what a channel of the configuration is told', () => {
  it('a decision that comes late is not told after the gate was closed', async () => {
    const told = await Told.open();
    await told.happens(told.log.cancelled());
    await told.send('gate_closed');
    await told.happens(told.log.decided());
    expect(await told.send('gate_decided')).toBe('done');
    expect(told.notices).toEqual(['gate_opened', 'gate_closed']);
    expect(told.log.deliveryEvents().slice(-1)).toEqual(['delivery_abandoned']);
  });

  it('a closing waits for the decision before it, and gives it up when it cannot be told', async () => {
    const told = await Told.open();
    told.channel.outcomes.push({ kind: 'transient', reason: 'busy' });
    await told.happens(told.log.decided());
    expect(await told.send('gate_decided')).toBe('retry-later');
    await told.happens(told.log.bindingBroken());
    expect(await told.send('gate_closed')).toBe('retry-later');
    expect(told.notices).toEqual(['gate_opened', 'gate_decided']);
    told.log.clock.advance(31_000);
    expect(await told.send('gate_closed')).toBe('done');
    expect(told.log.deliveryEvents().slice(-2)).toEqual(['delivery_abandoned', 'delivery_sent']);
    expect(await told.send('gate_decided')).toBe('done');
    expect(told.notices).toEqual(['gate_opened', 'gate_decided', 'gate_closed']);
  });

  it('a decision that was told first is followed by the closing', async () => {
    const told = await Told.open();
    await told.happens(told.log.decided());
    await told.send('gate_decided');
    await told.happens(told.log.bindingBroken());
    expect(await told.send('gate_closed')).toBe('done');
    expect(told.notices).toEqual(['gate_opened', 'gate_decided', 'gate_closed']);
  });
});

describe('the order of what an installation is told', () => {
  it('a closing waits while the decision is being told, and a decision of which nobody knows is not told after it', async () => {
    const world = new SendingWorld(new ScriptedPlatform());
    await world.happens(world.log.opened());
    await world.settle();
    world.platform.steps.push('posted-and-lost');
    await world.happens(world.log.decided());
    const [decided] = world.pending().slice(-1);
    if (decided === undefined) throw new Error('nothing was asked for');
    let appends = 0;
    const dying = { ...world.sender, eventing: { ...world.log.eventing, store: { at: world.log.store.at.bind(world.log.store), last: world.log.store.last.bind(world.log.store), append: (...args: Parameters<EventStore['append']>) => {
      appends += 1;
      return appends > 1 ? Promise.reject(new Error('the process died')) : world.log.store.append(...args);
    } } } };
    await expect(sendToInstallation(dying, decided)).rejects.toThrow('the process died');
    await world.happens(world.log.bindingBroken());
    expect((await world.deliver()).filter(([notice]) => notice === 'gate_closed')).toEqual([['gate_closed', 'retry-later']]);
    world.log.clock.advance(61_000);
    await world.settle();
    expect(world.platform.statuses()).toEqual(['closed']);
    expect((await loadAggregate({ store: world.log.store, aggregate: deliveryAggregate }, decided.ref)).state).toMatchObject({ status: 'abandoned' });
  });
});

describe('a channel that was removed', () => {
  const state = async (world: SendingWorld, stored: StoredCommit) => (await loadAggregate({ store: world.log.store, aggregate: deliveryAggregate }, stored.ref)).state;

  it('gives up what was still to be told, once, with the reason; what was told stays', async () => {
    const world = new SendingWorld(new ScriptedPlatform([{ kind: 'transient', reason: 'busy' }]));
    await world.happens(world.log.opened());
    await world.deliver();
    const [question] = world.pending();
    if (question === undefined) throw new Error('nothing was asked for');
    for (const _time of [1, 2]) expect(await endRemovedDelivery(world.log.eventing, question)).toEqual({ kind: 'done' });
    expect(await state(world, question)).toMatchObject({ status: 'abandoned', last_error: 'the channel was removed' });
    expect(world.platform.calls).toHaveLength(1);
    const told = new SendingWorld();
    await told.happens(told.log.opened());
    await told.settle();
    const [sent] = told.pending();
    expect(await endRemovedDelivery(told.log.eventing, sent ?? question)).toEqual({ kind: 'done' });
    expect(await state(told, sent ?? question)).toMatchObject({ status: 'sent' });
  });

  it('lets an attempt that is under way end, and gives up one whose outcome is lost', async () => {
    const world = new SendingWorld(new ScriptedPlatform(), undefined);
    await world.happens(world.log.opened());
    const [question] = world.pending();
    if (question === undefined) throw new Error('nothing was asked for');
    let during: string | undefined;
    const slow = { ...world.sender, adapter: { deliver: async () => {
      during = (await endRemovedDelivery(world.log.eventing, question)).kind;
      return { kind: 'sent' as const, message: { conversation: 'C1', message_id: 'm1' } };
    } } };
    await sendToInstallation(slow, question);
    expect([during, (await state(world, question)).status]).toEqual(['retry-later', 'sent']);
    const lost = new SendingWorld();
    await lost.happens(lost.log.opened());
    const [begun] = lost.pending();
    const hanging = { ...lost.sender, adapter: { deliver: () => new Promise<never>(() => undefined) } };
    void sendToInstallation(hanging, begun ?? question);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await endRemovedDelivery(lost.log.eventing, begun ?? question)).toMatchObject({ kind: 'retry-later' });
    lost.log.clock.advance(61_000);
    expect(await endRemovedDelivery(lost.log.eventing, begun ?? question)).toEqual({ kind: 'done' });
    expect(await state(lost, begun ?? question)).toMatchObject({ status: 'abandoned' });
  });
});
