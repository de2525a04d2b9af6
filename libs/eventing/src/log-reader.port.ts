import type { AggregateRef } from '@cs/contracts';
import type { Position } from '@cs/kernel';
import type { StoredCommit } from './event-store.port.js';

/** One message of the log as a projector sees it: whole, also when its content cannot be read. */
export interface LogEntry {
  readonly position: Position;
  readonly subject: string;
  readonly ref: AggregateRef;
  readonly status: string;
  /** The commit's JSON, with data from the object store put back: what the archive keeps. */
  readonly body: string;
  /** Absent when the body cannot be read by this release; `unreadable` says why. */
  readonly stored?: StoredCommit;
  readonly unreadable?: string;
}

/** The log has a hole, or ends before what was read from it: someone replaced or cut it. */
export class LogDamagedError extends Error {
  override readonly name = 'LogDamagedError';
}

/** The log from a position on, in order, without gaps. */
export interface LogReader {
  /**
   * Batches of commits after `after`: each is what had arrived when the one before was done, at most
   * `maxEntries`. Waits for more at the end of the log; ends when the signal aborts. Reconnects by
   * itself; throws only `LogDamagedError`.
   */
  batches(after: Position, options: { readonly maxEntries: number; readonly signal: AbortSignal }): AsyncIterable<readonly LogEntry[]>;
}
