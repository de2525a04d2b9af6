/** Where a text stops being JSON. Line and column count from 1. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

type Kind = '{' | '}' | '[' | ']' | ',' | ':' | 'string' | 'scalar';
type Place = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'after member' | 'after item' | 'end';

const expected: Readonly<Record<Place, string>> = {
  value: 'a value', 'first value': 'a value or "]"', key: 'a member name in double quotes', 'first key': 'a member name in double quotes or "}"',
  colon: '":"', 'after member': '"," or "}"', 'after item': '"," or "]"', end: 'the end of the document',
};

const valueStart = { '{': 'open object', '[': 'open array', string: 'value done', scalar: 'value done' } as const;
type Step = 'open object' | 'open array' | 'value done' | 'close' | 'key' | 'value';

const steps: Readonly<Record<Place, Partial<Record<Kind, Step | 'next key' | 'next value'>>>> = {
  value: valueStart,
  'first value': { ...valueStart, ']': 'close' },
  key: { string: 'key' },
  'first key': { string: 'key', '}': 'close' },
  colon: { ':': 'value' },
  'after member': { ',': 'next key', '}': 'close' },
  'after item': { ',': 'next value', ']': 'close' },
  end: {},
};

const token = /([{}[\],:])|("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
const blanks = /[ \t\n\r]*/y;

const skipBlanks = (text: string, at: number): number => {
  blanks.lastIndex = at;
  blanks.exec(text);
  return blanks.lastIndex;
};

const readToken = (text: string, at: number): { readonly kind: Kind; readonly end: number } | undefined => {
  token.lastIndex = at;
  const match = token.exec(text);
  if (match === null) return undefined;
  const kind = match[1] === undefined ? (match[2] === undefined ? 'scalar' : 'string') : (match[1] as Kind);
  return { kind, end: token.lastIndex };
};

const afterValue = (open: readonly string[]): Place => {
  const innermost = open.at(-1);
  return innermost === undefined ? 'end' : innermost === '{' ? 'after member' : 'after item';
};

const places: Readonly<Record<string, Place>> = { key: 'colon', value: 'value', 'next key': 'key', 'next value': 'value', 'open object': 'first key', 'open array': 'first value' };

const follow = (step: string, open: string[]): Place => {
  if (step === 'open object') open.push('{');
  if (step === 'open array') open.push('[');
  if (step === 'close') open.pop();
  return places[step] ?? afterValue(open);
};

const faultAt = (text: string, at: number, place: Place): JsonFault => {
  const before = text.slice(0, at);
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: at - lastBreak, expected: expected[place] };
};

/** Finds the first place where a text is not JSON; `undefined` when all of it is. */
export const findJsonFault = (text: string): JsonFault | undefined => {
  const open: string[] = [];
  let place: Place = 'value';
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const read = readToken(text, at);
    const step = read && steps[place][read.kind];
    if (read === undefined || step === undefined) return faultAt(text, at, place);
    place = follow(step, open);
    at = skipBlanks(text, read.end);
  }
  return place === 'end' ? undefined : faultAt(text, at, place);
};
