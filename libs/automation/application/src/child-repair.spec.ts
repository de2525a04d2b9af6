import type { Json } from '@cs/kernel';
import { nodes } from './in-memory-application.fixture.js';
import { Crash, StepWorld } from './step-world.fixture.js';

const { http, transform, gate } = nodes;
const call: Json = { node_id: 'call', objective: 'call', action: { kind: 'automation', automation_id: 'child' } };

const worldOf = async (child: readonly Json[]) => {
  const world = new StepWorld();
  await world.define('child', child);
  await world.define('parent', [call, transform('end', 'nodes.call.output', ['call'])]);
  const id = await world.startOf('parent');
  const { childRepair } = world.executor('sweep');
  const waitId = async (): Promise<string> => (await world.app.run(id)).checkpoint.open_waits[0]?.wait_id ?? 'none';
  return {
    world, id, parent: () => world.app.run(id), child: async () => (await world.childrenOf(id))[0], waitId,
    endWait: async () => await childRepair.endWait(world.refOf(id), await waitId()),
    cancelOrphan: async () => await childRepair.cancelOrphan(world.refOf((await world.childrenOf(id))[0]?.run_id ?? '')),
  };
};

describe('when a message between a run and its child was lost', () => {
  it('a parent hears of the end of its child, once', async () => {
    const { world, parent, child, waitId, endWait } = await worldOf([gate('sign')]);
    await world.drive();
    expect(await endWait()).toBe(false);
    const lost = (await child())?.run_id ?? '';
    await world.cancel(lost);
    world.dismiss(lost);
    await world.drive();
    expect((await parent()).status).toBe('paused');
    const wait = await waitId();
    expect(await endWait()).toBe(true);
    expect(await world.executor('sweep').childRepair.endWait(world.refOf((await parent()).run_id), wait)).toBe(false);
    await world.drive();
    expect(await parent()).toMatchObject({ status: 'failed', checkpoint: { last_failure: { kind: 'child_run_cancelled' } } });
  });

  it('a child that was never requested is requested, and only one', async () => {
    const { world, id, parent, endWait } = await worldOf([http('pay')]);
    const { store } = world.app;
    const append = store.append.bind(store);
    store.append = async (...commit) => {
      if (commit[0].id === id || commit[0].aggregate !== 'run') return await append(...commit);
      store.append = append;
      throw new Crash();
    };
    await expect(world.execute(world.messages(id).at(0))).rejects.toThrow(Crash);
    world.dismiss(id);
    await world.drive();
    expect([(await parent()).status, (await world.childrenOf(id)).length]).toEqual(['paused', 0]);
    expect([await endWait(), await endWait()]).toEqual([true, false]);
    await world.drive();
    expect([(await parent()).status, (await world.childrenOf(id)).length, world.sent.length]).toEqual(['completed', 1, 1]);
  });

  it('a child whose parent is over is cancelled, and one that is waited for is left alone', async () => {
    const { world, id, child, cancelOrphan } = await worldOf([gate('sign')]);
    await world.drive();
    expect(await cancelOrphan()).toBe(false);
    await world.cancel(id);
    world.dismiss(id);
    await world.drive();
    expect((await child())?.status).toBe('awaiting_approval');
    expect(await cancelOrphan()).toBe(true);
    expect((await child())?.status).toBe('cancelled');
    expect(await cancelOrphan()).toBe(false);
  });

  it('a child that is blocked keeps its parent waiting, and is cancelled when its parent is over', async () => {
    const { world, id, child, endWait, cancelOrphan } = await worldOf([http('pay', { idempotency: 'none' })]);
    world.answer = () => ({ kind: 'failed', failure: { kind: 'unknown', message: 'no' }, effect: 'unknown', retryable: false });
    await world.drive();
    expect((await child())?.status).toBe('blocked');
    expect(await endWait()).toBe(false);
    await world.cancel(id);
    world.dismiss(id);
    expect(await cancelOrphan()).toBe(true);
    expect((await child())?.status).toBe('cancelled');
  });
});
