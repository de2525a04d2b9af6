// Jest's globals by type only, so that the fixtures beside this file can be used outside of Jest.
/// <reference types="jest" />
import type { AggregateRef, Commit } from '@cs/contracts';
import {
  appendEvents, executeCommand, loadAggregate, recordEvents, buildCommit, stateInterval, unwritten, UnreadableCommitError,
  type AppendResult, type EventStore, type Eventing, type Loaded,
} from '@cs/eventing';
import { accept, toPosition } from '@cs/kernel';
import { attempt, attemptLog, attemptLogRef, type AttemptLog } from './attempt-log.js';
import { eventually } from './eventually.js';
import { fixedClock, sequenceIds, sha256 } from './deterministic.js';

/** How the next append's answer gets lost: never delivered, or the connection ends once the append was sent. */
export type Loss = 'silence' | 'cut';

export interface OpenedEventStore {
  readonly store: EventStore;
  /** Ends what holds the log without warning (as kill -9 does), starts it on the same data, and opens a store on it. */
  reopen(): Promise<EventStore>;
  /** Waits until the log no longer knows by itself which commits were appended lately. */
  forgetRecentCommits(): Promise<void>;
  /** A store on the same log; each call loses the answer to its next append. */
  losingAnswers(): Promise<{ readonly store: EventStore; loseNext(loss: Loss): Promise<void> }>;
  close(): Promise<void>;
}

const newId = sequenceIds('contract');

const eventingOn = (store: EventStore): Eventing => ({ store, clock: fixedClock(), digest: sha256 });

/** The commit that a writer who saw `loaded` would append. */
const commitOn = (loaded: Loaded<AttemptLog>, number: number, reason?: string): Commit => {
  const context = { at_ms: Math.max(1_767_225_600_000, loaded.lastRecordedAtMs + 1) };
  const events = recordEvents(loaded.ref, [attempt(number, reason)], { context, digest: sha256 });
  const next = events.reduce((state, event) => attemptLog.evolve(state, event), loaded.state);
  return buildCommit(attemptLog, loaded, { events, next, digest: sha256 }).commit;
};

const load = (store: EventStore, ref: AggregateRef): Promise<Loaded<AttemptLog>> => loadAggregate({ store, aggregate: attemptLog }, ref);

const append = (store: EventStore, ref: AggregateRef, commit: Commit): Promise<AppendResult> => store.append(ref, 'retrying', commit);

const positionOf = (result: AppendResult): number => {
  if (result.kind !== 'appended') throw new Error('the commit was not appended');
  return result.position;
};

/** Every event of an aggregate, oldest first, by walking all of its commits. */
const everyAttempt = async (store: EventStore, ref: AggregateRef): Promise<readonly number[]> => {
  const found: number[] = [];
  let current = await store.last(ref);
  while (current) {
    for (const event of current.commit.events.toReversed()) found.push((event.data as { attempt: number }).attempt);
    current = current.commit.previous === 0 ? undefined : await store.at(toPosition(current.commit.previous));
  }
  return found.reverse();
};

const countingReads = (store: EventStore): { readonly store: EventStore; reads: () => number } => {
  let reads = 0;
  return {
    store: {
      last: (ref) => ((reads += 1), store.last(ref)),
      at: (position) => ((reads += 1), store.at(position)),
      append: (ref, status, commit) => store.append(ref, status, commit),
    },
    reads: () => reads,
  };
};

const numbers = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, index) => from + index);

/** Appends one event after the other and answers what is then loaded. */
const appendAll = async (store: EventStore, ref: AggregateRef, groups: readonly (readonly number[])[]): Promise<Loaded<AttemptLog>> => {
  let loaded = unwritten(attemptLog, ref);
  for (const group of groups) {
    const events = group.map((number) => attempt(number));
    const result = await appendEvents({ eventing: eventingOn(store), aggregate: attemptLog }, loaded, { events, context: { at_ms: loaded.lastRecordedAtMs + 1 } });
    if (result.kind === 'conflict') throw new Error('nobody else writes here');
    loaded = result.loaded;
  }
  return loaded;
};

/** What the write side relies on, whatever keeps the log. */
export const eventStoreContract = (name: string, { open }: { readonly open: () => Promise<OpenedEventStore> }): void => {
  describe(`${name} keeps the event-store contract`, () => {
    let opened: OpenedEventStore;
    let store: EventStore;

    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    }, 60_000);
    afterAll(async () => {
      await opened.close();
    }, 60_000);

    it('knows nothing of an aggregate that was never written, or of a position that was never given', async () => {
      expect(await store.last(attemptLogRef(newId()))).toBeUndefined();
      expect(await store.at(toPosition(900_000_000))).toBeUndefined();
    });

    it('gives back what was appended, as newest and by position', async () => {
      const ref = attemptLogRef(newId());
      const commit = commitOn(unwritten(attemptLog, ref), 1);
      const position = positionOf(await append(store, ref, commit));
      const stored = { ref, status: 'retrying', position, commit, size: JSON.stringify(commit).length };
      expect(await store.last(ref)).toEqual(stored);
      expect(await store.at(toPosition(position))).toEqual(stored);
    });

    it('gives later commits of one aggregate later positions, whatever status they leave it in', async () => {
      const ref = attemptLogRef(newId());
      const first = commitOn(unwritten(attemptLog, ref), 1);
      const firstAt = positionOf(await store.append(ref, 'requested', first));
      const second = commitOn(await load(store, ref), 2);
      expect(second.previous).toBe(firstAt);
      const secondAt = positionOf(await store.append(ref, 'abandoned', second));
      expect(secondAt).toBeGreaterThan(firstAt);
      expect(await store.last(ref)).toMatchObject({ status: 'abandoned', position: secondAt });
    });

    it('lets exactly one of 50 racing writers have each position', async () => {
      const ref = attemptLogRef(newId());
      for (const round of [1, 2, 3]) {
        const loaded = await load(store, ref);
        const results = await Promise.all(numbers(0, 50).map((writer) => append(store, ref, commitOn(loaded, round, `writer ${writer}`))));
        const won = results.flatMap((result, writer) => (result.kind === 'appended' ? [{ writer, ...result }] : []));
        expect(won).toHaveLength(1);
        expect(won[0]?.duplicate).toBe(false);
        expect(await load(store, ref)).toMatchObject({ version: round, state: { attempts: round, reason: `writer ${won[0]?.writer}` } });
      }
    });

    it('loses nothing when 50 racing writers each decide again until they get through', async () => {
      const ref = attemptLogRef(newId());
      const writers = numbers(1, 50);
      const results = await Promise.all(
        writers.map((writer) => executeCommand(ref, { eventing: eventingOn(store), aggregate: attemptLog, decide: () => accept(attempt(writer)), context: {} })),
      );
      expect(results.map(({ kind }) => kind)).toEqual(writers.map(() => 'accepted'));
      expect((await load(store, ref)).state.attempts).toBe(50);
      expect([...(await everyAttempt(store, ref))].sort((a, b) => a - b)).toEqual(writers);
    }, 30_000);

    it('refuses a commit on a position that is no longer the newest', async () => {
      const ref = attemptLogRef(newId());
      const before = unwritten(attemptLog, ref);
      await append(store, ref, commitOn(before, 1));
      expect(await append(store, ref, commitOn(before, 2))).toEqual({ kind: 'conflict' });
      expect((await load(store, ref)).version).toBe(1);
    });

    it('finds a commit again that is tried a second time at once', async () => {
      const ref = attemptLogRef(newId());
      const commit = commitOn(unwritten(attemptLog, ref), 1);
      const position = positionOf(await append(store, ref, commit));
      expect(await append(store, ref, commit)).toEqual({ kind: 'appended', position, duplicate: true });
      expect((await load(store, ref)).version).toBe(1);
    });

    it('finds a commit again after others have written', async () => {
      const ref = attemptLogRef(newId());
      const commit = commitOn(unwritten(attemptLog, ref), 1);
      const position = positionOf(await append(store, ref, commit));
      for (const number of [2, 3, 4]) await append(store, ref, commitOn(await load(store, ref), number));
      expect(await append(store, ref, commit)).toEqual({ kind: 'appended', position, duplicate: true });
      expect(await everyAttempt(store, ref)).toEqual([1, 2, 3, 4]);
    });

    it('finds a commit again that the log has long forgotten the id of, also after others have written', async () => {
      const ref = attemptLogRef(newId());
      const commit = commitOn(unwritten(attemptLog, ref), 1);
      const position = positionOf(await append(store, ref, commit));
      await opened.forgetRecentCommits();
      expect(await append(store, ref, commit)).toEqual({ kind: 'appended', position, duplicate: true });
      await append(store, ref, commitOn(await load(store, ref), 2));
      expect(await append(store, ref, commit)).toEqual({ kind: 'appended', position, duplicate: true });
      expect(await everyAttempt(store, ref)).toEqual([1, 2]);
    }, 30_000);

    it.each<Loss>(['silence', 'cut'])('appends once when the answer is lost (%s)', async (loss) => {
      const ref = attemptLogRef(newId());
      const lossy = await opened.losingAnswers();
      const first = commitOn(unwritten(attemptLog, ref), 1);
      const lost = lossy.loseNext(loss);
      const position = positionOf(await append(lossy.store, ref, first));
      await lost;
      expect(await store.last(ref)).toMatchObject({ position, commit: { commit_id: first.commit_id } });
      await append(lossy.store, ref, commitOn(await load(lossy.store, ref), 2));
      expect(await everyAttempt(store, ref)).toEqual([1, 2]);
    }, 30_000);

    it('still has everything it acknowledged after it was killed and started again', async () => {
      const refs = numbers(0, 8).map(() => attemptLogRef(newId()));
      const written = await Promise.all(refs.map((ref) => appendAll(store, ref, numbers(1, 12).map((number) => [number]))));
      store = await opened.reopen();
      for (const loaded of written) {
        const again = await load(store, loaded.ref);
        expect(again).toMatchObject({ state: loaded.state, version: 12, position: loaded.position });
        expect(await append(store, loaded.ref, commitOn(again, 13))).toMatchObject({ kind: 'appended', duplicate: false });
      }
    }, 60_000);

    it('has each commit once that was under way while it was killed and started again', async () => {
      const refs = numbers(0, 4).map(() => attemptLogRef(newId()));
      const everything = numbers(1, 60);
      const writing = Promise.all(refs.map((ref) => appendAll(store, ref, everything.map((number) => [number]))));
      await Promise.race([writing, ...refs.map((ref) => eventually(async () => ((await store.last(ref))?.commit.version ?? 0) > 4))]);
      store = await opened.reopen();
      await writing;
      for (const ref of refs) expect(await everyAttempt(store, ref)).toEqual(everything);
    }, 60_000);

    it('loads an aggregate of 5,000 events with a bounded number of reads', async () => {
      const ref = attemptLogRef(newId());
      // 1,007 commits: the last seven carry no state, which is the longest way back.
      const sizes = [...numbers(0, 998).map(() => 5), 2, 1, 1, 1, 1, 1, 1, 1, 1];
      let next = 1;
      const groups = sizes.map((size) => numbers((next += size) - size, size));
      const written = await appendAll(store, ref, groups);
      const counting = countingReads(store);
      const startedAt = performance.now();
      const loaded = await load(counting.store, ref);
      const tookMs = performance.now() - startedAt;
      expect(loaded).toMatchObject({ version: 5000, state: written.state, position: written.position });
      expect(counting.reads()).toBeLessThanOrEqual(stateInterval + 1);
      const again = performance.now();
      for (let time = 0; time < 20; time += 1) await load(store, ref);
      const warmMs = (performance.now() - again) / 20;
      process.stdout.write(`${name}: 5,000 events loaded in ${tookMs.toFixed(2)} ms, ${warmMs.toFixed(2)} ms when warm, ${counting.reads()} reads\n`);
    }, 120_000);

    it('needs no more reads anywhere between two carried states', async () => {
      const ref = attemptLogRef(newId());
      let loaded = unwritten(attemptLog, ref);
      for (const number of numbers(1, 3 * stateInterval)) {
        positionOf(await append(store, ref, commitOn(loaded, number)));
        const counting = countingReads(store);
        loaded = await load(counting.store, ref);
        expect(loaded).toMatchObject({ version: number, state: { attempts: number } });
        expect(counting.reads()).toBeLessThanOrEqual(stateInterval + 1);
      }
    });

    it('keeps large event data and large states whole', async () => {
      const ref = attemptLogRef(newId());
      const reason = 'ä "quoted" \u2028 text '.repeat(30_000);
      const loaded = await appendAll(store, ref, [[1], [2]]);
      const bare = commitOn(loaded, 3, reason);
      const commit: Commit = { ...bare, state: { version: attemptLog.stateVersion, value: attemptLog.writeState({ attempts: 3, chain: 'x', reason }) } };
      expect(Buffer.byteLength(JSON.stringify(commit))).toBeGreaterThan(1024 * 1024);
      const position = positionOf(await append(store, ref, commit));
      expect((await store.last(ref))?.commit).toEqual(commit);
      expect((await store.at(toPosition(position)))?.commit).toEqual(commit);
      expect(await append(store, ref, commit)).toEqual({ kind: 'appended', position, duplicate: true });
      expect((await load(store, ref)).state).toEqual({ attempts: 3, chain: 'x', reason });
    }, 30_000);

    it('says clearly that a newer release wrote an event it cannot read', async () => {
      const ref = attemptLogRef(newId());
      const commit = commitOn(unwritten(attemptLog, ref), 1);
      const events = commit.events.map((event) => ({ ...event, version: 99 }));
      await append(store, ref, { ...commit, events });
      const problem: unknown = await store.last(ref).catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(UnreadableCommitError);
      expect(String(problem)).toMatch(/"delivery_attempt_failed" version 99 was written by a newer release/);
      const second: unknown = await append(store, ref, { ...commit, commit_id: 'another' }).catch((error: unknown) => error);
      expect(second).toBeInstanceOf(UnreadableCommitError);
    });

    it('keeps tenants apart that use the same id', async () => {
      const id = newId();
      const refs = [attemptLogRef(id), attemptLogRef(id, { org_id: 'other' }), attemptLogRef(id, { workspace_id: 'other' })];
      for (const [index, ref] of refs.entries()) {
        expect(await store.last(ref)).toBeUndefined();
        expect(await append(store, ref, commitOn(unwritten(attemptLog, ref), index + 1))).toMatchObject({ kind: 'appended', duplicate: false });
      }
      for (const [index, ref] of refs.entries()) {
        expect(await everyAttempt(store, ref)).toEqual([index + 1]);
        expect((await store.last(ref))?.ref).toEqual(ref);
      }
    });
  });
};
