import { canonicalIdentity, identitiesOf, identityOf, isSameIdentity } from './identity.js';

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

  it('of a user who is linked to a person is both, the person first', () => {
    const user = { kind: 'human', actor_id: 'U1', source: 'slack', person: ' Ada ' } as const;
    expect([identitiesOf(user), identityOf(user)]).toEqual([['ada', 'channel:slack:u1'], 'ada']);
    expect(isSameIdentity(user, { kind: 'human', actor_id: 'ADA', source: 'api_key' })).toBe(true);
    expect(isSameIdentity({ kind: 'human', actor_id: 'u1', source: 'slack' }, user)).toBe(true);
    expect(isSameIdentity(user, { ...user, actor_id: 'U2', person: 'bob' })).toBe(false);
  });

  it('is not that of a person whom no channel vouches for', () => {
    expect(identitiesOf({ kind: 'human', actor_id: 'eve', source: 'api_key', person: 'ada' })).toEqual(['eve']);
    expect(identitiesOf({ kind: 'agent', actor_id: 'u1', source: 'slack', person: 'ada' })).toEqual(['channel:slack:u1']);
    expect(identitiesOf({ kind: 'human', source: 'slack', person: 'ada' })).toEqual([]);
  });
});
