import fc from 'fast-check';
import { noPosition, parsePosition, toPosition } from './position.js';

describe('log positions', () => {
  it('are read back from the text that clients get', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 999_999_999_999_999 }), (value) => {
      expect(parsePosition(String(toPosition(value)))).toBe(value);
    }));
    expect(toPosition(0)).toBe(noPosition);
  });

  it.each(['', '-1', '1.5', '1e3', ' 1', '0x10', '١', '9'.repeat(16)])('are not read from anything else: "%s"', (text) => {
    expect(parsePosition(text)).toBeUndefined();
  });

  it.each([-1, 1.5, NaN, Infinity, 2 ** 53])('are never made of what the log cannot give: %d', (value) => {
    expect(() => toPosition(value)).toThrow('Not a log position');
  });
});
