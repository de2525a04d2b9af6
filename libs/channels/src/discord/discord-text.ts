/** Marks anywhere, and headings, lists, small print at the beginning of a line. */
const markup = /[\\*_~`|[\]<>@]|(?<=^[ \t]*)[#+-]|(?<=^[ \t]*\d{1,9})\./gm;
const address = /https?:\/\/[A-Za-z0-9\-._~:/?#@!$&'+,;=%]+/g;
/** Keeps a text from being read as a mention of everybody, wherever Discord looks for one. */
const afterAt = '\u200b';

const escapePlain = (text: string): string => text.replace(markup, (character) => (character === '@' ? `@${afterAt}` : `\\${character}`));

/** Data as Discord shows it, letter by letter: no formatting, link text, mention, emoji or time comes of it. Addresses stay as they are, and are what they say. */
export const escapeDiscord = (text: string): string => {
  let escaped = '';
  let from = 0;
  for (const { 0: found, index } of text.matchAll(address)) {
    escaped += escapePlain(text.slice(from, index)) + found;
    from = index + found.length;
  }
  return escaped + escapePlain(text.slice(from));
};
