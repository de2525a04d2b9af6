import { decideEffectPolicy, evolveEffectPolicy, type EffectPolicyState, type PublishPolicy } from './effect-policy.decider.js';

const ada = { kind: 'human', actor_id: 'ada' } as const;
const publish = (content: string, extra: Partial<PublishPolicy> = {}): PublishPolicy => ({
  policy: { policies: content, denied_risk_tiers: [], denied_data_classes: [] }, digest: `sha256:${content.padEnd(64, '0')}`, published_by: ada,
  tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, ...extra,
});
const after = (...commands: readonly PublishPolicy[]): EffectPolicyState =>
  commands.reduce<EffectPolicyState>((state, command) => {
    const decision = decideEffectPolicy(command, state);
    if (decision.kind === 'refused') throw new Error(decision.refusal.code);
    return decision.events.reduce<EffectPolicyState>((folded, event) => evolveEffectPolicy(folded, { ...event, recorded_at_ms: 7 }), state);
  }, undefined);

describe('publishing a policy', () => {
  it('makes it the active version, with a name that says which and what', () => {
    expect(after(publish('aa'))).toMatchObject({ number: 1, policy_version: '1:aa0000000000', policies: 'aa', published_by: ada, published_at_ms: 7 });
    expect(after(publish('aa'), publish('bb', { note: 'why' }))).toMatchObject({ number: 2, policy_version: '2:bb0000000000', note: 'why' });
  });

  it('that is active already changes nothing; an earlier one becomes a new version', () => {
    expect(decideEffectPolicy(publish('aa'), after(publish('aa')))).toEqual({ kind: 'accepted', events: [] });
    expect(after(publish('aa'), publish('bb'), publish('aa'))).toMatchObject({ number: 3, policies: 'aa' });
  });

  it('is refused when another version is active than the one that was read', () => {
    const state = after(publish('aa'), publish('bb'));
    for (const replaces of [0, 1, 3]) expect(decideEffectPolicy(publish('cc', { replaces }), state)).toMatchObject({ kind: 'refused', refusal: { code: 'EFFECT_POLICY_CHANGED', details: { active_version: 2 } } });
    expect(decideEffectPolicy(publish('cc', { replaces: 2 }), state).kind).toBe('accepted');
    expect(decideEffectPolicy(publish('aa', { replaces: 0 }), undefined).kind).toBe('accepted');
    expect(decideEffectPolicy(publish('aa', { replaces: 1 }), undefined)).toMatchObject({ refusal: { details: { active_version: 0 } } });
  });

  it('twice with one key has one effect, also after others have published; the key does for nothing else', () => {
    const state = after(publish('aa', { command_id: 'k' }), publish('bb'));
    expect(decideEffectPolicy(publish('aa', { command_id: 'k' }), state)).toEqual({ kind: 'accepted', events: [] });
    expect(decideEffectPolicy(publish('cc', { command_id: 'k' }), state)).toMatchObject({ kind: 'refused', refusal: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('remembers the newest sixteen keys', () => {
    const keys = Array.from({ length: 20 }, (_, n) => publish(`a${n}`, { command_id: `k${n}` }));
    expect(after(...keys)?.recent_commands.map(({ command_id }) => command_id)).toEqual(Array.from({ length: 16 }, (_, n) => `k${n + 4}`));
  });
});
