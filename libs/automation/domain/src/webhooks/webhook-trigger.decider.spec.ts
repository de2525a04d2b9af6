import type { WebhookTrigger, WebhookTriggerEvent } from '@cs/contracts';
import { admitsToken, decideWebhookTrigger, evolveWebhookTrigger, validSecrets, type TriggerContext, type WebhookTriggerCommand, type WebhookTriggerState } from './webhook-trigger.decider.js';

const hash = (digit: string): string => digit.repeat(64);
const ada = { kind: 'human', actor_id: 'ada' } as const;
const trigger: WebhookTrigger = {
  trigger_id: 'wht-1', automation_id: 'a', tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, provider: 'generic', scheme: 'hmac_sha256_v1',
  secret: { kind: 'derived', generation: 1 }, last_generation: 1, token_hash: hash('a'), starts_runs: true, event_kinds: [], enabled: true, deleted: false, created_at_ms: 1, updated_at_ms: 1,
};
const context = (at_ms: number, of: Partial<TriggerContext> = {}): TriggerContext => ({ at_ms, automation_id: 'a', changed_by: ada, ...of });

const decide = (command: WebhookTriggerCommand, state: WebhookTriggerState, at: TriggerContext = context(100)): readonly WebhookTriggerEvent[] | string => {
  const decision = decideWebhookTrigger(command, state, at);
  return decision.kind === 'accepted' ? decision.events : decision.refusal.code;
};
const after = (command: WebhookTriggerCommand, state: WebhookTriggerState = trigger, at: TriggerContext = context(100)): WebhookTrigger => {
  const events = decide(command, state, at);
  const next = typeof events === 'string' ? undefined : events.reduce(evolveWebhookTrigger, state);
  if (next === undefined) throw new Error(JSON.stringify(events));
  return next;
};

describe('a webhook trigger', () => {
  it('is created once, enabled', () => {
    const { enabled: _e, deleted: _d, created_at_ms: _c, updated_at_ms: _u, ...created } = trigger;
    expect(decide({ type: 'create', trigger: created }, undefined)).toEqual([
      { event_type: 'webhook_trigger_created', data: { trigger: { ...trigger, created_at_ms: 100, updated_at_ms: 100 }, changed_by: ada } },
    ]);
    expect(decide({ type: 'create', trigger: created }, trigger)).toEqual([]);
  });

  it('has both secrets for the overlap, and only the new one afterwards', () => {
    const rotated = after({ type: 'rotate_secret', overlap_ms: 50 });
    expect(validSecrets(rotated, 149)).toEqual([{ kind: 'derived', generation: 2 }, { kind: 'derived', generation: 1 }]);
    expect(validSecrets(rotated, 150)).toEqual([{ kind: 'derived', generation: 2 }]);
    expect(validSecrets(after({ type: 'rotate_secret', overlap_ms: 0 }, rotated), 101)).toEqual([{ kind: 'derived', generation: 3 }]);
  });

  it('changes to a secret by name, and then to the next derived one: none comes back', () => {
    const named = after({ type: 'rotate_secret', secret_ref: 'SHOP', overlap_ms: 0 });
    expect(named.secret).toEqual({ kind: 'ref', name: 'SHOP' });
    expect(after({ type: 'rotate_secret', overlap_ms: 0 }, named).secret).toEqual({ kind: 'derived', generation: 2 });
  });

  it('rotates once for a request that is repeated', () => {
    const once = after({ type: 'rotate_secret', overlap_ms: 0, command_id: 'c1' });
    expect(decide({ type: 'rotate_secret', overlap_ms: 0, command_id: 'c1' }, once)).toEqual([]);
    expect(after({ type: 'rotate_secret', overlap_ms: 0, command_id: 'c2' }, once).secret).toEqual({ kind: 'derived', generation: 3 });
  });

  it('is found by its token, by the one before for the overlap only, and by none once it is deleted', () => {
    const rotated = after({ type: 'rotate_token', token_hash: hash('b'), overlap_ms: 50 });
    expect([admitsToken(rotated, hash('b'), 100), admitsToken(rotated, hash('a'), 149), admitsToken(rotated, hash('a'), 150), admitsToken(rotated, hash('c'), 100)]).toEqual([true, true, false, false]);
    expect(admitsToken(after({ type: 'rotate_token', token_hash: hash('b'), overlap_ms: 0 }), hash('a'), 100)).toBe(false);
    expect(admitsToken(after({ type: 'delete' }), hash('a'), 100)).toBe(false);
  });

  it('is disabled and enabled, each once', () => {
    const off = after({ type: 'disable' });
    expect(off.enabled).toBe(false);
    expect(decide({ type: 'disable' }, off)).toEqual([]);
    expect(after({ type: 'enable' }, off).enabled).toBe(true);
    expect(decide({ type: 'enable' }, trigger)).toEqual([]);
  });

  it('is not there for another automation or deployment, before it exists, or after it was deleted', () => {
    for (const command of [{ type: 'disable' }, { type: 'delete' }, { type: 'update', change: { name: 'x' } }] as const) {
      expect(decide(command, undefined)).toBe('WEBHOOK_TRIGGER_NOT_FOUND');
      expect(decide(command, trigger, context(100, { automation_id: 'b' }))).toBe('WEBHOOK_TRIGGER_NOT_FOUND');
      expect(decide(command, trigger, context(100, { deployment_id: 'eu' }))).toBe('WEBHOOK_TRIGGER_NOT_FOUND');
      expect(decide(command, after({ type: 'delete' }))).toBe('WEBHOOK_TRIGGER_NOT_FOUND');
    }
  });
});
