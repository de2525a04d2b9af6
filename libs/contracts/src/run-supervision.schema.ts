import { z } from 'zod';
import { epochMsSchema } from './scalars.schema.js';

/** What a run has consumed. Counters only grow, also over resets (domain 3.8). */
export const runUsageSchema = z.object({
  tool_calls: z.int().nonnegative(),
  prompt_tokens: z.int().nonnegative(),
  completion_tokens: z.int().nonnegative(),
  total_tokens: z.int().nonnegative(),
  estimated_cost_usd: z.number().nonnegative(),
  /** Time spent executing under claims that have ended. */
  runtime_ms: z.int().nonnegative(),
});
export type RunUsage = z.infer<typeof runUsageSchema>;

/** What one attempt, or one report, adds to a run's usage. */
export const usageDeltaSchema = runUsageSchema.omit({ runtime_ms: true }).partial();
export type UsageDelta = z.infer<typeof usageDeltaSchema>;

/** Limits of one run (domain 2.5); what is absent is not limited. */
export const guardrailLimitsSchema = z.object({
  max_total_runtime_ms: z.int().positive().optional(),
  max_total_tool_calls: z.int().positive().optional(),
  max_total_tokens: z.int().positive().optional(),
  max_total_cost_usd: z.number().positive().optional(),
});
export type GuardrailLimits = z.infer<typeof guardrailLimitsSchema>;

/** What supervision did to a run so far. */
export const runSupervisionSchema = z.object({
  /** When it was last paused because nothing happened in it. */
  stale_reaped_at_ms: epochMsSchema.optional(),
  /** Times it went on by itself after such a pause. */
  stale_auto_resumes: z.int().nonnegative().optional(),
  /** Times its lost queue message was replaced since it last executed. */
  renewals: z.int().nonnegative().optional(),
});
export type RunSupervision = z.infer<typeof runSupervisionSchema>;
