import fc from 'fast-check';
import { redactText } from './redact-text.js';

const repeat = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length)).slice(0, length);

describe('redacting', () => {
  it.each([
    ['an AWS key id', `AKIA${repeat('ABCD1234', 16)}`],
    ['a Google API key', `AIza${repeat('aB3-_', 35)}`],
    ['an Azure storage key', `AccountKey=${repeat('aB3+/', 86)}==`],
    ['an API key', `sk-proj-${repeat('aB3', 40)}`],
    ['a Stripe key', `sk_live_${repeat('aB3', 24)}`],
    ['an npm token', `npm_${repeat('aB3', 36)}`],
    ['a GitHub token', `ghp_${repeat('aB3', 36)}`],
    ['a fine-grained GitHub token', `github_pat_${repeat('aB3_', 60)}`],
    ['a GitLab token', `glpat-${repeat('aB3-', 20)}`],
    ['a Slack token', `xoxb-${repeat('123-aB', 40)}`],
    ['a Slack hook', 'https://hooks.slack.com/services/T000/B000/abcdefgh'],
    ['a Discord hook', 'https://discord.com/api/webhooks/123456/abc-DEF_1'],
    ['a Telegram bot token', `123456789:${repeat('aB3_-', 35)}`],
    ['a JWT', `eyJ${repeat('aB3', 20)}.eyJ${repeat('aB3', 30)}.${repeat('aB3', 40)}`],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nMIIB\nAAAA\n-----END RSA PRIVATE KEY-----'],
    ['a private key that was cut off', '-----BEGIN PRIVATE KEY-----\nMIIB'],
    ['an authorization header', `Authorization: Bearer ${repeat('aB3', 24)}`],
    ['a password in a URL', 'postgres://app:hunter2hunter2@db/x'],
  ])('takes out %s', (_what, secret) => {
    const redacted = redactText(`before ${secret} `);
    expect(redacted).toContain('before ');
    expect(redacted).toContain('[redacted]');
    expect(redacted).not.toMatch(/aB3aB3|ABCD1234|hunter2|MIIB|\/T000|abc-DEF/);
  });

  it('keeps ordinary text and markdown', () => {
    const text = '**Refund** `12.50` to _Ada_ (order o-1, https://shop.example/orders/1?x=2), risk-assessment done at 10:45:00, sk-ier, mail ada@example.com';
    expect(redactText(text)).toBe(text);
  });

  it('takes no time on hostile text', () => {
    for (const part of ['-----BEGIN PRIVATE KEY-----', 'eyJ', 'a://b:', 'Bearer ', 'AccountKey=', '123456789:', 'M'.repeat(30)]) {
      const started = performance.now();
      redactText(part.repeat(Math.floor(200_000 / part.length)));
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });

  it('changes nothing the second time', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      expect(redactText(redactText(text))).toBe(redactText(text));
    }));
  });
});
