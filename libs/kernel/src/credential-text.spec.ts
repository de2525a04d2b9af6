import { credentialIn } from './credential-text.js';

const key = `sk-${'a1'.repeat(12)}`;

describe('credentials in a value', () => {
  it('are found however deep, with the place where they are', () => {
    expect(credentialIn({ a: [1, { note: `use ${key}` }] }, 'answer')).toBe('answer.a[1].note');
  });

  it('are found in names of members, and the name is not repeated', () => {
    expect(credentialIn({ outer: { [key]: true } }, 'answer')).toBe('answer.outer');
  });

  it('are not seen in ordinary values', () => {
    for (const value of ['Rome', 42, null, true, ['a', { b: 'token of thanks' }], 'sk-short']) expect(credentialIn(value, 'answer')).toBeUndefined();
  });
});
