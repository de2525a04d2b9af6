import { z } from 'zod';
import type { RunHealth } from '../governance.schema.js';
import { automationIdSchema, epochMsSchema } from '../scalars.schema.js';
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

/** An automation that an agent made, is neither retired nor deleted, and when it was looked after last. */
export interface GovernedAutomationTimes {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly deployment_id?: string;
  readonly automation_id: string;
  readonly expires_at_ms?: number;
  /** The expiry that people were warned of. */
  readonly expiry_warned_ms?: number;
  /** Its last review, or its creation: runs before it say nothing. */
  readonly since_ms: number;
  readonly health_checked_at_ms?: number;
  /** Its newest launch that the projection knows of. */
  readonly launched_at_ms?: number;
  /** Runs were launched that nobody has looked at, or those that had not ended then may have. */
  readonly has_news: boolean;
}

const automationKey = z.object({ org_id: z.string(), workspace_id: z.string(), automation_id: z.string() });
export type GovernedAutomationKey = z.infer<typeof automationKey>;

const governedRange = z.object({ after: automationKey.optional(), limit: z.int().min(1).max(1000).default(200) });
export type GovernedRange = z.infer<typeof governedRange>;

export interface GovernedPage {
  readonly items: readonly GovernedAutomationTimes[];
  readonly next?: GovernedAutomationKey;
}

/** Automations of every tenant that agents made, by their key. For services only. */
export const listGovernedAutomations = rpcMethod<GovernedPage>()('cs.rpc.observability.automations_governed', governedRange);

const newestRuns = z.object({
  org_id: z.string(), workspace_id: z.string(), deployment_id: z.string().optional(), automation_id: automationIdSchema,
  /** Only of those that were asked for after it. */
  since_ms: epochMsSchema,
  /** So many at most. */
  runs: z.int().min(1).max(1000),
});
export type NewestRuns = z.infer<typeof newestRuns>;

/** What the newest runs of an automation came to; those that have not begun count only as open. For services only. */
export const readRunHealth = rpcMethod<RunHealth>()('cs.rpc.observability.automation_run_health', newestRuns);
