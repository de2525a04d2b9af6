const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** How far behind a cut is looked for the rest of its grapheme. */
const maxGrapheme = 256;

const escapedLengths: Readonly<Record<string, number>> = { '&': 5, '<': 4, '>': 4 };

/** UTF-16 units that the text takes where `&`, `<` and `>` are written as entities. */
export const escapedLength = (text: string): number => {
  let length = 0;
  for (let index = 0; index < text.length; index += 1) length += escapedLengths[text.charAt(index)] ?? 1;
  return length;
};

/** How many units of the text fit into a budget of escaped ones. */
const unitsWithin = (text: string, budget: number): number => {
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    length += escapedLengths[text.charAt(index)] ?? 1;
    if (length > budget) return index;
  }
  return text.length;
};

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** The last place at or before `end` where no character is cut. */
const boundaryBefore = (text: string, end: number): number => {
  const start = graphemes.segment(text.slice(0, end + maxGrapheme)).containing(end)?.index ?? end;
  if (start > 0) return start;
  return isLowSurrogate(text.charCodeAt(end)) ? end - 1 : end;
};

/**
 * At most `max` units of the text, counted as `escapedLength` does; what is cut ends with `pointer`. Cuts fall between
 * graphemes, so no character is halved and no emoji loses its parts; a grapheme that is longer than all that fits is
 * cut between code points.
 */
export const cutText = (text: string, max: number, pointer = '…'): string => {
  if (text.length <= max && escapedLength(text) <= max) return text;
  return `${text.slice(0, boundaryBefore(text, unitsWithin(text, max - escapedLength(pointer))))}${pointer}`;
};
