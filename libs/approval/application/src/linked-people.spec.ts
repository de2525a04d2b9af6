import { receiptClaims } from '@cs/approval-domain';
import type { GateVote, GovernanceActor } from '@cs/contracts';
import fc from 'fast-check';
import { ada, callBy, person, refusalOf, WaitingRun } from './decide-gate.fixture.js';

/** A user of a channel who has shown by a code to be that person. */
const linked = (who: string, source = 'slack', actor_id = `u-${who}`): GovernanceActor => ({ ...person(actor_id, source), person: who });
const approver = (id: string) => ({ kind: 'person', id }) as const;
const two = { approvals_required: 2 };
const consequential = { risk_tier: 'external_send' };
const codeOf = (result: Parameters<typeof refusalOf>[0]): string => (result.ok ? 'ok' : refusalOf(result).code);
const votesOf = async (waiting: WaitingRun): Promise<readonly GateVote[]> => (await waiting.load()).checkpoint.awaiting_gate?.votes ?? [];

describe('whoever asked for a run, by another door', () => {
  it.each([
    ['asked by API, approves in Slack', ada, linked('Ada'), 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN'],
    ['asked in Slack while linked, approves by API', linked('ada'), ada, 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN'],
    ['asked in Slack, approves in Telegram', linked('ada'), linked('ada', 'telegram', '77'), 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN'],
    ['asked in Slack before the link, approves in Slack', person('u-ada', 'slack'), linked('ada'), 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN'],
    ['another person in Slack', ada, linked('bob'), 'ok'],
    ['a user who is linked to nobody', ada, person('u-ada', 'slack'), 'ok'],
  ])('%s', async (...[, requested_by, actor, expected]) => {
    const waiting = await WaitingRun.at({ ...consequential, requested_by });
    expect(codeOf(await waiting.decide({}, callBy(actor)))).toBe(expected);
  });

  it('may send back by any of them', async () => {
    const waiting = await WaitingRun.at(consequential);
    expect(codeOf(await waiting.decide({ decision: 'rework' }, callBy(linked('ada'))))).toBe('ok');
  });

  it('is no second person as somebody\'s stand-in', async () => {
    const waiting = await WaitingRun.at({ ...consequential, gate: { approvers: [approver('cyd')] } });
    await waiting.delegate({ stand_in: 'ada' }, callBy(person('cyd')));
    for (const on_behalf_of of ['cyd', undefined]) {
      const asked = on_behalf_of === undefined ? {} : { on_behalf_of };
      expect(codeOf(await waiting.decide(asked, callBy(linked('ada'))))).toMatch(/SELF_APPROVAL_FORBIDDEN|NOT_AN_APPROVER/);
    }
    expect(waiting.decisions()).toBe(0);
  });

  it('is refused on record, by both names', async () => {
    const waiting = await WaitingRun.at(consequential);
    await waiting.decide({}, callBy(linked('ada')));
    expect(waiting.refusals()).toMatchObject([{ data: { code: 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN', actor: { source: 'slack', actor_id: 'u-ada', person: 'ada' } } }]);
  });
});

describe('the vote of one person', () => {
  it.each([
    ['by API, then in Slack', person('bob'), linked('bob')],
    ['in Slack, then by API', linked('bob'), person('Bob')],
    ['in Slack, then in Telegram', linked('bob'), linked('bob', 'telegram', '77')],
    ['in Slack before the link, then in Slack', person('u-bob', 'slack'), linked('bob')],
  ])('is one: %s', async (_what, first, second) => {
    const waiting = await WaitingRun.at({ gate: two });
    expect(codeOf(await waiting.decide({}, callBy(first)))).toBe('ok');
    expect(codeOf(await waiting.decide({}, callBy(second)))).toBe('ok');
    expect(await votesOf(waiting)).toHaveLength(1);
    expect(codeOf(await waiting.decide({ decision: 'cancel' }, callBy(second)))).toBe('AUTOMATION_V2_GATE_ALREADY_VOTED');
    expect(codeOf(await waiting.decide({}, callBy(linked('cyd'))))).toBe('ok');
    expect(waiting.decisions()).toBe(1);
  });

  it('is one, also when two doors are used at once', async () => {
    const waiting = await WaitingRun.at({ gate: two });
    await Promise.all([person('bob'), linked('bob'), linked('bob', 'telegram', '77'), linked('bob', 'discord', '88')].map((actor) => waiting.decide({}, callBy(actor))));
    expect([(await votesOf(waiting)).length, waiting.decisions()]).toEqual([1, 0]);
  });

  it('is not cast again for whom they stand in for, nor by their own stand-in', async () => {
    const waiting = await WaitingRun.at({ gate: { ...two, approvers: ['bob', 'cyd', 'dan'].map(approver) } });
    await waiting.delegate({ stand_in: 'bob' }, callBy(person('cyd')));
    await waiting.delegate({ stand_in: 'eve' }, callBy(person('bob')));
    expect(codeOf(await waiting.decide({}, callBy(person('bob'))))).toBe('ok');
    expect(codeOf(await waiting.decide({ on_behalf_of: 'cyd' }, callBy(linked('bob'))))).toBe('AUTOMATION_V2_GATE_ALREADY_VOTED');
    expect(codeOf(await waiting.decide({ on_behalf_of: 'bob', decision: 'cancel' }, callBy(linked('eve'))))).toBe('AUTOMATION_V2_GATE_ALREADY_VOTED');
    expect(await votesOf(waiting)).toHaveLength(1);
  });

  it('any mix of doors of k people gives exactly the votes of those who spoke, so at most k', async () => {
    const doors = [(who: string) => person(who), (who: string) => linked(who), (who: string) => linked(who, 'telegram', `7-${who}`), (who: string) => linked(who, 'discord', `8-${who}`)];
    const call = fc.record({ who: fc.nat({ max: 3 }), door: fc.nat({ max: 3 }) });
    await fc.assert(fc.asyncProperty(fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }), async (rounds) => {
      const waiting = await WaitingRun.at({ gate: { approvals_required: 5 } });
      for (const round of rounds) await Promise.all(round.map(async ({ who, door }) => await waiting.decide({}, callBy(doors[door]?.(`p${who}`) ?? ada))));
      const votes = await votesOf(waiting);
      expect(votes.map(({ voter }) => voter).sort()).toEqual([...new Set(rounds.flat().map(({ who }) => `p${who}`))].sort());
    }), { numRuns: 60 });
  });
});

describe('a seat that names a person', () => {
  const gate = { approvers: [approver('bob')] };

  it('is taken by their user of a channel, and by nobody else\'s', async () => {
    const waiting = await WaitingRun.at({ gate });
    expect(codeOf(await waiting.decide({}, callBy(linked('eve'))))).toBe('AUTOMATION_V2_GATE_NOT_AN_APPROVER');
    expect(codeOf(await waiting.decide({}, callBy(person('u-bob', 'slack'))))).toBe('AUTOMATION_V2_GATE_NOT_AN_APPROVER');
    expect(codeOf(await waiting.decide({}, callBy(linked('bob'))))).toBe('ok');
  });

  it('is taken by a linked user also where it names the user of the channel', async () => {
    const waiting = await WaitingRun.at({ gate: { approvers: [approver('channel:slack:u-bob')] } });
    expect(codeOf(await waiting.decide({}, callBy(linked('bob'))))).toBe('ok');
  });

  it('is taken in a channel for the person who named them', async () => {
    const waiting = await WaitingRun.at({ gate });
    await waiting.delegate({ stand_in: 'dan' }, callBy(person('bob')));
    expect(codeOf(await waiting.decide({}, callBy(linked('dan'))))).toBe('ok');
    expect((await waiting.load()).checkpoint.gate_history).toMatchObject([{ decided_by: { actor_id: 'u-dan', person: 'dan' }, on_behalf_of: { person: 'bob', stand_in: 'dan' } }]);
  });

  it('is not given by a link that no channel vouches for', async () => {
    const waiting = await WaitingRun.at({ gate });
    for (const claim of [linked('bob', 'api_key'), linked('bob', 'assertion'), { ...linked('bob'), kind: 'agent' as const }]) {
      expect(codeOf(await waiting.decide({}, callBy(claim)))).toMatch(/NOT_AN_APPROVER|REQUIRES_HUMAN/);
    }
  });
});

describe('what is recorded of a linked person', () => {
  it('names the user of the channel and the person, in decision, vote and receipt', async () => {
    const waiting = await WaitingRun.at({ gate: two });
    await waiting.decide({}, callBy(linked('bob')));
    await waiting.decide({}, callBy(linked('cyd', 'telegram', '77')));
    const run = await waiting.load();
    const [record] = run.checkpoint.gate_history;
    if (record === undefined) throw new Error('nothing was decided');
    const both = { decided_by: { source: 'telegram', actor_id: '77', person: 'cyd' }, votes: [{ voter: 'bob', voted_by: { source: 'slack', actor_id: 'u-bob', person: 'bob' } }, { voter: 'cyd' }] };
    expect(record).toMatchObject({ ...both, votes: [{ also_known_as: ['bob', 'channel:slack:u-bob'] }, { also_known_as: ['cyd', 'channel:telegram:77'] }] });
    expect(receiptClaims(run, record)).toMatchObject(both);
  });

  it('is as before of a user who is linked to nobody', async () => {
    const waiting = await WaitingRun.at({ gate: two });
    await waiting.decide({}, callBy(person('U1', 'slack')));
    expect(await votesOf(waiting)).toEqual([expect.not.objectContaining({ also_known_as: expect.anything() })]);
    expect(await votesOf(waiting)).toMatchObject([{ voter: 'channel:slack:u1', voted_by: { kind: 'human', actor_id: 'U1', source: 'slack' } }]);
  });
});
