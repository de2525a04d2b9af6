import fc from 'fast-check';
import { cutText, escapedLength } from './cut-text.js';

/** Of all of Unicode, halves of pairs too. */
const anyCodePoint = fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point));
const family = '👩‍👩‍👧‍👦';

describe('a text that is cut', () => {
  it('is never longer than it may be, begins as the text does, and is well formed', () => {
    const text = fc.oneof(fc.array(anyCodePoint, { maxLength: 80 }).map((points) => points.join('')), fc.array(fc.constantFrom(family, '&', '<', 'e\u0301', '𝒳', 'a\u0300'.repeat(40), 'x'), { maxLength: 60 }).map((parts) => parts.join('')));
    fc.assert(fc.property(text, fc.integer({ min: 1, max: 60 }), (whole, max) => {
      const cut = cutText(whole, max);
      expect(escapedLength(cut)).toBeLessThanOrEqual(max);
      if (cut !== whole) {
        expect(escapedLength(whole)).toBeGreaterThan(max);
        expect(cut.endsWith('…')).toBe(true);
        expect(whole.startsWith(cut.slice(0, -1))).toBe(true);
        if (!/\p{Surrogate}/u.test(whole)) expect(cut).not.toMatch(/\p{Surrogate}/u);
      }
    }));
  });

  it('keeps graphemes whole, and uses the room that it has', () => {
    expect(cutText(family.repeat(3), family.length * 2 + 1)).toBe(`${family.repeat(2)}…`);
    expect(cutText(family.repeat(3), family.length * 2 + 8)).toBe(`${family.repeat(2)}…`);
    expect(cutText('abcdef', 6)).toBe('abcdef');
    expect(cutText('abcdefg', 6)).toBe('abcde…');
    expect(cutText('a&&', 7)).toBe('a&…');
  });

  it('cuts a grapheme that alone is too long between its code points', () => {
    expect(cutText(`a${'\u0300'.repeat(1_000)}`, 10)).toBe(`a${'\u0300'.repeat(8)}…`);
    expect(cutText(`${'𝒳\u0300'}${'\u0300'.repeat(500)}`, 2)).toBe('…');
  });

  it('ends with what it is told to', () => {
    expect(cutText('a long story', 9, ' [more]')).toBe('a  [more]');
  });
});
