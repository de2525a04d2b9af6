import type { JsonObject } from './json.js';

/** An expected "no": a catalogued code, a sentence for a person, and what a program may need. */
export interface Refusal<Code extends string = string> {
  readonly code: Code;
  readonly message: string;
  readonly details?: JsonObject;
}

export type Result<Value, No = Refusal> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: No };

export const accepted = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value });

export const refused = <Code extends string>(code: Code, message: string, details?: JsonObject) =>
  ({ ok: false, refusal: { code, message, ...(details === undefined ? {} : { details }) } }) as const;
