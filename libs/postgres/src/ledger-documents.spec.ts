import { providerOf } from './ledger-documents.js';

describe('the provider of an effect', () => {
  it.each([
    ['https://bank.example/refunds', 'bank.example'], ['http://127.0.0.1:8080/x', '127.0.0.1:8080'], ['https://bank.example/', 'bank.example'],
    // The definition goes on with an expression, which may be a part of the host.
    ['https://bank.example', null], ['https://api.', null], ['https://', null], ['ftp://bank.example/x', null], ['', null], [null, null],
  ])('of %s is %s', (target, provider) => {
    expect(providerOf(target)).toBe(provider);
  });
});
