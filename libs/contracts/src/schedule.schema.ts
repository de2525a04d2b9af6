import { z } from 'zod';

/** What happens with fire times that nobody was there for (domain 2.2). */
export const misfirePolicySchema = z.preprocess(
  // Existing clients also write the bare word.
  (value) => (typeof value === 'string' ? { type: value } : value),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('skip') }),
    z.strictObject({ type: z.literal('run_once') }),
    z.strictObject({ type: z.literal('catch_up'), max_runs: z.int().min(1).max(100).default(10) }),
  ]),
);
export type MisfirePolicy = z.infer<typeof misfirePolicySchema>;

const common = {
  /** IANA time zone. Default UTC. */
  timezone: z.string().min(1).max(64).default('UTC'),
  misfire_policy: misfirePolicySchema.default({ type: 'run_once' }),
};

export const scheduleSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('manual'), timezone: common.timezone }),
  z.strictObject({
    type: z.literal('cron'),
    /** Five fields, or six with seconds first; evaluated in `timezone`. */
    cron_expression: z.string().min(1).max(256),
    ...common,
  }),
  z.strictObject({
    type: z.literal('interval'),
    /** Default 60. */
    interval_seconds: z.int().min(1).max(366 * 24 * 3600).default(60),
    ...common,
  }),
]);
export type Schedule = z.infer<typeof scheduleSchema>;
