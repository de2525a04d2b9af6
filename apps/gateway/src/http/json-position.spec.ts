import fc from 'fast-check';
import { findJsonFault } from './json-position.js';

describe('the first place where a text is not JSON', () => {
  const faults: readonly (readonly [string, number, number, string])[] = [
    ['', 1, 1, 'a value'],
    ['{"a":1,}', 1, 8, 'a member name in double quotes'],
    ['{a:1}', 1, 2, 'a member name in double quotes or "}"'],
    ['{"a" 1}', 1, 6, '":"'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, '"," or "}"'],
    ['[1 2]', 1, 4, '"," or "]"'],
    ['[1,]', 1, 4, 'a value'],
    ['{"a":1} x', 1, 9, 'the end of the document'],
    ['{"a":', 1, 6, 'a value'],
    ['{"a":"b', 1, 6, 'a value'],
    ["{'a':1}", 1, 2, 'a member name in double quotes or "}"'],
    ['{"a":01}', 1, 7, '"," or "}"'],
    ['{"a":NaN}', 1, 6, 'a value'],
    ['{"a":"tab\there"}', 1, 6, 'a value'],
  ];

  it.each(faults.map(([text, line, column, expected]) => ({ text, fault: { line, column, expected } })))('%j', ({ text, fault }) => {
    expect(findJsonFault(text)).toEqual(fault);
  });

  it('is nowhere in JSON, and somewhere in what is not', () => {
    const isJson = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(fc.property(fc.json(), fc.nat(200), fc.constantFrom('', '"', ',', '}', ']', '{', ' ', '1', 'x', '\\'), (json, at, insert) => {
      const text = json.slice(0, at) + insert + json.slice(at + (at % 3));
      expect([text, findJsonFault(text) === undefined]).toEqual([text, isJson(text)]);
    }), { numRuns: 2000 });
  });
});
