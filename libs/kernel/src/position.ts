import type { Brand } from './brand.js';

/** Where a commit stands in the log. Callers compare positions and never compute with them. */
export type Position = Brand<number, 'Position'>;

/** Before the first commit; also the expected position of an aggregate that does not exist yet. */
export const noPosition = 0 as Position;

/** A non-negative safe integer as a position. Throws on anything else: positions come from the log only. */
export const toPosition = (value: number): Position => {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`Not a log position: ${value}`);
  return value as Position;
};

/** Reads a position that a client sent back, `undefined` when it is not one. */
export const parsePosition = (text: string): Position | undefined =>
  /^\d{1,15}$/.test(text) ? (Number(text) as Position) : undefined;
