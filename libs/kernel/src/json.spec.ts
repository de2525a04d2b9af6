import fc from 'fast-check';
import { canonicalJson } from './json.js';

describe('canonical JSON', () => {
  it('sorts members at every depth and leaves absent ones out', () => {
    expect(canonicalJson({ b: [{ d: 1, c: undefined, a: null }], a: 'x' })).toBe('{"a":"x","b":[{"a":null,"d":1}]}');
  });

  it('sorts as few and as many members by code unit', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 3 }), { maxLength: 60, size: 'max' }), (names) => {
        const value = Object.fromEntries(names.map((name) => [name, 1]));
        expect(canonicalJson(value)).toBe(`{${[...names].sort().map((name) => `${JSON.stringify(name)}:1`).join(',')}}`);
      }),
    );
  });

  it('does not depend on the order in which members were written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      }),
    );
  });

  it('reads back as the value it was written from', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
      }),
    );
  });

  it('is the same text when long arrays are remembered', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 60, maxLength: 70 }), fc.jsonValue(), (long, first) => {
        const known = new WeakMap();
        expect(canonicalJson({ first, long }, known)).toBe(canonicalJson({ first, long }));
        expect(canonicalJson({ long, second: [long] }, known)).toBe(canonicalJson({ long, second: [long] }));
      }),
      { numRuns: 20 },
    );
  });

  it('reads a long array that it remembers only once, and one that was changed into another anew', () => {
    let reads = 0;
    const counting = Object.defineProperty({}, 'read', { enumerable: true, get: () => (reads += 1) });
    const long = [counting, ...Array.from({ length: 99 }, (_none, index) => index)];
    const known = new WeakMap();
    const first = canonicalJson({ long }, known);
    expect(canonicalJson({ long, more: 1 }, known)).toBe(`${first.slice(0, -1)},"more":1}`);
    expect(reads).toBe(1);
    expect(canonicalJson({ long: long.with(99, 'other') }, known)).toContain('97,"other"]');
    expect(reads).toBe(2);
  });
});
