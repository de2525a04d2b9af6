/** Levels of objects and arrays in a body. */
export const maxDepth = 64;
/** Values in a body, counted as often as YAML aliases repeat them. */
const maxValues = 100_000;

export interface TreeFault {
  readonly path: string;
  readonly message: string;
}

interface Walk {
  values: number;
  /** Path of the fault, innermost first. */
  readonly path: string[];
}

/** Names that reach an object's prototype, also in the spelling that camelCase becomes. */
const pollutes = (key: string, value: unknown): boolean =>
  key === '__proto__' || key === '_Proto__' || (key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype'));

const faultInMembers = (value: object, depth: number, walk: Walk): string | undefined => {
  for (const [key, member] of Object.entries(value)) {
    const fault = pollutes(key, member) ? 'this member name is not allowed' : faultIn(member, depth + 1, walk);
    if (fault === undefined) continue;
    walk.path.push(Array.isArray(value) ? `[${key}]` : `.${key}`);
    return fault;
  }
  return undefined;
};

const faultIn = (value: unknown, depth: number, walk: Walk): string | undefined => {
  walk.values += 1;
  if (walk.values > maxValues) return `the body has more than ${maxValues} values`;
  if (typeof value === 'number' && !Number.isFinite(value)) return 'this number is not finite';
  if (typeof value !== 'object' || value === null) return undefined;
  return depth >= maxDepth ? `the body is nested more than ${maxDepth} levels deep` : faultInMembers(value, depth, walk);
};

/** What makes a parsed body unsafe to work on; `undefined` when nothing does. */
export const findTreeFault = (value: unknown): TreeFault | undefined => {
  const walk: Walk = { values: 0, path: [] };
  const message = faultIn(value, 0, walk);
  return message === undefined ? undefined : { path: walk.path.reverse().join('').replace(/^\./, ''), message };
};
