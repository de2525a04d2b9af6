import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Problem } from '@cs/contracts';
import { LruCache, type Json } from '@cs/kernel';

const compiled = new WeakMap<object, ValidateFunction>();
/** By text: a schema that comes with a state of a run is another object with every loading. */
const compiledTexts = new LruCache<string, ValidateFunction>(200);

/** One validator per schema: ids in users' schemas must not meet each other. */
const compile = (schema: object): ValidateFunction => {
  const validate = new Ajv2020({ allErrors: true, strict: false, validateFormats: false, addUsedSchema: false }).compile(schema);
  // Answers a promise, which says nothing when it is asked and rejects where nobody listens.
  if ('$async' in validate) throw new Error('"$async" is not part of JSON Schema');
  return validate;
};

const validatorOf = (schema: object): ValidateFunction => {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const text = JSON.stringify(schema);
  const validate = compiledTexts.get(text) ?? compile(schema);
  compiledTexts.set(text, validate);
  compiled.set(schema, validate);
  return validate;
};

/** One part of a JSON pointer (RFC 6901). */
const member = (part: string): string => {
  const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
  return /^\d+$/.test(name) ? `[${name}]` : `.${name}`;
};

const pathOf = (error: ErrorObject, root: string): string => {
  const path = error.instancePath.split('/').slice(1).map(member).join('');
  const missing: unknown = error.params['missingProperty'] ?? error.params['additionalProperty'];
  return `${root}${path}${typeof missing === 'string' ? `.${missing}` : ''}`;
};

/** What is wrong with a value by a JSON Schema (2020-12), at most 20 problems; paths begin with `root`. */
export const validationProblems = (schema: object, value: Json, root: string): readonly Problem[] => {
  const validate = validatorOf(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).slice(0, 20).map((error) => ({ path: pathOf(error, root), code: error.keyword, message: error.message ?? 'is not valid' }));
};

/** Why a schema at `path` is no JSON Schema that can be used. */
export const schemaProblems = (schema: object, path: string): readonly Problem[] => {
  try {
    compile(schema);
    return [];
  } catch (error) {
    return [{ path, code: 'schema_invalid', message: error instanceof Error ? error.message : String(error) }];
  }
};
