import { z } from 'zod';
import { rpcMethod } from './rpc.js';

/** Where a page of a sweep ends: the next one begins behind it. */
export interface SweepKey {
  readonly created_at_ms: number;
  readonly run_id: string;
  /** Empty where runs are listed. */
  readonly wait_id: string;
}

export interface SweptRun {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
}

export interface SweptWait extends SweptRun {
  readonly wait_id: string;
}

/** `next` is absent on the last page. A page may be empty and still not be the last one. */
export interface SweepPage<Item> {
  readonly items: readonly Item[];
  readonly next?: SweepKey;
}

const range = z.object({
  /** Nothing has happened to it since. */
  before_ms: z.int().nonnegative(),
  after: z.object({ created_at_ms: z.int().nonnegative(), run_id: z.string(), wait_id: z.string() }).optional(),
  /** So many are looked at. */
  limit: z.int().min(1).max(1000).default(200),
});
export type SweepRange = z.infer<typeof range>;

/** Held runs of every tenant, oldest first. For services only. */
export const listHeldRuns = rpcMethod<SweepPage<SweptRun>>()('cs.rpc.observability.runs_held', range);

/** Waits for child runs that have ended, or that are not there. For services only. */
export const listChildWaits = rpcMethod<SweepPage<SweptWait>>()('cs.rpc.observability.child_waits', range);

/** Child runs that have not ended and that no parent waits for. For services only. */
export const listOrphanRuns = rpcMethod<SweepPage<SweptRun>>()('cs.rpc.observability.runs_orphaned', range);
