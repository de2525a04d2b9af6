import { isJsonObject, type Json } from './json.js';

const pattern = /^(?:\/(?:[^~/]|~[01])*)*$/;

/** A JSON pointer (RFC 6901): empty for the whole value, else parts that each begin with `/`. */
export const isJsonPointer = (text: string): boolean => pattern.test(text);

const partsOf = (pointer: string): readonly string[] => pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

const member = (value: Json | undefined, part: string): Json | undefined => {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d*)$/.test(part) ? (value as readonly Json[])[Number(part)] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
};

/** The value that a pointer names; `undefined` when there is none. */
export const atJsonPointer = (value: Json, pointer: string): Json | undefined =>
  isJsonPointer(pointer) ? partsOf(pointer).reduce<Json | undefined>(member, value) : undefined;
