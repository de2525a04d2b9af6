import type { Commit, DeliveryEvent } from '@cs/contracts';
import fc from 'fast-check';
import { foldCommit, loadAggregate, unwritten, type Aggregate, type Loaded } from './aggregate.js';
import { appendEvents, type Eventing } from './append-events.js';
import { attempts, digest, failed, ref, sent, watched, type Attempts } from './attempts.fixture.js';
import { InMemoryEventStore } from './in-memory-event-store.js';
import { stateInterval } from './record-events.js';

const eventingOn = (store: Eventing['store']): Eventing => ({ store, clock: () => 0, digest });

/** Appends each group as one commit, as a writer that keeps what it has loaded. */
const write = async (store: Eventing['store'], groups: readonly (readonly DeliveryEvent[])[], aggregate: Aggregate<Attempts, DeliveryEvent> = attempts): Promise<Loaded<Attempts>> => {
  let loaded = await loadAggregate({ store, aggregate }, ref);
  for (const events of groups) {
    const appended = await appendEvents({ eventing: eventingOn(store), aggregate }, loaded, { events, context: { at_ms: loaded.lastRecordedAtMs + 1 } });
    if (appended.kind === 'conflict') throw new Error('nobody else writes here');
    loaded = appended.loaded;
  }
  return loaded;
};

const eventArbitrary: fc.Arbitrary<DeliveryEvent> = fc.tuple(fc.integer({ min: 1, max: 99 }), fc.boolean()).map(([number, success]) => (success ? sent(number) : failed(number)));

describe('loading an aggregate', () => {
  it('gives the initial state of one that was never written, with one look', async () => {
    const { store, count } = watched(new InMemoryEventStore());
    expect(await loadAggregate({ store, aggregate: attempts }, ref)).toEqual(unwritten(attempts, ref));
    expect(count).toEqual({ last: 1, at: 0, append: 0 });
  });

  it('is the same as folding everything that was ever recorded', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.array(eventArbitrary, { minLength: 1, maxLength: 4 }), { maxLength: 40 }), async (groups) => {
      const store = new InMemoryEventStore();
      const written = await write(store, groups);
      const loaded = await loadAggregate({ store, aggregate: attempts }, ref);
      const events = groups.flat();
      expect(loaded).toEqual(written);
      expect(loaded.version).toBe(events.length);
      expect(loaded.state).toEqual(events.reduce((state, event) => attempts.evolve(state, { ...event, recorded_at_ms: 0 }), attempts.initialState));
      expect(store.all().reduce((folded, commit) => foldCommit(attempts, folded, commit), unwritten(attempts, ref)).state).toEqual(loaded.state);
    }), { numRuns: 60 });
  });

  it('steps back only to the newest commit that carries the state', async () => {
    const inner = new InMemoryEventStore();
    await write(inner, [[failed(1)], [failed(2)], [sent(3)], [failed(4)], [failed(5)]]);
    const { store, count } = watched(inner);
    const loaded = await loadAggregate({ store, aggregate: attempts }, ref);
    expect(loaded).toMatchObject({ version: 5, commitsSinceState: 2, state: { seen: ['failed 1', 'failed 2', 'sent 3', 'failed 4', 'failed 5'] } });
    expect(count).toEqual({ last: 1, at: 2, append: 0 });
  });

  it('reads the carried state once, and takes it as it stands', async () => {
    const store = new InMemoryEventStore();
    await write(store, [[failed(1)], [sent(2)], [failed(3)]]);
    let reads = 0;
    const loaded = await loadAggregate({
      store,
      aggregate: { ...attempts, readState: (value) => ((reads += 1), { ...attempts.readState(value), seen: ['carried'] }) },
    }, ref);
    expect(loaded.state.seen).toEqual(['carried', 'failed 3']);
    expect(reads).toBe(1);
  });

  it('never reads more than a few commits, however many there are', async () => {
    const inner = new InMemoryEventStore();
    for (let number = 1; number <= 5 * stateInterval; number += 1) {
      await write(inner, [[failed(number)]]);
      const { store, count } = watched(inner);
      expect((await loadAggregate({ store, aggregate: attempts }, ref)).version).toBe(number);
      expect(count.last + count.at).toBeLessThanOrEqual(stateInterval);
    }
  });

  it('does not use a state of another version, older or newer, and writes its own with the next commit', async () => {
    for (const stateVersion of [4, 6]) {
      const store = new InMemoryEventStore();
      await write(store, [[failed(1)], [sent(2)], [failed(3)]], { ...attempts, stateVersion: 5 });
      const changed: Aggregate<Attempts, DeliveryEvent> = {
        ...attempts, stateVersion,
        readState: (value) => {
          if ((value as unknown as Attempts).seen[0] !== 'written by this version') throw new Error('a state of another version was read');
          return attempts.readState(value);
        },
        writeState: (state) => ({ seen: ['written by this version', ...state.seen], resting: state.resting }),
      };
      expect((await loadAggregate({ store, aggregate: changed }, ref)).state.seen).toEqual(['failed 1', 'sent 2', 'failed 3']);
      await write(store, Array.from({ length: stateInterval }, (_, index) => [failed(10 + index)]), changed);
      const { store: counted, count } = watched(store);
      expect((await loadAggregate({ store: counted, aggregate: changed }, ref)).state.seen[0]).toBe('written by this version');
      expect(count.at).toBeLessThan(stateInterval);
    }
  });

  it('carries a state that is empty', async () => {
    const store = new InMemoryEventStore();
    const forgetful: Aggregate<Attempts | undefined, DeliveryEvent> = {
      ...attempts, initialState: undefined, evolve: () => undefined, status: () => 'sent', isAtRest: () => true, writeState: () => null, readState: () => undefined,
    };
    let loaded = unwritten(forgetful, ref);
    for (const number of [1, 2, 3]) {
      const appended = await appendEvents({ eventing: eventingOn(store), aggregate: forgetful }, loaded, { events: [failed(number)], context: { at_ms: number } });
      if (appended.kind === 'appended') loaded = appended.loaded;
    }
    const { store: counted, count } = watched(store);
    expect(await loadAggregate({ store: counted, aggregate: forgetful }, ref)).toMatchObject({ version: 3, state: undefined, commitsSinceState: 0 });
    expect(count).toEqual({ last: 1, at: 0, append: 0 });
  });

  it('starts from a commit that the caller already holds', async () => {
    const inner = new InMemoryEventStore();
    await write(inner, [[failed(1)], [sent(2)]]);
    const newest = await inner.last(ref);
    const { store, count } = watched(inner);
    expect((await loadAggregate({ store, aggregate: attempts }, ref, newest)).version).toBe(2);
    expect(count).toEqual({ last: 0, at: 0, append: 0 });
  });

  it('says which commit is missing when the log has a hole', async () => {
    const store = new InMemoryEventStore();
    await write(store, [[failed(1)], [failed(2)]]);
    const holed = { ...watched(store).store, at: () => Promise.resolve(undefined) };
    await expect(loadAggregate({ store: holed, aggregate: attempts }, ref)).rejects.toThrow('The log has no commit at 1, which delivery d-1 refers to');
  });

  it('has the same state in memory after an append as after loading', async () => {
    const store = new InMemoryEventStore();
    const written = await write(store, [[failed(1), failed(2)], [sent(3)], [failed(4)]]);
    expect(await loadAggregate({ store, aggregate: attempts }, ref)).toEqual(written);
    const commits: readonly Commit[] = store.all().map(({ commit }) => commit);
    expect(commits.map(({ previous, version }) => [previous, version])).toEqual([[0, 2], [1, 3], [2, 4]]);
    expect(store.all().map(({ status }) => status)).toEqual(['retrying', 'sent', 'retrying']);
  });
});
