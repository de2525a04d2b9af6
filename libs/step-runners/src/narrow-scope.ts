import type { Json, JsonObject } from '@cs/kernel';

/** Anything that may read the scope without naming a member of it: wildcards, the context itself, functions that default to it, escapes in names. */
const readsWhole = /[*%\\]|\$(?![A-Za-z_])|\(\s*\)/;

const names = (expression: string): ReadonlySet<string> => new Set(expression.match(/[A-Za-z_][A-Za-z0-9_]*/g));

/**
 * The members of a scope that an expression names, so that a list of thousands is not written out for
 * each of its items. The whole scope where the expression may read it otherwise.
 */
export const narrowScope = (expression: string, scope: JsonObject): JsonObject => {
  if (readsWhole.test(expression)) return scope;
  const named = names(expression);
  return Object.fromEntries(Object.entries(scope).filter((entry): entry is [string, Json] => named.has(entry[0])));
};
