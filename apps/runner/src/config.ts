import { serviceConfigSchema } from '@cs/platform';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const list = z.string().default('').transform((text) => text.split(',').map((item) => item.trim()).filter((item) => item !== ''));

/** Variables of the runner. Values of secrets are `COUNTERSIGN_SECRET_<NAME>`. */
export const runnerConfigSchema = serviceConfigSchema.extend({
  COUNTERSIGN_EGRESS_ALLOW: list.describe('private hosts and CIDRs that outbound steps may reach, separated by commas'),
  RUNNER_MAX_RUNS: z.coerce.number().int().min(1).max(10_000).default(256).describe('runs that one runner executes at a time'),
  RUNNER_MAX_RUNS_PER_TENANT: z.coerce.number().int().min(1).optional().describe('of these, runs of one tenant at most; without it a tenant that is alone gets all'),
  RUNNER_LEASE_MS: z.coerce.number().int().min(1000).max(3_600_000).default(15_000).describe('after so long without a sign of life a run goes to another runner'),
  RUNNER_SWEEP_MS: z.coerce.number().int().min(100).max(3_600_000).default(15_000).describe('how often a runner looks for what a lost message or timer should have led to'),
  GATE_EXPIRES_AFTER_MS: z.coerce.number().int().min(1000).max(366 * 24 * 3_600_000).default(7 * 24 * 3_600_000).describe('time to decide a gate that does not say how long it waits'),
  GATE_ON_EXPIRY: z.enum(['cancel', 'escalate', 'remind', 'resume']).default('cancel').describe('what happens to such a gate, or to one that says no more than its time, when nobody decided it'),
  COUNTERSIGN_WEBHOOK_KEY: z.string().min(32).optional().describe('key that signing secrets of webhook triggers are derived from; another key makes every one of them invalid'),
  COUNTERSIGN_WEBHOOK_UNSIGNED: z.enum(['true', 'false']).default('false').transform((text) => text === 'true').describe('"true": the local person may set up triggers that take unsigned webhooks from this machine'),
});
export type RunnerConfig = z.infer<typeof runnerConfigSchema>;

const secretPrefix = 'COUNTERSIGN_SECRET_';
const fileSuffix = '_FILE';

/**
 * `secrets.<NAME>` of the steps, from the environment of this process only: `COUNTERSIGN_SECRET_<NAME>`, or
 * `COUNTERSIGN_SECRET_<NAME>_FILE` with the path of a file that holds the value.
 */
export const readSecrets = (environment: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> => {
  const secrets = new Map<string, string>();
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(secretPrefix) || value === undefined) continue;
    const name = variable.slice(secretPrefix.length);
    if (name.endsWith(fileSuffix)) secrets.set(name.slice(0, -fileSuffix.length), readFileSync(value, 'utf8').trim());
    else secrets.set(name, value);
  }
  return secrets;
};

export const runnerEnvironment = (): NodeJS.ProcessEnv => process.env;
