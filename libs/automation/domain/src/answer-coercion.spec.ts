import type { Json } from '@cs/kernel';
import fc from 'fast-check';
import { coerceAnswer } from './answer-coercion.js';

describe('an answer without a schema', () => {
  const cases: readonly { readonly answer: Json; readonly like: Json; readonly expected: Json; readonly conversion: string }[] = [
    ['9', 0, 9, 'converted'], [9, 0, 9, 'kept'], [9.7, 0, 9, 'converted'], [' 12 ', 3, 12, 'converted'], ['nine', 0, 0, 'defaulted'], ['', 5, 5, 'defaulted'], [true, 0, 0, 'defaulted'],
    ['1.5', 0.5, 1.5, 'converted'], ['TRUE', false, true, 'converted'], ['yes', false, false, 'defaulted'], [1, false, false, 'defaulted'], [42, 'x', '42', 'converted'], [{ a: 1 }, 'x', '{"a":1}', 'converted'],
    [[1], [], [1], 'kept'], ['[1]', [2], [2], 'defaulted'], [{ a: 1 }, { b: 2 }, { a: 1 }, 'kept'], [[], {}, {}, 'defaulted'], [7, null, 7, 'kept'], ['1e999', 0, 0, 'defaulted'],
  ].map(([answer = null, like = null, expected = null, conversion]) => ({ answer, like, expected, conversion: String(conversion) }));

  it.each(cases)('of $answer is brought to the type of the default $like: $expected, $conversion', ({ answer, like, expected, conversion }) => {
    expect(coerceAnswer(answer, like)).toEqual({ answer: expected, conversion });
  });

  it('is kept where there is no default', () => {
    expect(coerceAnswer('9', undefined)).toEqual({ answer: '9', conversion: 'kept' });
  });

  it('has the type of the default, whatever it was, and stays as it is the second time', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.oneof(fc.integer(), fc.boolean(), fc.string()), (answer, like) => {
      const { answer: once } = coerceAnswer(answer as Json, like);
      expect(typeof once).toBe(typeof like);
      expect(coerceAnswer(once, like)).toEqual({ answer: once, conversion: 'kept' });
    }));
  });
});
