import type { PolicyProblem } from '@cs/automation-application';
import { checkParsePolicySet, validate, type DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { boundsProblem } from './policy-bounds.js';
import { effectSchema } from './policy-files.js';
import { readStatements, type PolicyStatement } from './policy-statements.js';
import { indexOfByte, problemAt } from './text-place.js';

const maxProblems = 50;

const firstLine = (message: string): string => message.split('\n')[0] ?? message;

const messageOf = ({ message, help, sourceLocations = [] }: DetailedError): string => {
  const label = sourceLocations[0]?.label ?? undefined;
  const text = firstLine(message).replace(/^failed to parse policies from string: /, '').replace(/^for policy `[^`]*`, /, '');
  return [text, ...(label === undefined ? [] : [label]), ...(help === null ? [] : [help])].join('; ');
};

const syntaxProblems = (text: string): readonly PolicyProblem[] => {
  const parsed = checkParsePolicySet({ staticPolicies: text });
  if (parsed.type === 'success') return [];
  return parsed.errors.flatMap((error) => [error, ...(error.related ?? [])]).map((error) => problemAt(text, indexOfByte(text, error.sourceLocations?.[0]?.start ?? 0), messageOf(error)));
};

const schemaProblems = (text: string, statements: readonly PolicyStatement[]): readonly PolicyProblem[] => {
  const byId = new Map(statements.map((statement) => [statement.id, statement]));
  const answer = validate({ schema: effectSchema, policies: { staticPolicies: Object.fromEntries(statements.map(({ id, text: own }) => [id, own])) }, validationSettings: { mode: 'strict' } });
  if (answer.type === 'failure') return answer.errors.map((error) => problemAt(text, 0, messageOf(error)));
  return answer.validationErrors.map(({ policyId, error }) => {
    const own = byId.get(policyId);
    const start = error.sourceLocations?.[0]?.start ?? 0;
    return problemAt(text, own === undefined ? 0 : own.index + indexOfByte(own.text, start), `${policyId}: ${messageOf(error)}`);
  });
};

/** What is wrong in a text of policies, in the order in which it can be found: depth, syntax, annotations, schema. */
export const checkPolicies = (text: string): readonly PolicyProblem[] => {
  const bounds = boundsProblem(text);
  if (bounds !== undefined) return [bounds];
  const syntax = syntaxProblems(text);
  if (syntax.length > 0) return syntax.slice(0, maxProblems);
  const { statements, problems } = readStatements(text);
  if (statements.length === 0 && problems.length === 0) return [problemAt(text, 0, 'there is no policy in the text')];
  return (problems.length > 0 ? problems : schemaProblems(text, statements)).slice(0, maxProblems);
};
