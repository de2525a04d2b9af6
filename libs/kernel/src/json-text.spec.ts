import fc from 'fast-check';
import { JsonText, jsonArrayText, jsonObjectText } from './json-text.js';

const written = (value: unknown): JsonText => new JsonText(JSON.stringify(value));

describe('JSON that is already written', () => {
  it('given any members, written or not, makes the object that JSON.stringify makes', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.tuple(fc.jsonValue(), fc.boolean())), (members) => {
      const text = jsonObjectText(Object.fromEntries(Object.entries(members).map(([name, [value, isWritten]]) => [name, isWritten ? written(value) : value])));
      expect(text).toBe(JSON.stringify(Object.fromEntries(Object.entries(members).map(([name, [value]]) => [name, value]))));
    }));
  });

  it('leaves out what is absent, as JSON.stringify does', () => {
    expect(jsonObjectText({ a: undefined, b: null })).toBe('{"b":null}');
    expect(jsonObjectText({})).toBe('{}');
  });

  it('makes lists of it', () => {
    expect(jsonArrayText([written({ a: 1 }), written('x')])).toBe('[{"a":1},"x"]');
    expect(jsonArrayText([])).toBe('[]');
  });

  it('is its value where others write the whole', () => {
    expect(JSON.stringify({ value: written({ a: ['"', 1] }) })).toBe('{"value":{"a":["\\"",1]}}');
  });
});
