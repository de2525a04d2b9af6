/** Control characters, marks that turn the direction of writing, and line separators: they move the cursor or pass for another line. */
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;
const loneSurrogate = /\p{Surrogate}/gu;

/** The text without what can mislead its reader. Line feeds stay. Well-formed Unicode. */
export const plainText = (text: string): string => text.replaceAll('\r\n', '\n').replace(unprintable, ' ').replace(loneSurrogate, '\ufffd');

/** The same on one line. */
export const plainLine = (text: string): string => plainText(text).replace(/\s+/g, ' ').trim();
