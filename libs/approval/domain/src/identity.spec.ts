import { canonicalIdentity, isSameIdentity } from './identity.js';

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

  it('is the same in any spelling, and nobody\'s without an id', () => {
    expect(isSameIdentity({ kind: 'human', actor_id: 'Ada' }, { kind: 'human', actor_id: ' ADA' })).toBe(true);
    expect(isSameIdentity({ kind: 'human', actor_id: 'Ada' }, { kind: 'human', actor_id: 'bob' })).toBe(false);
    expect(isSameIdentity({ kind: 'human' }, { kind: 'human' })).toBe(false);
  });
});
