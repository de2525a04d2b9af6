import { askOpenGate } from './ask-open-gate.command-handler.js';
import type { InstalledChannel } from './channel.state.js';
import { pendingGate, runId, tenant } from './notification.fixture.js';
import { installedChannel, ScriptedPlatform, SendingWorld } from './sending.fixture.js';

const hourMs = 3_600_000;
/** Gates of the fixture were asked for long ago; this one opens with the clock of its world. */
const gateAt = (requested_at_ms: number) => pendingGate({ requested_at_ms });

const worldOf = (...channels: readonly InstalledChannel[]): SendingWorld => new SendingWorld(new ScriptedPlatform(), channels);

const look = (world: SendingWorld) =>
  askOpenGate({ eventing: world.log.eventing, channels: [], directory: { channelsOf: () => world.channels }, publicUrl: 'https://sign.example' }, tenant, { automation_id: 'refund-order', run_id: runId, gate_opening_id: pendingGate().gate_opening_id });

const asked = async (world: SendingWorld): Promise<readonly string[]> => {
  await world.settle();
  return world.platform.calls.map(({ request: { notice }, recipient }) => `${notice} ${recipient}`);
};

const disabled = (channel: InstalledChannel): InstalledChannel => ({ ...channel, status: 'disabled' }) as InstalledChannel;

describe('a gate that still waits', () => {
  it('is asked about once at a channel that was switched off when it opened, and told there how it ends', async () => {
    const world = worldOf(disabled(installedChannel()));
    await world.happens(world.log.opened(gateAt(world.log.clock())));
    expect(await look(world)).toBe('requested');
    expect(await asked(world)).toEqual([]);
    world.channels = [installedChannel()];
    for (let sweep = 0; sweep < 3; sweep += 1) expect(await look(world)).toBe('requested');
    expect(await asked(world)).toEqual(['gate_opened C1']);
    expect(world.platform.calls[0]?.request.card).toMatchObject({ title: 'refund-order: Refund 12.50 to Ada', page_url: expect.stringContaining('https://sign.example/inbox/') });
    await world.happens(world.log.decided());
    expect(await asked(world)).toEqual(['gate_opened C1', 'gate_decided C1']);
    expect(world.platform.statuses()).toEqual(['approve']);
  });

  it('is asked about at a channel that came when there was none, and not again where it was asked', async () => {
    const world = worldOf();
    await world.happens(world.log.opened(gateAt(world.log.clock())));
    world.channels = [installedChannel()];
    await look(world);
    expect(await asked(world)).toEqual(['gate_opened C1']);
    world.channels = [installedChannel({ recipient: 'C-new' })];
    await look(world);
    expect(await asked(world)).toEqual(['gate_opened C1']);
  });

  it('is asked about where a process chose to and died before it could', async () => {
    const world = worldOf(installedChannel());
    const opened = await world.log.opened(gateAt(world.log.clock()));
    const { store } = world.log;
    const append = store.append.bind(store);
    store.append = (ref, ...rest) => (ref.aggregate === 'delivery' ? Promise.reject(new Error('the process died')) : append(ref, ...rest));
    await expect(world.happens(opened)).rejects.toThrow('the process died');
    store.append = append;
    await look(world);
    expect(await asked(world)).toEqual(['gate_opened C1']);
    await world.happens(opened, 2);
    expect(await asked(world)).toEqual(['gate_opened C1']);
  });

  it('is judged by the hours in which it opened, not by those of the look', async () => {
    const day = installedChannel({ routes: [{ hours: { from: '08:00', to: '18:00' } }] });
    const world = worldOf(day);
    await world.happens(world.log.opened(gateAt(world.log.clock())));
    world.log.clock.advance(9 * hourMs);
    await look(world);
    expect(await asked(world)).toEqual([]);
  });

  it('is left alone when it was decided meanwhile', async () => {
    const world = worldOf();
    await world.happens(world.log.opened(gateAt(world.log.clock())));
    await world.log.decided();
    world.channels = [installedChannel()];
    expect(await look(world)).toBe('requested');
    expect(await asked(world)).toEqual([]);
  });

  it('is listed once where gates are listed', async () => {
    const world = worldOf();
    await world.happens(world.log.opened(gateAt(world.log.clock())));
    world.channels = [installedChannel({ routes: [{ mode: 'digest' }] })];
    for (let sweep = 0; sweep < 2; sweep += 1) await look(world);
    expect(await asked(world)).toEqual(['gates_waiting C1']);
    await look(world);
    expect(await asked(world)).toEqual(['gates_waiting C1']);
  });
});
