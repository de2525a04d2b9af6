import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readDefinition } from '@cs/automation-application';
import { isJsonObject, type Json } from '@cs/kernel';
import { JsonataEvaluator } from '@cs/step-runners';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '../../..');
const schemaFile = path.join(root, 'schemas/automation.schema.json');
const read = (file: string): string => readFileSync(file, 'utf8');

/** A definition says in its first line, or as `$schema`, where an editor finds its schema. */
const schemaOf = (file: string, definition: Json): string | undefined => {
  if (isJsonObject(definition) && typeof definition['$schema'] === 'string') return definition['$schema'];
  return /^# yaml-language-server: \$schema=(\S+)$/m.exec(read(file))?.[1];
};

const files = ['examples', 'docs/guides/examples'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$|\.automation\.json$/.test(name)).map((name) => path.join(folder, name)));

describe('the automations that the guides and examples show', () => {
  const evaluator = new JsonataEvaluator();
  const fits = new Ajv2020({ strict: false, allErrors: true }).compile(JSON.parse(read(schemaFile)) as object);
  afterAll(() => evaluator.close());

  it('are found', () => {
    expect(files).toEqual(expect.arrayContaining(['examples/refund/refund.automation.yaml', 'docs/guides/examples/first.yaml']));
  });

  it.each(files)('%s is a valid definition, and its editor finds the published schema, which says the same', (name) => {
    const file = path.join(root, name);
    const raw = parse(read(file)) as Json;
    expect(readDefinition(raw, evaluator)).toMatchObject({ ok: true });
    expect([fits(raw), fits.errors]).toEqual([true, null]);
    expect(path.resolve(path.dirname(file), schemaOf(file, raw) ?? '')).toBe(schemaFile);
  });
});
