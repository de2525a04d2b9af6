import { redactJson } from './redact-json.js';

describe('redacting a value', () => {
  it('reaches every text of it, and changes nothing else', () => {
    const token = `ghp_${'aB3'.repeat(12)}`;
    expect(redactJson({ url: 'https://bank.example/pay', list: [`Bearer ${token}`, 7, null, true], [token]: {} })).toEqual({
      url: 'https://bank.example/pay', list: ['Bearer [redacted]', 7, null, true], [token]: {},
    });
  });
});
