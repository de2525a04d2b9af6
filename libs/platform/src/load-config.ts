import { readFileSync } from 'node:fs';
import { describeProblems, problemsOf, type Problem } from '@cs/contracts';
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

/** What a variable should be, instead of what the schema met. Its value is not repeated: it may be a secret. */
const inWords = ({ path, code, message }: Problem, { shape, given }: { readonly shape: z.ZodObject['shape']; readonly given: Readonly<Record<string, unknown>> }): Problem => {
  if (code !== 'invalid_type') return { path, code, message };
  const description = (shape[path] as z.ZodType | undefined)?.description;
  const wrong = given[path] === undefined ? 'is not set' : 'must be a whole number';
  return { path, code, message: `${wrong}${description === undefined ? '' : ` (${description})`}` };
};

/**
 * Reads a service's variables through its schema. Empty variables count as absent; any variable can
 * also be given as `<NAME>_FILE`, the path of a file that holds it (secrets under docker-compose).
 * Throws `ConfigError` that names every variable that is missing or wrong.
 */
export const loadConfig = <Schema extends z.ZodObject>(schema: Schema, environment: Readonly<Record<string, string | undefined>>): z.output<Schema> => {
  const given = Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
  const files = fromFiles(Object.keys(schema.shape), given);
  const values = { ...given, ...files.values };
  const parsed = schema.safeParse(values);
  const unreadable = Object.values(files.problems);
  if (parsed.success && unreadable.length === 0) return parsed.data;
  // A variable whose file cannot be read is not missing as well.
  const others = parsed.success ? [] : problemsOf(parsed.error).filter(({ path }) => !Object.hasOwn(files.problems, path)).map((problem) => inWords(problem, { shape: schema.shape, given: values }));
  throw new ConfigError(`Configuration is not usable: ${[...unreadable, ...(others.length > 0 ? [describeProblems(others)] : [])].join('; ')}`);
};
