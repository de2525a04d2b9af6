import { aggregateSubjects, type AggregateRef, type Commit } from '@cs/contracts';
import { toPosition, type Position } from '@cs/kernel';
import { decodeCommit } from './decode-commit.js';
import type { AppendResult, EventStore, StoredCommit } from './event-store.port.js';

interface Entry {
  readonly ref: AggregateRef;
  readonly status: string;
  readonly body: string;
}

/** The log in memory: the twin that passes the same contract suite as the JetStream store. */
export class InMemoryEventStore implements EventStore {
  readonly #entries: Entry[] = [];
  readonly #heads = new Map<string, number>();

  // Async, so that a commit that cannot be read rejects as it does in every other store.
  async last(ref: AggregateRef): Promise<StoredCommit | undefined> {
    return this.#read(this.#heads.get(aggregateSubjects(ref)) ?? 0);
  }

  async at(position: Position): Promise<StoredCommit | undefined> {
    return this.#read(position);
  }

  async append(ref: AggregateRef, status: string, commit: Commit): Promise<AppendResult> {
    const key = aggregateSubjects(ref);
    const head = this.#heads.get(key) ?? 0;
    if (head !== commit.previous) return this.#ownCommit(head, commit);
    this.#entries.push({ ref, status, body: JSON.stringify(commit) });
    this.#heads.set(key, this.#entries.length);
    return { kind: 'appended', position: toPosition(this.#entries.length), duplicate: false };
  }

  /** Every commit in order, as a projector reads them. */
  all(): readonly StoredCommit[] {
    return this.#entries.map((entry, index) => decodeCommit(entry, { position: toPosition(index + 1), body: entry.body }));
  }

  #ownCommit(head: number, commit: Commit): AppendResult {
    for (let current = this.#read(head); current && current.position > commit.previous; current = this.#read(current.commit.previous)) {
      if (current.commit.commit_id === commit.commit_id) return { kind: 'appended', position: current.position, duplicate: true };
    }
    return { kind: 'conflict' };
  }

  #read(position: number): StoredCommit | undefined {
    const entry = this.#entries[position - 1];
    return entry && decodeCommit(entry, { position: toPosition(position), body: entry.body });
  }
}
