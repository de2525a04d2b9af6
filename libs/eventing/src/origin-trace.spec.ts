import type { AggregateRef, Commit } from '@cs/contracts';
import { loadAggregate, type Aggregate } from './aggregate.js';
import { appendEvents, type Eventing } from './append-events.js';
import { attempts, digest, failed, ref, type Attempts } from './attempts.fixture.js';
import type { AppendResult, EventStore } from './event-store.port.js';
import { InMemoryEventStore } from './in-memory-event-store.js';

const first = `00-${'a'.repeat(32)}-${'1'.repeat(16)}-01`;

/** A store in a process that is traced: each commit says what wrote it. */
class TracedStore implements EventStore {
  readonly inner = new InMemoryEventStore();
  constructor(readonly traceparents: (string | undefined)[]) {}
  last(of: AggregateRef) {
    return this.inner.last(of);
  }
  at(...[position]: Parameters<EventStore['at']>) {
    return this.inner.at(position);
  }
  async append(of: AggregateRef, status: string, commit: Commit): Promise<AppendResult> {
    const traceparent = this.traceparents.shift();
    const result = await this.inner.append(of, status, { ...commit, ...(traceparent === undefined ? {} : { traceparent }) });
    return result.kind === 'conflict' ? result : { ...result, traceparent };
  }
}

const traced: typeof attempts = { ...attempts, hasTrace: true };

/** Writes as many commits, by writers that load what others wrote (`isLoading`) or keep what they have. */
const write = async (store: EventStore, commits: number, { aggregate = traced, isLoading }: { aggregate?: Aggregate<Attempts, ReturnType<typeof failed>>; isLoading: boolean }): Promise<void> => {
  const eventing: Eventing = { store, clock: () => 0, digest };
  let loaded = await loadAggregate({ store, aggregate }, ref);
  for (let number = 1; number <= commits; number += 1) {
    const appended = await appendEvents({ eventing, aggregate }, loaded, { events: [failed(number)], context: { at_ms: number } });
    if (appended.kind === 'conflict') throw new Error('nobody else writes here');
    loaded = isLoading ? await loadAggregate({ store, aggregate }, ref) : appended.loaded;
  }
};

const originsIn = ({ inner }: TracedStore): readonly (string | undefined)[] => inner.all().map(({ commit }) => commit.origin_traceparent);

describe('the trace that an aggregate began in', () => {
  it.each([true, false])('is repeated by every later commit, whoever writes it (loading: %p)', async (isLoading) => {
    const others = Array.from({ length: 19 }, (_, at) => (at % 3 === 0 ? undefined : `00-${'b'.repeat(32)}-${'2'.repeat(16)}-01`));
    const store = new TracedStore([first, ...others]);
    await write(store, 20, { isLoading });
    expect(originsIn(store)).toEqual([undefined, ...Array.from({ length: 19 }, () => first)]);
    expect(store.inner.all().some(({ commit }) => commit.state !== undefined)).toBe(true);
  });

  it('is none when its first commit had none', async () => {
    const store = new TracedStore([undefined, first, first]);
    await write(store, 3, { isLoading: true });
    expect(originsIn(store)).toEqual([undefined, undefined, undefined]);
  });

  it('is not kept by an aggregate that goes on for ever', async () => {
    const store = new TracedStore([first, first]);
    await write(store, 2, { isLoading: true, aggregate: attempts });
    expect(originsIn(store)).toEqual([undefined, undefined]);
  });

  it('changes no commit id', async () => {
    const [plain, marked] = [new TracedStore([]), new TracedStore([first, first])];
    for (const store of [plain, marked]) await write(store, 2, { isLoading: false });
    expect(marked.inner.all().map(({ commit }) => commit.commit_id)).toEqual(plain.inner.all().map(({ commit }) => commit.commit_id));
  });
});
