import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './page-key.js';

describe('cursors', () => {
  it('come back as they were', () => {
    fc.assert(fc.property(fc.maxSafeNat(), fc.string(), (at_ms, id) => {
      expect(decodeCursor(encodeCursor({ at_ms, id }))).toEqual({ at_ms, id });
    }));
  });

  it.each(['', 'x', 'bnVsbA', Buffer.from('[1]').toString('base64url'), Buffer.from('["1","a"]').toString('base64url')])('that are none of ours (%j) are not read', (cursor) => {
    expect(decodeCursor(cursor)).toBeUndefined();
  });
});
