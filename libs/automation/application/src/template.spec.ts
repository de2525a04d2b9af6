import type { Json, JsonObject } from '@cs/kernel';
import { expressionsIn, resolveTemplate, TemplateError } from './template.js';
import { evaluator } from './in-memory-application.fixture.js';

const scope: JsonObject = { input: { amount: 42, name: "O'Neil", tags: ['a', 'b'], ok: false, none: null }, nodes: { look_up: { output: { body: { id: 7 } } } } };
const resolve = (value: Json): Promise<Json> => resolveTemplate(value, 'action', { evaluator, scope });
const failureOf = async (value: Json): Promise<TemplateError> => {
  try {
    await resolve(value);
  } catch (error) {
    if (error instanceof TemplateError) return error;
  }
  throw new Error('it did not fail');
};

describe('a template', () => {
  it.each<[string, Json]>([
    ['{{ input.amount }}', 42],
    ['{{input.tags}}', ['a', 'b']],
    ['{{ input.ok }}', false],
    ['{{ input.none }}', null],
    ['{{ nodes.look_up.output.body }}', { id: 7 }],
  ])('that is one expression keeps the type of its value: %s', async (source, expected) => {
    expect(await resolve(source)).toEqual(expected);
  });

  it.each<[string, string]>([
    ['Refund {{ input.amount }} to {{ input.name }}.', "Refund 42 to O'Neil."],
    [' {{ input.amount }}', ' 42'],
    ['{{ input.amount }}{{ input.amount }}', '4242'],
    ['tags: {{ input.tags }}, {{ input.none }}', 'tags: ["a","b"], null'],
    ['no expression } }} {', 'no expression } }} {'],
    ['', ''],
  ])('with text around an expression is text: %s', async (source, expected) => {
    expect(await resolve(source)).toBe(expected);
  });

  it.each<[string, Json]>([
    ['{{ "}}" }}', '}}'],
    ["{{ '}}' & \"it's }}\" }}", "}}it's }}"],
    ['{{ {"a": {"b": input.amount}} }}', { a: { b: 42 } }],
    ['{{ {"a": {"b": 1}}}}', { a: { b: 1 } }],
    ['{{ "\\"}}" }}', '"}}'],
    ['{{ input.`amount` }} }}', '42 }}'],
  ])('ends an expression where it ends, not at the first braces: %s', async (source, expected) => {
    expect(await resolve(source)).toEqual(expected);
  });

  it('reaches every string of a value and leaves everything else as it is', async () => {
    expect(await resolve({ a: [1, '{{ input.amount }}', { b: 'x{{ input.ok }}' }], n: null, t: true })).toEqual({ a: [1, 42, { b: 'xfalse' }], n: null, t: true });
  });

  it('does not read values as templates', async () => {
    expect(await resolveTemplate('{{ input.text }}', 'x', { evaluator, scope: { input: { text: '{{ 1 + 1 }}' } } })).toBe('{{ 1 + 1 }}');
  });

  it.each<[Json, string, string]>([
    [{ body: { amount: ['x', '{{ input.missing }}'] } }, 'action.body.amount[1]', '"input.missing" selects nothing'],
    [{ url: 'http://{{ input.missing }}/' }, 'action.url', '"input.missing" selects nothing'],
    [{ url: '{{ input.amount' }, 'action.url', '"{{" has no "}}"'],
    [{ url: '{{ $nope() }}' }, 'action.url', 'Attempted to invoke a non-function'],
  ])('that fails says where and why: %j', async (value, path, message) => {
    const error = await failureOf(value);
    expect([error.path, error.message]).toEqual([path, message]);
  });
});

describe('the expressions in a value', () => {
  it('are listed with their places', () => {
    expect(expressionsIn({ url: '{{ a }}/{{ b }}', body: [{ c: '{{ c }}', d: 'plain' }], n: 1 }, 'action')).toEqual([
      { path: 'action.url', expression: 'a' }, { path: 'action.url', expression: 'b' }, { path: 'action.body[0].c', expression: 'c' },
    ]);
  });

  it('tell the place of one that never ends', () => {
    expect(() => expressionsIn({ body: { a: '{{ x' } }, 'action')).toThrow(expect.objectContaining({ path: 'action.body.a' }) as Error);
  });
});
