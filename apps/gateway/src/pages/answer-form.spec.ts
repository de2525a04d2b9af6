import type { Json } from '@cs/kernel';
import { answerFormOf, readAnswer } from './answer-form.js';

const inputs = (question: Parameters<typeof answerFormOf>[0]): readonly unknown[] => {
  const form = answerFormOf(question);
  return form.of === 'value' ? [form.field.input] : form.fields.map(({ label, needed, input }) => [label, needed, input]);
};
const read = (question: Parameters<typeof answerFormOf>[0], sent: Record<string, string>) => readAnswer(answerFormOf(question), sent);

describe('the form of an answer', () => {
  it.each<[Json, unknown]>([
    [{ type: 'string', minLength: 3 }, { as: 'text' }], [{ type: 'integer', minimum: 1 }, { as: 'integer' }], [{ type: 'number' }, { as: 'number' }], [{ type: 'boolean' }, { as: 'choice', options: [true, false] }],
    [{ enum: ['red', 2, null] }, { as: 'choice', options: ['red', 2, null] }], [{ type: 'array', items: { type: 'string' } }, { as: 'json' }], [{ enum: [{ a: 1 }] }, { as: 'json' }], [{ type: ['string', 'null'] }, { as: 'json' }],
    [{ $ref: '#/$defs/x' }, { as: 'json' }], [{ type: 'constructor' }, { as: 'json' }],
  ])('of the schema %j is filled in by %j', (schema, expected) => {
    expect(inputs({ schema })).toEqual([expected]);
  });

  it('of an object has a field for each simple member, by its title, and says which are needed', () => {
    const schema = { type: 'object', required: ['count'], properties: { count: { type: 'integer', title: 'How many' }, note: { type: 'string' } } };
    expect(inputs({ schema })).toEqual([['How many', true, { as: 'integer' }], ['note', false, { as: 'text' }]]);
  });

  it.each<[Json]>([
    [{ type: 'object', properties: { lines: { type: 'array' } } }], [{ type: 'object', required: ['other'], properties: { count: { type: 'integer' } } }], [{ type: 'object' }],
    [{ type: 'object', properties: Object.fromEntries(Array.from({ length: 41 }, (_none, index) => [`m${index}`, { type: 'string' }])) }],
  ])('of the object %j is JSON as a whole', (schema) => {
    expect(inputs({ schema })).toEqual([{ as: 'json' }]);
  });

  it('without a schema goes by the default, and takes text or JSON without one', () => {
    expect([7, 1.5, 'x', true, { a: 1 }, [1], null].flatMap((like) => inputs({ schema: null, default: like }))).toEqual([
      { as: 'integer' }, { as: 'number' }, { as: 'text' }, { as: 'choice', options: [true, false] }, { as: 'json' }, { as: 'json' }, { as: 'free' },
    ]);
    expect(inputs({ schema: null })).toEqual([{ as: 'free' }]);
  });
});

describe('what a form says', () => {
  it.each<[Json, string, Json]>([
    [{ type: 'string' }, ' as it is \r\nhere', ' as it is \nhere'], [{ type: 'string' }, '12', '12'], [{ type: 'integer' }, ' 12 ', 12], [{ type: 'number' }, '1e3', 1000], [{ type: 'integer' }, 'twelve', 'twelve'], [{ type: 'boolean' }, 'false', false],
    [{ enum: ['red', null] }, 'null', null], [{ type: 'array' }, '[1, 2]', [1, 2]], [null, 'yes', 'yes'], [null, '{"a":1}', { a: 1 }],
  ])('by the schema %j and the text %j is %j', (schema, answer, expected) => {
    expect(read({ schema }, { answer })).toEqual({ ok: true, answer: expected });
  });

  it('is an object of the members that were filled in, whatever they are called', () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"},"orderCount":{"type":"integer"},"note":{"type":"string"}}}') as Json;
    const answer = read({ schema }, { answer_0: 'x', answer_1: '3', answer_2: ' ' });
    expect(JSON.stringify(answer)).toBe('{"ok":true,"answer":{"__proto__":"x","orderCount":3}}');
  });

  it('is refused when there is none, or when it is no JSON where it has to be', () => {
    expect(read({ schema: { type: 'integer' } }, { answer: ' ' })).toEqual({ ok: false, why: 'Nothing was answered: the form was empty.' });
    expect(read({ schema: { type: 'array' } }, { answer: '[1,' })).toEqual({ ok: false, why: 'Nothing was answered: what was filled in is not JSON.' });
  });
});
