import { readDefinition, type ExpressionEvaluator } from '@cs/automation-application';
import type { AutomationDefinition, Problem } from '@cs/contracts';
import { isJsonObject, type Json } from '@cs/kernel';
import { readDefinitionSource, type DefinitionSource, type SourceProblem } from './definition-source.js';

export interface DefinitionFile {
  /** As the caller named it. */
  readonly name: string;
  readonly text: string;
}

export interface FileProblem extends SourceProblem {
  readonly file: string;
}

export interface CheckedFile {
  readonly file: string;
  readonly definition: AutomationDefinition;
  readonly source: DefinitionSource;
}

export interface Checked {
  readonly files: readonly CheckedFile[];
  /** In the order of the files, and within each of the text. */
  readonly problems: readonly FileProblem[];
}

type CheckedOne = { readonly ok: true; readonly checked: CheckedFile } | { readonly ok: false; readonly problems: readonly FileProblem[] };

const isProblem = (value: Json): boolean => isJsonObject(value) && ['path', 'code', 'message'].every((member) => typeof value[member] === 'string');

/** The problems that a refusal lists, or the refusal itself as the only one. */
export const problemsIn = ({ code, message, problems }: { readonly code: string; readonly message: string; readonly problems: Json | undefined }): readonly Problem[] =>
  Array.isArray(problems) && problems.length > 0 && problems.every(isProblem) ? (problems as unknown as readonly Problem[]) : [{ path: '', code, message }];

/** Gives each problem the place in its file. */
export const placed = ({ file, source }: Pick<CheckedFile, 'file' | 'source'>, problems: readonly Problem[]): readonly FileProblem[] =>
  problems
    .map((problem) => ({ file, ...source.place(problem.path, problem.code === 'unknown_member' ? 'name' : 'value'), ...problem }))
    .sort((one, other) => one.line - other.line || one.column - other.column);

const checkFile = ({ name, text }: DefinitionFile, evaluator: ExpressionEvaluator): CheckedOne => {
  const read = readDefinitionSource(text, { isJson: name.endsWith('.json') });
  if (!read.ok) return { ok: false, problems: read.problems.map((problem) => ({ file: name, ...problem })) };
  const { source } = read;
  const definition = readDefinition(source.value, evaluator);
  if (definition.ok) return { ok: true, checked: { file: name, source, definition: definition.value } };
  const { code, message, details } = definition.refusal;
  return { ok: false, problems: placed({ file: name, source }, problemsIn({ code, message, problems: details?.['problems'] })) };
};

/** Two files for one automation would undo each other. */
const duplicates = (files: readonly CheckedFile[]): readonly FileProblem[] =>
  files.flatMap((checked, index) => {
    const { automation_id } = checked.definition;
    const first = files.findIndex(({ definition }) => definition.automation_id === automation_id);
    return first === index ? [] : placed(checked, [{ path: 'automation_id', code: 'automation_id_duplicate', message: `"${automation_id}" is defined by ${files[first]?.file ?? 'another file'} too` }]);
  });

/** Checks definitions as the runner does when it stores them. Needs no server. */
export const checkDefinitions = (files: readonly DefinitionFile[], evaluator: ExpressionEvaluator): Checked => {
  const results = files.map((file) => checkFile(file, evaluator));
  const checked = results.flatMap((result) => (result.ok ? [result.checked] : []));
  return { files: checked, problems: [...results.flatMap((result) => (result.ok ? [] : result.problems)), ...duplicates(checked)] };
};

/** One line for a terminal: editors take `file:line:column` for a link. */
export const problemLine = ({ file, line, column, path, code, message }: FileProblem): string =>
  `${file}:${line}:${column}  ${path === '' ? '' : `${path}  `}${code}  ${message}`;
