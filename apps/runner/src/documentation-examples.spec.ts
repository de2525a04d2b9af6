import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readDefinition } from '@cs/automation-application';
import type { Json } from '@cs/kernel';
import { JsonataEvaluator } from '@cs/step-runners';
import { parse } from 'yaml';

const folder = path.resolve(import.meta.dirname, '../../../docs/guides/examples');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

describe('the automations that the guides show', () => {
  const evaluator = new JsonataEvaluator();
  afterAll(() => evaluator.close());

  it.each(files)('%s is a valid definition', (file) => {
    const raw = parse(readFileSync(path.join(folder, file), 'utf8')) as Json;
    expect(readDefinition(raw, evaluator)).toMatchObject({ ok: true });
  });
});
