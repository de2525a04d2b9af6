/** Any JSON value. Absent object members are `undefined` and are left out when it is written. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Texts of arrays that do not change, by the array. */
export type KnownTexts = WeakMap<readonly unknown[], string>;

/** Arrays of so many items are worth remembering. */
const longArray = 64;

/**
 * JSON with object members sorted by code unit, no insignificant whitespace and absent members
 * left out, so that equal values have equal text. Numbers are written as ECMAScript writes them
 * (RFC 8785, section 3.2.2.3).
 *
 * `known` is for values that share long arrays with values written before, and whose arrays never change: the
 * text of each is made once, and kept for as long as somebody holds the array.
 */
export const canonicalJson = (value: unknown, known?: KnownTexts): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (!Array.isArray(value)) return canonicalObject(value, known);
  return known === undefined || value.length < longArray ? canonicalArray(value, known) : knownArray(value, known);
};

const knownArray = (items: readonly unknown[], known: KnownTexts): string => {
  const text = known.get(items);
  if (text !== undefined) return text;
  // Joined, not added up: a text that stays shall not stay in pieces.
  const written = `[${Array.from(items, (item) => canonicalJson(item ?? null, known)).join(',')}]`;
  known.set(items, written);
  return written;
};

const canonicalArray = (items: readonly unknown[], known: KnownTexts | undefined): string => {
  let text = '[';
  for (let index = 0; index < items.length; index += 1) text += (index === 0 ? '' : ',') + canonicalJson(items[index] ?? null, known);
  return `${text}]`;
};

/** Sorting so few in place costs less than a call of `sort`, which copies them. */
const fewMembers = 24;

const insertInOrder = (names: string[], from: number): void => {
  const name = names[from] ?? '';
  let at = from;
  for (let before = names[at - 1]; before !== undefined && before > name; before = names[at - 1]) {
    names[at] = before;
    at -= 1;
  }
  names[at] = name;
};

/** By code unit, as `<` and `sort` compare. */
const sortedNames = (value: object): readonly string[] => {
  const names = Object.keys(value);
  if (names.length > fewMembers) return names.sort();
  for (let from = 1; from < names.length; from += 1) insertInOrder(names, from);
  return names;
};

const canonicalObject = (value: object, known: KnownTexts | undefined): string => {
  let text = '';
  for (const key of sortedNames(value)) {
    const member: unknown = Reflect.get(value, key);
    if (member !== undefined) text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${canonicalJson(member, known)}`;
  }
  return text === '' ? '{}' : `${text}}`;
};
