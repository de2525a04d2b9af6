import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runImportSchema } from '@cs/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { namedSchemaDocument } from './named-schemas.js';

const example: unknown = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../../docs/guides/examples/run-import.json'), 'utf8'));

describe('the example of the guide on imports', () => {
  it('is what the route takes, and what its schema says', () => {
    expect(runImportSchema.safeParse(example).success).toBe(true);
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(namedSchemaDocument('run-import') ?? {});
    expect(validate(example)).toBe(true);
    expect(validate({ run: {} })).toBe(false);
  });
});
