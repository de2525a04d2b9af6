import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { AutomationDefinition, FlowNode, Problem } from '@cs/contracts';
import type { Json } from '@cs/kernel';

const compiled = new WeakMap<object, ValidateFunction>();

/** One validator per schema: ids in users' schemas must not meet each other. */
const compile = (schema: object): ValidateFunction => {
  const validate = new Ajv2020({ allErrors: true, strict: false, validateFormats: false, addUsedSchema: false }).compile(schema);
  // Answers a promise, which says nothing when it is asked and rejects where nobody listens.
  if ('$async' in validate) throw new Error('"$async" is not part of JSON Schema');
  return validate;
};

/** One part of a JSON pointer (RFC 6901). */
const member = (part: string): string => {
  const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
  return /^\d+$/.test(name) ? `[${name}]` : `.${name}`;
};

const pathOf = (root: string, error: ErrorObject): string => {
  const path = error.instancePath.split('/').slice(1).map(member).join('');
  const missing: unknown = error.params['missingProperty'] ?? error.params['additionalProperty'];
  return `${root}${path}${typeof missing === 'string' ? `.${missing}` : ''}`;
};

/** What is wrong with a value by a JSON Schema, at most 20 problems; paths begin with `root`. */
const schemaProblems = (schema: object, value: Json, root: string): readonly Problem[] => {
  const validate = compiled.get(schema) ?? compile(schema);
  compiled.set(schema, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).slice(0, 20).map((error) => ({ path: pathOf(root, error), code: error.keyword, message: error.message ?? 'is not valid' }));
};

/** What is wrong with a run's input by the automation's `input_schema`; nothing when it has none. */
export const inputProblems = ({ input_schema }: AutomationDefinition, input: Json): readonly Problem[] =>
  input_schema === undefined ? [] : schemaProblems(input_schema, input, 'input');

/** What is wrong with a node's output by its `output_contract`; nothing when that has no schema. */
export const outputProblems = ({ output_contract }: FlowNode, output: Json): readonly Problem[] =>
  output_contract?.schema === undefined ? [] : schemaProblems(output_contract.schema, output, 'output');

const unusable = (schema: object | undefined, path: string): readonly Problem[] => {
  if (schema === undefined) return [];
  try {
    compile(schema);
    return [];
  } catch (error) {
    return [{ path, code: 'schema_invalid', message: error instanceof Error ? error.message : String(error) }];
  }
};

/** Why an `input_schema` is no JSON Schema that can be used. */
export const inputSchemaProblems = ({ input_schema }: AutomationDefinition): readonly Problem[] => unusable(input_schema, 'input_schema');

/** Why the schema of an `output_contract` is no JSON Schema that can be used. */
export const outputSchemaProblems = ({ flow }: AutomationDefinition): readonly Problem[] =>
  flow.nodes.flatMap(({ output_contract }, index) => unusable(output_contract?.schema, `flow.nodes[${index}].output_contract.schema`));
