import { maxAnswerBytes, type AutomationDefinition, type Problem, type QuestionAction, type QuestionRequest } from '@cs/contracts';
import { utf8Bytes, type Json } from '@cs/kernel';
import { schemaProblems, validationProblems } from './json-schema.js';
import { templatesIn } from './template.js';

/** What holds an expression is known only when the question is asked. */
const isLiteral = (value: Json): boolean => templatesIn(value, '').length === 0;

const defaultProblems = ({ default: fallback, schema }: QuestionAction, path: string): readonly Problem[] => {
  if (fallback === undefined || !isLiteral(fallback)) return [];
  if (utf8Bytes(JSON.stringify(fallback)) > maxAnswerBytes) return [{ path, code: 'question_default_too_large', message: `an answer has at most ${maxAnswerBytes} bytes` }];
  return schema === undefined ? [] : validationProblems(schema, fallback, path);
};

/** Why the `schema` of a question cannot be used, or its `default` is no answer by it. */
export const questionSchemaProblems = ({ flow }: AutomationDefinition): readonly Problem[] =>
  flow.nodes.flatMap(({ action }, index) => {
    if (action?.kind !== 'question') return [];
    const path = `flow.nodes[${index}].action`;
    const unusable = action.schema === undefined ? [] : schemaProblems(action.schema, `${path}.schema`);
    return unusable.length > 0 ? unusable : defaultProblems(action, `${path}.default`);
  });

/** What is wrong with an answer by the schema of its question; nothing when that has none. */
export const answerProblems = ({ schema }: Pick<QuestionRequest, 'schema'>, answer: Json): readonly Problem[] => (schema === undefined ? [] : validationProblems(schema, answer, 'answer'));
