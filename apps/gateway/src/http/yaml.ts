import { Composer, LineCounter, Parser, type CST, type Document } from 'yaml';
import { maxDepth } from './safe-tree.js';

/** YAML is parsed far slower than JSON; a larger document is sent as JSON. */
export const maxYamlBytes = 64 * 1024;
/** Aliases that one document may expand. */
const maxAliasCount = 50;
const maxValues = 10_000;
/** Keys of one mapping are compared with one another. */
const maxEntries = 2000;

export type YamlRead =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly at?: { readonly line: number; readonly column: number } };

const childrenOf = (token: CST.Token): readonly (CST.Token | null | undefined)[] => {
  if ('items' in token) return token.items.flatMap((item) => [item.key, item.value]);
  return token.type === 'document' ? [token.value] : [];
};

const entriesOf = (token: CST.Token): number => ('items' in token ? token.items.length : 0);

interface Place {
  readonly token: CST.Token;
  readonly depth: number;
}

const tooMuch = ({ token, depth }: Place, values: number): string | undefined => {
  if (depth > maxDepth) return `it is nested more than ${maxDepth} levels deep`;
  if (entriesOf(token) > maxEntries) return `a list or mapping has more than ${maxEntries} entries; send JSON`;
  return values > maxValues ? `it has more than ${maxValues} values; send JSON` : undefined;
};

/**
 * Judges the size of a document from its tokens, without recursion. What builds the values recurses:
 * on a document nested some thousand levels deep it would end the whole process.
 */
const findExcess = (tokens: readonly CST.Token[]): string | undefined => {
  const open: Place[] = tokens.map((token) => ({ token, depth: -1 }));
  let values = 0;
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    values += 1;
    const excess = tooMuch(place, values);
    if (excess !== undefined) return excess;
    for (const child of childrenOf(place.token)) if (child) open.push({ token: child, depth: place.depth + 1 });
  }
  return undefined;
};

const toValue = (document: Document.Parsed): YamlRead => {
  try {
    return { ok: true, value: document.toJS({ maxAliasCount }) };
  } catch (error) {
    // A ReferenceError is the library's word on aliases: unknown, or expanding too far.
    return { ok: false, message: error instanceof ReferenceError ? error.message : 'it cannot be parsed' };
  }
};

const compose = (tokens: readonly CST.Token[], length: number, lines: LineCounter): YamlRead => {
  const composer = new Composer({ version: '1.2', schema: 'core', merge: false, stringKeys: true, prettyErrors: false, logLevel: 'error' });
  const [document, another] = [...composer.compose(tokens, true, length)];
  if (document === undefined) return { ok: false, message: 'it is empty' };
  if (another !== undefined) return { ok: false, message: 'it holds more than one document' };
  const [fault] = [...document.errors, ...document.warnings];
  if (fault === undefined) return toValue(document);
  const { line, col } = lines.linePos(fault.pos[0]);
  return { ok: false, message: fault.message, at: { line, column: col } };
};

/** Reads one YAML 1.2 document (core schema) of a size that is safe to read. */
export const readYaml = (text: string): YamlRead => {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const excess = findExcess(tokens);
  return excess === undefined ? compose(tokens, text.length, lines) : { ok: false, message: excess };
};
