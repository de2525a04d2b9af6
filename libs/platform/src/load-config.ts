import { describeProblems, problemsOf } from '@cs/contracts';
import type { z } from 'zod';

/** Configuration that cannot be used: every problem at once, before anything connects. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads a service's variables through its schema. Empty variables count as absent.
 * Throws `ConfigError` that names every variable that is missing or wrong.
 */
export const loadConfig = <Schema extends z.ZodType>(schema: Schema, environment: Readonly<Record<string, string | undefined>>): z.output<Schema> => {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`Configuration is not usable: ${describeProblems(problemsOf(parsed.error))}`);
};
