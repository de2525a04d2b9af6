import fc from 'fast-check';
import { utf8Bytes } from './utf8.js';

describe('the length of a text in UTF-8', () => {
  it('is what an encoder writes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length)));
  });
});
