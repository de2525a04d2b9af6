import { atJsonPointer, isJsonPointer } from './json-pointer.js';

/** The document and the pointers of RFC 6901, section 5. */
const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'c%d': 2, ' ': 7, 'm~n': 8, nested: { deep: [{ x: null }] } };

describe('JSON pointers', () => {
  it.each<[string, unknown]>([
    ['', document], ['/foo', ['bar', 'baz']], ['/foo/0', 'bar'], ['/', 0], ['/a~1b', 1], ['/c%d', 2], ['/ ', 7], ['/m~0n', 8], ['/nested/deep/0/x', null],
  ])('%j names a value', (pointer, expected) => expect(atJsonPointer(document, pointer)).toEqual(expected));

  it.each(['/nothing', '/foo/2', '/foo/01', '/foo/-', '/foo/length', '/nested/deep/0/x/y', '/constructor'])('%j names nothing', (pointer) =>
    expect(atJsonPointer(document, pointer)).toBeUndefined());

  it.each(['foo', '/~', '/~2', '#/foo'])('%j is none', (pointer) => {
    expect(isJsonPointer(pointer)).toBe(false);
    expect(atJsonPointer(document, pointer)).toBeUndefined();
  });
});
