import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import { ExpressionError, type ExpressionEvaluator } from './expression.port.js';

/** A string in pieces: literal text and the expressions between `{{` and `}}`. */
type Piece = { readonly text: string } | { readonly expression: string };

const isQuote = (character: string): boolean => character === '"' || character === "'" || character === '`';

/** Everything that may hide a `}}`: quoted text with its escapes. */
const quoted = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/y;

const skipQuoted = (source: string, at: number): number => {
  quoted.lastIndex = at;
  return isQuote(source.charAt(at)) && quoted.test(source) ? quoted.lastIndex : at + 1;
};

/** Where the expression that begins at `from` ends: the first `}}` outside quotes and inner braces. */
const endOfExpression = (source: string, from: number): number => {
  let depth = 0;
  for (let at = from; at < source.length; at = skipQuoted(source, at)) {
    if (depth === 0 && source.startsWith('}}', at)) return at;
    if (source.charAt(at) === '{') depth += 1;
    if (source.charAt(at) === '}') depth -= 1;
  }
  return -1;
};

const split = (source: string): readonly Piece[] => {
  const pieces: Piece[] = [];
  let at = 0;
  for (let open = source.indexOf('{{'); open >= 0; open = source.indexOf('{{', at)) {
    const close = endOfExpression(source, open + 2);
    if (close < 0) throw new ExpressionError('"{{" has no "}}"', source, open);
    if (open > at) pieces.push({ text: source.slice(at, open) });
    pieces.push({ expression: source.slice(open + 2, close).trim() });
    at = close + 2;
  }
  if (at < source.length || pieces.length === 0) pieces.push({ text: source.slice(at) });
  return pieces;
};

export interface TemplateScope {
  readonly evaluator: ExpressionEvaluator;
  readonly scope: JsonObject;
}

/** A failure with the place in the definition where it happened. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  constructor(readonly path: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const evaluatePiece = async (expression: string, { evaluator, scope }: TemplateScope): Promise<Json> => {
  const value = await evaluator.evaluate(expression, scope);
  if (value === undefined) throw new ExpressionError(`"${expression}" selects nothing`, expression);
  return value;
};

/** A value inside a text: strings as they are, everything else as JSON. */
export const asText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

const resolveString = async (source: string, scope: TemplateScope): Promise<Json> => {
  if (!source.includes('{{')) return source;
  const pieces = split(source);
  const [only] = pieces;
  // A string that is one expression keeps the value's type.
  if (pieces.length === 1 && only !== undefined && 'expression' in only) return await evaluatePiece(only.expression, scope);
  const parts = await Promise.all(pieces.map(async (piece) => ('text' in piece ? piece.text : asText(await evaluatePiece(piece.expression, scope)))));
  return parts.join('');
};

const mapMembers = async (value: JsonObject, resolve: (member: Json, key: string) => Promise<Json>): Promise<Json> => {
  const entries = await Promise.all(Object.entries(value).map(async ([key, member]) => [key, await resolve(member ?? null, key)] as const));
  return Object.fromEntries(entries);
};

/**
 * A value with every `{{ expression }}` in its strings replaced. Throws `TemplateError` with the path
 * of the string that failed; an expression that selects nothing fails too, so that nothing is sent
 * with a hole in it.
 */
export const resolveTemplate = async (value: Json, path: string, scope: TemplateScope): Promise<Json> => {
  if (typeof value === 'string') {
    try {
      return await resolveString(value, scope);
    } catch (cause) {
      throw new TemplateError(path, cause);
    }
  }
  if (Array.isArray(value)) return await Promise.all(value.map((item: Json, index) => resolveTemplate(item, `${path}[${index}]`, scope)));
  if (isJsonObject(value)) return await mapMembers(value, (member, key) => resolveTemplate(member, `${path}.${key}`, scope));
  return value;
};

const piecesAt = (source: string, path: string): readonly Piece[] => {
  try {
    return split(source);
  } catch (cause) {
    throw new TemplateError(path, cause);
  }
};

interface Located {
  readonly path: string;
  readonly text: string;
}

/** Every string in a value that holds a template, with its path. */
export const templatesIn = (value: Json | undefined, path: string): readonly Located[] => {
  if (typeof value === 'string') return value.includes('{{') ? [{ path, text: value }] : [];
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => templatesIn(item, `${path}[${index}]`));
  return isJsonObject(value) ? Object.entries(value).flatMap(([key, member]) => templatesIn(member, `${path}.${key}`)) : [];
};

/** Expressions in a value with their paths, for checks and to see which secrets are named. Throws `TemplateError`. */
export const expressionsIn = (value: Json | undefined, path: string): readonly { readonly path: string; readonly expression: string }[] =>
  templatesIn(value, path).flatMap((located) => piecesAt(located.text, located.path).flatMap((piece) => ('expression' in piece ? [{ path: located.path, expression: piece.expression }] : [])));
