import type { AggregateRef, Commit } from '@cs/contracts';
import type { AppendResult, EventStore, StoredCommit } from '@cs/eventing';
import type { Position } from '@cs/kernel';

/** Where a process ends: at its `write`-th write (from 1), just before that reached the outside or just after. */
export interface CrashPoint {
  readonly write: number;
  readonly when: 'before' | 'after';
}

/** What a process never sees any more once it has ended. */
const never = <Value>(): Promise<Value> => new Promise(() => undefined);

/**
 * A process as `kill -9` leaves it. What it does to the outside goes through here; at its crash point
 * it ends, and from then on nothing that it began goes on: its promises stay open for ever.
 */
export class EndingProcess {
  readonly #at: CrashPoint | undefined;
  readonly #writes: string[] = [];
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;
  #isOver = false;

  /** Without a crash point it lives until `end`. */
  constructor(at?: CrashPoint) {
    this.#at = at;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Names of the writes so far, oldest first; the last one may be the one that ended it. */
  get writes(): readonly string[] {
    return this.#writes;
  }

  end(): void {
    this.#isOver = true;
    this.#end();
  }

  /** One write to the outside. */
  async write<Value>(name: string, task: () => Promise<Value>): Promise<Value> {
    if (this.#isOver) return await never();
    this.#writes.push(name);
    const isLast = this.#writes.length === this.#at?.write;
    if (isLast && this.#at?.when === 'before') this.end();
    if (this.#isOver) return await never();
    const value = await task();
    if (isLast) this.end();
    return this.#isOver ? await never() : value;
  }

  /** Anything else that the process waits for: it ends with the process. */
  async while<Value>(task: () => Promise<Value>): Promise<Value> {
    if (this.#isOver) return await never();
    const value = await task();
    return this.#isOver ? await never() : value;
  }
}

/** The log as a process sees it that ends at one of its writes. */
export class CrashingEventStore implements EventStore {
  readonly #inner: EventStore;
  readonly #process: EndingProcess;

  constructor(inner: EventStore, process: EndingProcess) {
    this.#inner = inner;
    this.#process = process;
  }

  last(ref: AggregateRef): Promise<StoredCommit | undefined> {
    return this.#process.while(() => this.#inner.last(ref));
  }

  at(position: Position): Promise<StoredCommit | undefined> {
    return this.#process.while(() => this.#inner.at(position));
  }

  append(ref: AggregateRef, status: string, commit: Commit): Promise<AppendResult> {
    return this.#process.write(`append ${ref.aggregate} ${commit.events.map(({ event_type }) => event_type).join('+')}`, () => this.#inner.append(ref, status, commit));
  }
}
