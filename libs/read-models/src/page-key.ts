/** Place of an item in a list that is ordered by time and then id, newest first. */
export interface PageKey {
  readonly at_ms: number;
  readonly id: string;
}

/** The opaque cursor of a place in a list. */
export const encodeCursor = ({ at_ms, id }: PageKey): string => Buffer.from(JSON.stringify([at_ms, id])).toString('base64url');

const isKey = (value: unknown): value is readonly [number, string] =>
  Array.isArray(value) && value.length === 2 && Number.isSafeInteger(value[0]) && typeof value[1] === 'string';

/** Reads a cursor back; `undefined` when it is none of ours. */
export const decodeCursor = (cursor: string): PageKey | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return isKey(value) ? { at_ms: value[0], id: value[1] } : undefined;
  } catch {
    return undefined;
  }
};
