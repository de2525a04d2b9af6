import { z } from 'zod';
import type { AutomationVersion } from '../definition.schema.js';
import type { RunRecord } from '../run-record.js';
import { guardrailLimitsSchema, usageDeltaSchema } from '../run-supervision.schema.js';
import { automationIdSchema, nodeIdSchema, runIdSchema } from '../scalars.schema.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

const limits = z.strictObject(guardrailLimitsSchema.shape).refine((given) => Object.values(given).some((limit) => limit !== undefined), 'expected at least one limit');

/** Raises limits of one run; a run that they had stopped goes on. */
export const overrideGuardrails = rpcMethod<RunRecord>()(
  'cs.rpc.runner.guardrail_override',
  z.object({ run_id: runIdSchema, limits, reason: z.string().max(4000).optional(), command_id: commandIdSchema.optional() }),
);

/** Adds to what a run has consumed. The same `usage_id` again adds nothing. */
export const recordUsage = rpcMethod<RunRecord>()(
  'cs.rpc.runner.run_usage',
  z.object({
    run_id: runIdSchema, usage_id: commandIdSchema, usage: usageDeltaSchema, node_id: nodeIdSchema.optional(),
    correlation_id: z.string().min(1).max(400).optional(), source: z.string().min(1).max(128).optional(),
  }),
);

/** Versions that an automation remembers, newest first. */
export const listAutomationVersions = rpcMethod<{ readonly automation_id: string; readonly versions: readonly AutomationVersion[] }>()(
  'cs.rpc.runner.automation_versions', z.object({ automation_id: automationIdSchema }),
);

/** A run that supervision looks at, as the projection has it. */
export interface WatchedRun {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly stateful_status: string;
  readonly version: number;
  readonly position: number;
  readonly created_at_ms: number;
}

const at = z.int().nonnegative();

/** Runs of every tenant in which nothing has happened for long, oldest first. For services only. */
export const listWatchedRuns = rpcMethod<{ readonly runs: readonly WatchedRun[] }>()(
  'cs.rpc.observability.runs_watched',
  z.object({
    running_before_ms: at, queued_before_ms: at, paused_after_ms: at,
    after: z.object({ created_at_ms: at, run_id: z.string() }).optional(), limit: z.int().min(1).max(1000).default(200),
  }),
);
