import type { Json } from '@cs/kernel';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Pair, type ParsedNode } from 'yaml';

/** A place in a text; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface SourceProblem extends Place {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** A definition in a file, with the place of each of its members. */
export interface DefinitionSource {
  readonly value: Json;
  /** Where a member is (`flow.nodes[0].url`): its value, or its name. Of one that is missing: what it is missing from. */
  place(path: string, part?: 'name' | 'value'): Place;
}

export type SourceRead = { readonly ok: true; readonly source: DefinitionSource } | { readonly ok: false; readonly problems: readonly SourceProblem[] };

const start: Place = { line: 1, column: 1 };
const toSnakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const keyOf = ({ key }: Pair): string => String(isScalar(key) ? key.value : key);

interface Step {
  readonly at: unknown;
  readonly into: unknown;
  readonly rest: string;
}

/** What is left of a path behind a name at its start; `undefined` when it does not begin with the name. */
const behind = (path: string, name: string): string | undefined => {
  if (!path.startsWith(name)) return undefined;
  const rest = path.slice(name.length);
  return rest === '' || rest.startsWith('[') ? rest : rest.startsWith('.') ? rest.slice(1) : undefined;
};

/** Paths name members in snake_case; keys may hold dots, so the longest that fits counts, and one that is spelled the same before others. */
const stepIntoMap = (items: readonly Pair[], path: string): Step | undefined => {
  const fitting = items.flatMap((pair) => {
    const rest = behind(path, keyOf(pair)) ?? behind(path, toSnakeCase(keyOf(pair)));
    return rest === undefined ? [] : [{ pair, rest, isExact: behind(path, keyOf(pair)) !== undefined }];
  });
  const [found] = fitting.sort((one, other) => one.rest.length - other.rest.length || Number(other.isExact) - Number(one.isExact));
  return found && { at: found.pair.key, into: found.pair.value, rest: found.rest };
};

const stepIntoList = (items: readonly unknown[], path: string): Step | undefined => {
  const [written = '', index] = /^\[(\d+)\]\.?/.exec(path) ?? [];
  const item = index === undefined ? undefined : items[Number(index)];
  return item === undefined ? undefined : { at: item, into: item, rest: path.slice(written.length) };
};

const stepInto = (node: unknown, path: string): Step | undefined => {
  if (isMap(node)) return stepIntoMap(node.items, path);
  return isSeq(node) ? stepIntoList(node.items, path) : undefined;
};

const offsetOf = (node: unknown): number | undefined => (node as ParsedNode | null | undefined)?.range?.[0];

/** Lists and mappings are found by the name of their member, on whose line they need not begin. */
const findOffset = (document: Document.Parsed, path: string, part: 'name' | 'value'): number => {
  let at: unknown = document.contents;
  let node: unknown = document.contents;
  for (let rest = path; rest !== ''; ) {
    const target = isAlias(node) ? node.resolve(document) : node;
    const step = stepInto(target, rest);
    if (step === undefined) break;
    ({ at, into: node, rest } = step);
  }
  return (part === 'value' && isScalar(node) ? offsetOf(node) : undefined) ?? offsetOf(at) ?? 0;
};

/** A file that calls itself JSON has to be JSON, which YAML would not insist on. */
const jsonFault = (text: string, lines: LineCounter): SourceProblem | undefined => {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const offset = /position (\d+)/.exec(message)?.[1];
    const { line, col } = offset === undefined ? { line: 1, col: 1 } : lines.linePos(Number(offset));
    return { line, column: col, path: '', code: 'json_invalid', message };
  }
};

/** Reads a definition as the API does: YAML 1.2 with plain keys, or JSON. */
export const readDefinitionSource = (text: string, { isJson }: { readonly isJson: boolean }): SourceRead => {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.2', schema: 'core', merge: false, stringKeys: true, prettyErrors: false, logLevel: 'error', lineCounter: lines });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return line === 0 ? start : { line, column: col };
  };
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }) => ({ ...placeOf(pos[0]), path: '', code: 'yaml_invalid', message }));
  const json = isJson ? jsonFault(text, lines) : undefined;
  if (json !== undefined) return { ok: false, problems: [json] };
  if (faults.length > 0) return { ok: false, problems: faults };
  try {
    const value = document.toJS({ maxAliasCount: 50 }) as Json;
    return { ok: true, source: { value, place: (path, part = 'value') => placeOf(findOffset(document, path, part)) } };
  } catch (error) {
    return { ok: false, problems: [{ ...start, path: '', code: 'yaml_invalid', message: error instanceof Error ? error.message : String(error) }] };
  }
};
