import { readFileSync } from 'node:fs';
import { describeProblems, problemsOf } from '@cs/contracts';
import type { z } from 'zod';

/** Configuration that cannot be used: every problem at once, before anything connects. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const fileSuffix = '_FILE';

interface FromFiles {
  readonly values: Record<string, string>;
  /** Variables that cannot be read, with what is wrong. */
  readonly problems: Record<string, string>;
}

/** A variable `<NAME>_FILE` gives `<NAME>` the trimmed content of a file, unless the schema has the former itself. */
const fromFiles = (known: readonly string[], given: Readonly<Record<string, string>>): FromFiles => {
  const found: FromFiles = { values: {}, problems: {} };
  for (const [variable, path] of Object.entries(given)) {
    const name = variable.slice(0, -fileSuffix.length);
    if (!variable.endsWith(fileSuffix) || known.includes(variable) || !known.includes(name)) continue;
    try {
      found.values[name] = readFileSync(path, 'utf8').trim();
    } catch {
      found.problems[name] = `${variable}: the file "${path}" cannot be read`;
    }
  }
  return found;
};

/**
 * Reads a service's variables through its schema. Empty variables count as absent; any variable can
 * also be given as `<NAME>_FILE`, the path of a file that holds it (secrets under docker-compose).
 * Throws `ConfigError` that names every variable that is missing or wrong.
 */
export const loadConfig = <Schema extends z.ZodObject>(schema: Schema, environment: Readonly<Record<string, string | undefined>>): z.output<Schema> => {
  const given = Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
  const files = fromFiles(Object.keys(schema.shape), given);
  const parsed = schema.safeParse({ ...given, ...files.values });
  const unreadable = Object.values(files.problems);
  if (parsed.success && unreadable.length === 0) return parsed.data;
  // A variable whose file cannot be read is not missing as well.
  const others = parsed.success ? [] : problemsOf(parsed.error).filter(({ path }) => !Object.hasOwn(files.problems, path));
  throw new ConfigError(`Configuration is not usable: ${[...unreadable, ...(others.length > 0 ? [describeProblems(others)] : [])].join('; ')}`);
};
