import { InMemoryEventStore, type EventStore } from '@cs/eventing';
import { eventStoreContract } from './event-store.contract.js';

/** A writer whose first answer is lost tries again: the memory sees the same commit twice. */
const appendingTwice = (store: EventStore): EventStore => ({
  last: (ref) => store.last(ref),
  at: (position) => store.at(position),
  append: async (ref, status, commit) => {
    await store.append(ref, status, commit);
    return store.append(ref, status, commit);
  },
});

eventStoreContract('the log in memory', {
  open: () => {
    const store = new InMemoryEventStore();
    return Promise.resolve({
      store,
      reopen: () => Promise.resolve(store),
      forgetRecentCommits: () => Promise.resolve(),
      losingAnswers: () => Promise.resolve({ store: appendingTwice(store), loseNext: () => Promise.resolve() }),
      close: () => Promise.resolve(),
    });
  },
});
