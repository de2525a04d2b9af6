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

/** Where a text may be cut, within its first `max` UTF-16 units; the last grapheme of the part may be half of one, so its end is none. */
const cutsWithin = (text: string, max: number): readonly number[] => {
  const starts = (parts: Iterable<{ readonly index: number }>): number[] => [...parts].map(({ index }) => index);
  const head = text.slice(0, max + 1);
  const whole = starts(graphemes.segment(head));
  if (whole.length > 1) return whole;
  // One grapheme that is longer than the limit, e.g. a letter below a thousand accents.
  let index = 0;
  return starts([...head].map((point) => ({ index: (index += point.length) - point.length })));
};

/** How a text is cut and escaped. */
export interface Fit {
  /** Makes data of markup. Default: none. */
  readonly escape?: (text: string) => string;
  /** Stands at the end of what was cut; not escaped. Default "…". */
  readonly tail?: string;
}

/** The text, escaped, in at most `max` UTF-16 units: cut between graphemes before it is escaped, so that no escape is cut in two. */
export const fitText = (text: string, max: number, { escape = (plain) => plain, tail = '…' }: Fit = {}): string => {
  const whole = escape(text);
  if (whole.length <= max) return whole;
  const end = tail.length <= max ? tail : '';
  const cuts = cutsWithin(text, max);
  const upTo = (cut: number): string => escape(text.slice(0, cuts[cut] ?? 0).trimEnd());
  let [fits, tooLong] = [0, cuts.length];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (upTo(middle).length + end.length <= max) fits = middle;
    else tooLong = middle;
  }
  return `${upTo(fits)}${end}`;
};
