import type { AggregateRef, Commit } from '@cs/contracts';
import type { Position } from '@cs/kernel';

/** A commit as it stands in the log, its events up-cast to today's versions. */
export interface StoredCommit {
  readonly ref: AggregateRef;
  /** Status of the aggregate after the commit: the last token of its subject. */
  readonly status: string;
  readonly position: Position;
  readonly commit: Commit;
  /** Characters of its JSON, state and all. */
  readonly size: number;
}

export type AppendResult =
  /** `duplicate`: the same commit was already there, from an earlier try. `traceparent`: what stands in the log with it. */
  | { readonly kind: 'appended'; readonly position: Position; readonly duplicate: boolean; readonly traceparent?: string | undefined }
  /** Someone wrote after `commit.previous`: reload and decide again. */
  | { readonly kind: 'conflict' };

/**
 * The log, as the write side sees it. Every adapter passes the suite in `@cs/testing`
 * (event-store.contract.ts). A store that cannot be reached throws `LogUnavailableError`; the
 * outcome of that append is then unknown, and repeating it with the same commit is safe.
 */
export interface EventStore {
  /** The aggregate's newest commit, `undefined` when it has none. Does not scan. */
  last(ref: AggregateRef): Promise<StoredCommit | undefined>;
  /** The commit at a position, `undefined` when there is none. */
  at(position: Position): Promise<StoredCommit | undefined>;
  /**
   * Appends one commit if `commit.previous` is still the aggregate's newest position. A commit that
   * is already there, whenever it was written, is `appended` with `duplicate: true`. A store that traces
   * adds `traceparent`.
   */
  append(ref: AggregateRef, status: string, commit: Commit): Promise<AppendResult>;
}

export class LogUnavailableError extends Error {
  override readonly name = 'LogUnavailableError';
}
