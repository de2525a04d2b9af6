import type { WaitRecord } from '@cs/contracts';
import type { Reader } from './tenant-key.js';

/** Place of a wait in their list: active ones first, then by due time, age and id (domain 8.3). */
export interface WaitKey {
  /** 0 for active waits, 1 for ended ones. */
  readonly rank: number;
  readonly due_at_ms: number;
  readonly created_at_ms: number;
  readonly wait_id: string;
  readonly run_id: string;
}

export interface WaitFilter {
  readonly run_id?: string;
  readonly kind?: string;
  readonly status?: string;
}

export interface WaitPage {
  readonly items: readonly WaitRecord[];
  /** Place of the last item; absent on the last page. */
  readonly next?: WaitKey;
}

/** Reads the waits of one tenant. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface WaitQueries {
  waits(reader: Reader, filter: WaitFilter, page: { readonly limit: number; readonly after?: WaitKey }): Promise<WaitPage>;
}

/** Statuses of a wait, the active ones first. */
export const waitStatuses = ['waiting', 'escalated', 'woken', 'timed_out', 'cancelled'] as const;
export type WaitStatus = (typeof waitStatuses)[number];
/** Kinds of a wait as they are listed: those of a run, and its gates. */
export const waitKinds = ['timer', 'retry_backoff', 'webhook', 'external_condition', 'child_run', 'worker_task', 'question', 'escalation', 'approval'] as const;

/** An escalated wait has an outcome, but a person still has to act on it (domain 11.3). */
export const rankOf = (status: string): number => (status === 'waiting' || status === 'escalated' ? 0 : 1);

export const encodeWaitCursor = ({ rank, due_at_ms, created_at_ms, wait_id, run_id }: WaitKey): string =>
  Buffer.from(JSON.stringify([rank, due_at_ms, created_at_ms, wait_id, run_id])).toString('base64url');

type Written = readonly [number, number, number, string, string];
const isWritten = (value: unknown): value is Written =>
  Array.isArray(value) && value.length === 5 && value.slice(0, 3).every((part) => Number.isSafeInteger(part)) && value.slice(3).every((part) => typeof part === 'string');

/** Reads a cursor back; `undefined` when it is none of ours. */
export const decodeWaitCursor = (cursor: string): WaitKey | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (!isWritten(value)) return undefined;
    const [rank, due_at_ms, created_at_ms, wait_id, run_id] = value;
    return { rank, due_at_ms, created_at_ms, wait_id, run_id };
  } catch {
    return undefined;
  }
};
