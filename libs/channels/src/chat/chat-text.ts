/** Controls, line and paragraph separators, and what turns the direction of text: nothing in a text may pass for another one. */
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/g;
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const loneSurrogates = /\p{Surrogate}/gu;

/** A text as a platform takes it: well formed, one kind of line end, without what cannot be seen. */
export const cleanText = (text: string): string =>
  text.replace(/\r\n?/g, '\n').replace(loneSurrogates, '\ufffd').replace(controls, ' ').replace(directions, '').trim();

/** The same on one line. */
export const cleanLine = (text: string): string => cleanText(text).replace(/\s*\n\s*/g, ' ');

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** How far behind a cut is looked for the rest of its grapheme. */
const longestTail = 256;
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** The last place at or before `at` where no grapheme is cut; within a first one that is longer than that, where no code point is. */
const cutBefore = (text: string, at: number): number => {
  const start = graphemes.segment(text.slice(0, at + longestTail)).containing(at)?.index ?? at;
  if (start > 0) return start;
  return isLowSurrogate(text.charCodeAt(at)) ? at - 1 : at;
};

/** The greatest whole number from 0 to `max` that holds; what holds for one holds for all below. */
const greatest = (max: number, holds: (candidate: number) => boolean): number => {
  let [low, high] = [0, max + 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
};

/** How a text is cut and escaped. */
export interface Fit {
  /** Makes data of markup. Default: none. */
  readonly escape?: (text: string) => string;
  /** Stands at the end of what was cut; not escaped. Default "…". */
  readonly tail?: string;
}

/** The text, escaped, in at most `max` UTF-16 units: cut between graphemes before it is escaped, so that no escape is cut in two. No escape may shorten a text. */
export const fitText = (text: string, max: number, { escape = (plain) => plain, tail = '…' }: Fit = {}): string => {
  if (text.length <= max && escape(text).length <= max) return escape(text);
  const end = tail.length <= max ? tail : '';
  const room = max - end.length;
  const at = greatest(Math.min(room, text.length), (length) => escape(text.slice(0, length)).length <= room);
  return `${escape(text.slice(0, cutBefore(text, at)).trimEnd())}${end}`;
};

/** How much of a room each of these lengths gets: what it needs, as long as that is no more than its even share of what the shorter ones leave. */
export const shareRoom = (lengths: readonly number[], room: number): readonly number[] => {
  const shares = new Map<number, number>();
  const byLength = lengths.map((length, index) => ({ length, index })).sort((a, b) => a.length - b.length);
  let left = Math.max(room, 0);
  for (const [place, { length, index }] of byLength.entries()) {
    const share = Math.min(length, Math.floor(left / (byLength.length - place)));
    shares.set(index, share);
    left -= share;
  }
  return lengths.map((_length, index) => shares.get(index) ?? 0);
};
