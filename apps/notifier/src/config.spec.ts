import { loadConfig } from '@cs/platform';
import { notifierConfigSchema } from './config.js';

const base = { NATS_URL: 'nats://127.0.0.1:4222' };

describe('the notifier\'s configuration', () => {
  it('needs no more than NATS', () => {
    expect(loadConfig(notifierConfigSchema, base)).toMatchObject({ NOTIFIER_CONSOLE: true, PUBLIC_URL: 'http://127.0.0.1:4400', COUNTERSIGN_EGRESS_ALLOW: [] });
    expect(loadConfig(notifierConfigSchema, { ...base, NOTIFIER_WEBHOOK_URL: '', NOTIFIER_CONSOLE: 'false' })).toMatchObject({ NOTIFIER_CONSOLE: false });
  });

  it('does not post what it cannot sign', () => {
    expect(() => loadConfig(notifierConfigSchema, { ...base, NOTIFIER_WEBHOOK_URL: 'https://hooks.example/' })).toThrow('NOTIFIER_WEBHOOK_SECRET');
    expect(() => loadConfig(notifierConfigSchema, { ...base, NOTIFIER_WEBHOOK_URL: 'https://hooks.example/', NOTIFIER_WEBHOOK_SECRET: 'short' })).toThrow('NOTIFIER_WEBHOOK_SECRET');
    expect(() => loadConfig(notifierConfigSchema, { ...base, NOTIFIER_WEBHOOK_URL: 'ftp://hooks.example/', NOTIFIER_WEBHOOK_SECRET: 'x'.repeat(16) })).toThrow('NOTIFIER_WEBHOOK_URL');
  });
});
