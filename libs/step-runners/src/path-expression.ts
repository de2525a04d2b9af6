import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';

const pathPattern = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
const keywords = new Set(['and', 'or', 'in', 'true', 'false', 'null', 'function']);

/** The member names of an expression that is nothing but a path (`nodes.a.output`), else `undefined`. */
export const pathOf = (expression: string): readonly string[] | undefined => {
  const text = expression.trim();
  const names = pathPattern.test(text) ? text.split('.') : undefined;
  return names?.some((name) => keywords.has(name)) ? undefined : names;
};

/** What a path selects; `needs-jsonata` where arrays come in, whose mapping rules are JSONata's. */
export const followPath = (names: readonly string[], scope: JsonObject): { readonly value: Json | undefined } | 'needs-jsonata' => {
  let value: Json | undefined = scope;
  for (const name of names) {
    if (Array.isArray(value)) return 'needs-jsonata';
    value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    if (value === undefined) return { value };
  }
  return Array.isArray(value) ? 'needs-jsonata' : { value };
};
