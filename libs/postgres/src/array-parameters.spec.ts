import fc from 'fast-check';
import { ArrayParameters } from './array-parameters.js';

/** Reads what `array_recv` of the server reads: dimensions, whether there are nulls, the type, the length and lower bound, then each element. */
const readTexts = (buffer: Buffer): readonly (string | null)[] => {
  const [dimensions, hasNulls, type] = [0, 4, 8].map((at) => buffer.readInt32BE(at));
  expect(type).toBe(25);
  const values: (string | null)[] = [];
  let at = dimensions === 0 ? 12 : 20;
  while (at < buffer.length) {
    const length = buffer.readInt32BE(at);
    values.push(length === -1 ? null : buffer.toString('utf8', at + 4, at + 4 + length));
    at += 4 + Math.max(length, 0);
  }
  expect(values).toHaveLength(dimensions === 0 ? 0 : buffer.readInt32BE(12));
  expect(hasNulls).toBe(values.includes(null) ? 1 : 0);
  return values;
};

const written = (...columns: readonly (readonly (string | null)[])[]): readonly (readonly (string | null)[])[] => {
  const parameters = new ArrayParameters();
  for (const column of columns) parameters.addTexts(column, (value) => value);
  return parameters.all().map(readTexts);
};

const anyText = fc.oneof(fc.string({ maxLength: 100 }), fc.string({ unit: 'grapheme', maxLength: 100 }), fc.constant('x'.repeat(300_000)));

describe('array parameters', () => {
  it('hold every text as it is, short or long, and of any script', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.option(anyText), { maxLength: 8 }), { maxLength: 4 }), (columns) => {
        expect(written(...columns)).toEqual(columns.map((column) => column.map((value) => value?.replaceAll('\0', '\uFFFD') ?? null)));
      }),
      { numRuns: 200 },
    );
  });

  it('hold short texts with the first and the last characters of what takes one byte, two and more', () => {
    const texts = ['\u0001', '\u007f', '\u0080', 'größer', '\u00ff', '\u0100', '\u07ff', '\u0800', '\uffff', '😀', ''];
    expect(written(texts)).toEqual([texts]);
  });

  it('replace a NUL, which the server cannot store, in short texts and in long ones', () => {
    expect(written(['a\0b', `${'x'.repeat(60)}\0`, 'ü\0', null])).toEqual([['a\uFFFDb', `${'x'.repeat(60)}\uFFFD`, 'ü\uFFFD', null]]);
  });
});
