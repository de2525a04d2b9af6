import { z } from 'zod';

/** What happens with fire times that nobody was there for (domain 2.2). */
export const misfirePolicySchema = z.preprocess(
  // Existing clients also write the bare word.
  (value) => (typeof value === 'string' ? { type: value } : value),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('skip').describe('No run for what was missed.') }),
    z.strictObject({ type: z.literal('run_once').describe('One run for all that was missed.') }),
    z.strictObject({ type: z.literal('catch_up').describe('A run for each time that was missed.'), max_runs: z.int().min(1).max(100).default(10).describe('At most so many. Default 10.') }),
  ]),
);
export type MisfirePolicy = z.infer<typeof misfirePolicySchema>;

const common = {
  timezone: z.string().min(1).max(64).default('UTC').describe('IANA time zone, e.g. Europe/Berlin. Default UTC.'),
  misfire_policy: misfirePolicySchema.default({ type: 'run_once' }).describe('What becomes of fire times at which no runner was up. Default run_once. The bare word is read too.'),
};

export const scheduleSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('manual').describe('Never by itself.'), timezone: common.timezone }),
  z.strictObject({
    type: z.literal('cron').describe('At the times of a cron expression.'),
    cron_expression: z.string().min(1).max(256).describe('Five fields, or six with seconds first; evaluated in timezone.'),
    ...common,
  }),
  z.strictObject({
    type: z.literal('interval').describe('Again and again, so far apart.'),
    interval_seconds: z.int().min(1).max(366 * 24 * 3600).default(60).describe('Seconds from one time to the next. Default 60.'),
    ...common,
  }),
]);
export type Schedule = z.infer<typeof scheduleSchema>;
