/** A piece of a page whose texts are escaped. Only `html` makes one. */
export class Html {
  constructor(readonly text: string) {}
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Characters that move the cursor, or turn the order of what follows round, say nothing on a page. */
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const escaped = (text: string): string => text.replace(invisible, ' ').replace(/[&<>"']/g, (character) => escapes[character] ?? '');

type Piece = Html | string | number | false | undefined | readonly Piece[];

const textOf = (piece: Piece): string => {
  if (piece instanceof Html) return piece.text;
  if (typeof piece === 'string') return escaped(piece);
  if (typeof piece === 'object') return piece.map(textOf).join('');
  return typeof piece === 'number' ? String(piece) : '';
};

/** Markup with values in it: strings are escaped, in texts and in quoted attributes; `false` and `undefined` are nothing. */
export const html = (markup: TemplateStringsArray, ...pieces: readonly Piece[]): Html =>
  new Html(markup.map((part, index) => part + textOf(pieces[index])).join(''));
