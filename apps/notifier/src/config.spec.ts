import { loadConfig } from '@cs/platform';
import { notifierConfigSchema } from './config.js';

const base = { NATS_URL: 'nats://127.0.0.1:4222' };

describe('the notifier\'s configuration', () => {
  it('needs no more than NATS', () => {
    expect(loadConfig(notifierConfigSchema, base)).toMatchObject({ NOTIFIER_CONSOLE: true, PUBLIC_URL: 'http://127.0.0.1:4400', COUNTERSIGN_EGRESS_ALLOW: [] });
    expect(loadConfig(notifierConfigSchema, { ...base, NOTIFIER_WEBHOOK_URL: '', NOTIFIER_CONSOLE: 'false' })).toMatchObject({ NOTIFIER_CONSOLE: false });
  });

  it('takes hosts that secrets may be sent to, and nothing that is none', () => {
    expect(loadConfig(notifierConfigSchema, { ...base, COUNTERSIGN_CHANNEL_HOSTS: 'smtp.example.com, 127.0.0.1' })).toMatchObject({ COUNTERSIGN_CHANNEL_HOSTS: ['smtp.example.com', '127.0.0.1'] });
    expect(() => loadConfig(notifierConfigSchema, { ...base, COUNTERSIGN_CHANNEL_HOSTS: 'https://smtp.example.com' })).toThrow('COUNTERSIGN_CHANNEL_HOSTS');
  });

  it('does not post what it cannot sign', () => {
    expect(() => loadConfig(notifierConfigSchema, { ...base, NOTIFIER_WEBHOOK_URL: 'https://hooks.example/' })).toThrow('NOTIFIER_WEBHOOK_SECRET');
    expect(() => loadConfig(notifierConfigSchema, { ...base, NOTIFIER_WEBHOOK_URL: 'https://hooks.example/', NOTIFIER_WEBHOOK_SECRET: 'short' })).toThrow('NOTIFIER_WEBHOOK_SECRET');
    expect(() => loadConfig(notifierConfigSchema, { ...base, NOTIFIER_WEBHOOK_URL: 'ftp://hooks.example/', NOTIFIER_WEBHOOK_SECRET: 'x'.repeat(16) })).toThrow('NOTIFIER_WEBHOOK_URL');
  });
});
