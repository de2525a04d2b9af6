import { createHmac } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { signatureFault, type Hmac } from '@cs/automation-domain';
import { localImplicitTenant } from '@cs/contracts';
import { RefusalBudget } from './refusal-budget.js';
import { KeyedWebhookSecrets } from './webhook-secrets.adapter.js';

const hmac: Hmac = (secret, ...parts) => parts.reduce((mac, part) => mac.update(part), createHmac('sha256', secret)).digest('hex');
const owner = { tenant_context: localImplicitTenant, trigger_id: 'wht-1' };
const derived = (generation: number) => ({ kind: 'derived', generation }) as const;

describe('the signing example of the guide', () => {
  it('signs as the receiver verifies', async () => {
    const { signature } = (await import(pathToFileURL(path.resolve(import.meta.dirname, '../../../docs/guides/examples/sign-webhook.mjs')).href)) as { signature: (secret: string, body: string, nowMs: number) => Record<string, string> };
    const request = (body: string) => ({ headers: signature('s', '{"id":"ä"}', 5_000_400), body: Buffer.from(body), bodyTimeMs: () => undefined });
    const options = { scheme: 'hmac_sha256_v1', secrets: ['s'], at_ms: 5_000_400, toleranceMs: 300_000, hmac } as const;
    expect(signatureFault(request('{"id":"ä"}'), options)).toBeUndefined();
    expect(signatureFault(request('{"id":"a"}'), options)).toBe('the signature is not valid');
  });
});

describe('signing secrets', () => {
  const keyed = new KeyedWebhookSecrets({ key: 'k'.repeat(43), secrets: new Map([['SHOP', 'shop-secret']]) });

  it('that are derived are the same each time, and others for each tenant, trigger and generation', () => {
    const all = [
      keyed.secretOf(derived(1), owner), keyed.secretOf(derived(2), owner), keyed.secretOf(derived(1), { ...owner, trigger_id: 'wht-2' }),
      keyed.secretOf(derived(1), { ...owner, tenant_context: { ...localImplicitTenant, org_id: 'acme' } }),
      new KeyedWebhookSecrets({ key: 'j'.repeat(43), secrets: new Map() }).secretOf(derived(1), owner),
    ];
    expect(new Set(all).size).toBe(5);
    expect(keyed.secretOf(derived(1), owner)).toBe(all[0]);
    expect(all[0]).toMatch(/^whsec_[\w-]{43}$/);
  });

  it('are not there without a key, or without the secret that is named', () => {
    expect(new KeyedWebhookSecrets({ key: undefined, secrets: new Map() }).secretOf(derived(1), owner)).toBeUndefined();
    expect(keyed.secretOf({ kind: 'ref', name: 'OTHER' }, owner)).toBeUndefined();
    expect(keyed.secretOf({ kind: 'ref', name: 'SHOP' }, owner)).toBe('shop-secret');
  });
});

describe('the budget of recorded refusals', () => {
  it('is so many a minute for each trigger', () => {
    let now = 0;
    const budget = new RefusalBudget({ clock: () => now, perMinute: 2 });
    expect([budget.take('a'), budget.take('a'), budget.take('a'), budget.take('b')]).toEqual([true, true, false, true]);
    now = 60_000;
    expect(budget.take('a')).toBe(true);
  });
});
