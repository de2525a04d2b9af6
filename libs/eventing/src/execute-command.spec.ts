import type { DeliveryEvent } from '@cs/contracts';
import { accept, refuse } from '@cs/kernel';
import { loadAggregate } from './aggregate.js';
import type { Eventing } from './append-events.js';
import { attempts, digest, failed, ref, watched } from './attempts.fixture.js';
import { LogUnavailableError } from './event-store.port.js';
import { executeCommand } from './execute-command.js';
import { InMemoryEventStore } from './in-memory-event-store.js';

const eventingOn = (store: Eventing['store'], now = 100): Eventing => ({ store, clock: () => now, digest });
const addOne = (store: Eventing['store'], reason: string) =>
  executeCommand(ref, { eventing: eventingOn(store), aggregate: attempts, context: {}, decide: (state) => accept(failed(state.seen.length + 1, reason)) });

describe('executing a command', () => {
  it('records what was decided, once, at the time it decided with', async () => {
    const store = new InMemoryEventStore();
    const times: number[] = [];
    const executed = await executeCommand(ref, {
      eventing: eventingOn(store), aggregate: attempts, context: { correlation_id: 'c' },
      decide: (_state, atMs) => (times.push(atMs), accept(failed(1))),
    });
    expect(executed).toMatchObject({ kind: 'accepted', changed: true, loaded: { version: 1, position: 1, state: { seen: ['failed 1'] } } });
    expect(times).toEqual([100]);
    expect(store.all()[0]?.commit.events[0]).toMatchObject({ recorded_at_ms: 100, correlation_id: 'c' });
  });

  it('never records two commits of an aggregate at one time', async () => {
    const store = new InMemoryEventStore();
    for (const reason of ['a', 'b', 'c']) await addOne(store, reason);
    expect(store.all().map(({ commit }) => commit.events[0]?.recorded_at_ms)).toEqual([100, 101, 102]);
  });

  it('writes nothing when nothing is to be done, and nothing when it is refused', async () => {
    const { store, count } = watched(new InMemoryEventStore());
    const options = { eventing: eventingOn(store), aggregate: attempts, context: {} };
    expect(await executeCommand(ref, { ...options, decide: () => accept<DeliveryEvent>() })).toMatchObject({ kind: 'accepted', changed: false, loaded: { version: 0 } });
    expect(await executeCommand(ref, { ...options, decide: () => refuse({ code: 'NO', message: 'no' }) })).toMatchObject({ kind: 'refused', refusal: { code: 'NO' }, loaded: { version: 0 } });
    expect(count.append).toBe(0);
  });

  it('decides again on the new state when someone else wrote in between', async () => {
    const inner = new InMemoryEventStore();
    let interferences = 3;
    const { store, count } = watched(inner, async () => {
      if (interferences > 0) await addOne(inner, `other ${(interferences -= 1)}`);
    });
    const judged: number[] = [];
    const executed = await executeCommand(ref, {
      eventing: eventingOn(store), aggregate: attempts, context: {},
      decide: (state) => {
        judged.push(state.seen.length);
        return accept(failed(state.seen.length + 1, 'mine'));
      },
    });
    expect(judged).toEqual([0, 1, 2, 3]);
    expect(count.append).toBe(4);
    expect(executed).toMatchObject({ kind: 'accepted', loaded: { version: 4 } });
    expect((await loadAggregate({ store: inner, aggregate: attempts }, ref)).state.seen).toEqual(['failed 1', 'failed 2', 'failed 3', 'failed 4']);
  });

  it('can be refused on the state that someone else wrote in between', async () => {
    const inner = new InMemoryEventStore();
    const { store } = watched(inner, async () => {
      if (inner.all().length === 0) await addOne(inner, 'other');
    });
    const decide = (state: { readonly seen: readonly string[] }) => (state.seen.length === 0 ? accept(failed(1, 'mine')) : refuse({ code: 'TOO_LATE', message: 'too late' }));
    expect(await executeCommand(ref, { eventing: eventingOn(store), aggregate: attempts, context: {}, decide })).toMatchObject({ kind: 'refused', refusal: { code: 'TOO_LATE' }, loaded: { version: 1 } });
    expect(inner.all()).toHaveLength(1);
  });

  it('gives up when others keep writing first, having written nothing', async () => {
    const inner = new InMemoryEventStore();
    let others = 0;
    const { store, count } = watched(inner, () => addOne(inner, `other ${(others += 1)}`).then(() => undefined));
    const executed = await executeCommand(ref, { eventing: eventingOn(store), aggregate: attempts, context: {}, maxAttempts: 5, decide: () => accept(failed(1, 'mine')) });
    expect(executed).toEqual({ kind: 'contended' });
    expect(count.append).toBe(5);
    expect(JSON.stringify(inner.all())).not.toContain('mine');
  });

  it('passes on that the log cannot be reached', async () => {
    const store = { ...watched(new InMemoryEventStore()).store, append: () => Promise.reject(new LogUnavailableError('away')) };
    await expect(executeCommand(ref, { eventing: eventingOn(store), aggregate: attempts, context: {}, decide: () => accept(failed(1)) })).rejects.toThrow(LogUnavailableError);
  });
});
