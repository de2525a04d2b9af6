import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { AutomationDefinition, Problem } from '@cs/contracts';
import type { Json } from '@cs/kernel';

const compiled = new WeakMap<AutomationDefinition, ValidateFunction>();

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

const pathOf = (error: ErrorObject): string => {
  const path = error.instancePath.split('/').slice(1).map(member).join('');
  const missing: unknown = error.params['missingProperty'] ?? error.params['additionalProperty'];
  return `input${path}${typeof missing === 'string' ? `.${missing}` : ''}`;
};

/** What is wrong with a run's input by the automation's `input_schema`; nothing when it has none. */
export const inputProblems = (definition: AutomationDefinition, input: Json): readonly Problem[] => {
  if (definition.input_schema === undefined) return [];
  const validate = compiled.get(definition) ?? compile(definition.input_schema);
  compiled.set(definition, validate);
  if (validate(input)) return [];
  return (validate.errors ?? []).slice(0, 20).map((error) => ({ path: pathOf(error), code: error.keyword, message: error.message ?? 'is not valid' }));
};

/** Why an `input_schema` is no JSON Schema that can be used. */
export const inputSchemaProblems = (definition: AutomationDefinition): readonly Problem[] => {
  if (definition.input_schema === undefined) return [];
  try {
    compile(definition.input_schema);
    return [];
  } catch (error) {
    return [{ path: 'input_schema', code: 'schema_invalid', message: error instanceof Error ? error.message : String(error) }];
  }
};
