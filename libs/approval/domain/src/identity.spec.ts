import { canonicalIdentity, isSelfApproval } from './identity.js';

describe('identity of a decider', () => {
  it.each([
    [' Ada ', undefined, 'ada'],
    ['U123', 'slack', 'channel:slack:u123'],
    ['U123', 'channel:Slack', 'channel:slack:u123'],
    ['Channel:Slack:U123', 'telegram', 'channel:slack:u123'],
    ['ada', 'api_key', 'ada'],
  ])('"%s" from %s is %s', (id, source, expected) => {
    expect(canonicalIdentity(id, source)).toBe(expected);
  });

  const requester = { kind: 'human', actor_id: 'Ada' } as const;

  it('refuses the requester of a consequential step, in any spelling', () => {
    expect(isSelfApproval({ requester, decider: { kind: 'human', actor_id: ' ADA' }, riskTier: 'money_movement_contract' })).toBe(true);
  });

  it('allows someone else, a gate without risk, and people who cannot be told apart', () => {
    expect(isSelfApproval({ requester, decider: { kind: 'human', actor_id: 'bob' }, riskTier: 'money_movement_contract' })).toBe(false);
    expect(isSelfApproval({ requester, decider: requester, riskTier: 'internal_write' })).toBe(false);
    expect(isSelfApproval({ requester: { kind: 'human' }, decider: { kind: 'human' }, riskTier: 'money_movement_contract' })).toBe(false);
  });
});
