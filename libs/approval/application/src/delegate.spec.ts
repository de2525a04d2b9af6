import type { CallContext } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import type { DelegationStored } from './delegate.command-handlers.js';
import { ada, callBy, person, refusalOf, WaitingRun } from './decide-gate.fixture.js';

const [bob, cyd, dan] = [callBy(person('bob')), callBy(person('cyd')), callBy(person('dan'))];
const admin: CallContext = { ...callBy(person('root')), memberships: { roles: ['workspace:admin'], groups: [] } };
const minute = 60_000;

const stored = (result: Result<DelegationStored>) => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value.delegation;
};
const codeOf = (result: Result<unknown>): string => refusalOf(result).code;
const recorded = (waiting: WaitingRun) => waiting.store.all().filter(({ ref }) => ref.aggregate === 'delegation').flatMap(({ commit }) => commit.events.map(({ event_type, data }) => ({ event_type, data })));

describe('a delegation', () => {
  it('is set by oneself: who, from when until when, why and for what is recorded', async () => {
    const waiting = await WaitingRun.at();
    const delegation = stored(await waiting.delegate({ stand_in: ' Dan ', scope: { risk_tiers: ['internal_write'] } }, bob));
    expect(delegation).toMatchObject({ delegator: 'bob', stand_in: 'dan', from_ms: waiting.now, until_ms: waiting.now + minute, reason: 'on leave', scope: { risk_tiers: ['internal_write'] }, set_by: person('bob'), status: 'in_force', uses: 0 });
    expect(recorded(waiting)).toMatchObject([{ event_type: 'delegation_set', data: { delegation: { delegation_id: delegation.delegation_id, stand_in: 'dan' } } }]);
  });

  it('is not set by anyone else, nor by an agent of the person, and the attempts are recorded', async () => {
    const waiting = await WaitingRun.at();
    expect(codeOf(await waiting.delegate({ delegator: 'bob', stand_in: 'dan' }, cyd))).toBe('DELEGATION_ACCESS_DENIED');
    expect(codeOf(await waiting.delegate({ stand_in: 'dan' }, callBy({ kind: 'agent', actor_id: 'bob' })))).toBe('DELEGATION_REQUIRES_HUMAN');
    expect(codeOf(await waiting.delegate({ stand_in: 'dan' }, callBy({ kind: 'human', source: 'api_key' })))).toBe('DELEGATION_REQUIRES_HUMAN');
    expect(waiting.refusals()).toMatchObject([{ data: { code: 'DELEGATION_ACCESS_DENIED', delegator: 'bob', stand_in: 'dan', actor: { actor_id: 'cyd' } } }, { data: { code: 'DELEGATION_REQUIRES_HUMAN' } }, { data: { request: 'set' } }]);
    expect(recorded(waiting)).toEqual([]);
  });

  it('is set for somebody else by an administrator who is a person, though not in favour of themself', async () => {
    const waiting = await WaitingRun.at();
    expect(stored(await waiting.delegate({ delegator: 'bob', stand_in: 'dan' }, admin))).toMatchObject({ delegator: 'bob', set_by: { actor_id: 'root' } });
    expect(codeOf(await waiting.delegate({ delegator: 'bob', stand_in: 'Root' }, admin))).toBe('DELEGATION_ACCESS_DENIED');
    expect(codeOf(await waiting.delegate({ delegator: 'bob', stand_in: 'dan' }, { ...admin, actor: { kind: 'agent', actor_id: 'root' } }))).toBe('DELEGATION_REQUIRES_HUMAN');
  });

  it.each([
    ['names whoever sets it', { stand_in: 'BOB' }, 'stand_in_is_delegator'],
    ['is over before it begins', { stand_in: 'dan', from_ms: 2_000_000, until_ms: 2_000_000 }, 'period_empty'],
    ['is over already', { stand_in: 'dan', from_ms: 1, until_ms: 2 }, 'period_empty'],
    ['lasts for more than 366 days', { stand_in: 'dan', until_ms: 1_000_001 + 366 * 24 * 3_600_000 }, 'period_too_long'],
    ['begins in more than 366 days', { stand_in: 'dan', from_ms: 1_000_001 + 366 * 24 * 3_600_000, until_ms: 1_000_002 + 366 * 24 * 3_600_000 }, 'period_too_far'],
  ])('that %s is refused', async (_what, change, problem) => {
    const waiting = await WaitingRun.at();
    expect(refusalOf(await waiting.delegate(change, bob))).toMatchObject({ code: 'DELEGATION_INVALID', details: { problems: [{ code: problem }] } });
  });

  it('is set once however often the request comes, and another one under the same key is refused', async () => {
    const waiting = await WaitingRun.at();
    const request = { stand_in: 'dan', until_ms: waiting.now + minute, command_id: 'key-1' };
    const results = await Promise.all(Array.from({ length: 10 }, () => waiting.delegate(request, bob)));
    expect(new Set(results.map((result) => stored(result).delegation_id)).size).toBe(1);
    expect(recorded(waiting)).toHaveLength(1);
    expect(codeOf(await waiting.delegate({ ...request, stand_in: 'cyd' }, bob))).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('is ended by the person or an administrator, once; the stand-in may not, and for others it is not there', async () => {
    const waiting = await WaitingRun.at();
    const { delegation_id } = stored(await waiting.delegate({ stand_in: 'dan' }, bob));
    expect(codeOf(await waiting.end(delegation_id, dan))).toBe('DELEGATION_ACCESS_DENIED');
    for (const other of [cyd, callBy(person('bob'), { org_id: 'other' }), callBy(person('bob'), { deployment_id: 'eu' })]) expect(refusalOf(await waiting.end(delegation_id, other))).toEqual({ code: 'DELEGATION_NOT_FOUND', message: `there is no delegation "${delegation_id}"` });
    expect(codeOf(await waiting.end(delegation_id, callBy({ kind: 'agent', actor_id: 'bob' })))).toBe('DELEGATION_REQUIRES_HUMAN');
    expect(stored(await waiting.end(delegation_id, bob))).toMatchObject({ status: 'ended', ended_by: person('bob') });
    expect(stored(await waiting.end(delegation_id, admin))).toMatchObject({ status: 'ended', ended_by: person('bob') });
    expect(recorded(waiting).map(({ event_type }) => event_type)).toEqual(['delegation_set', 'delegation_ended']);
  });

  it('is one of fifty that a person can have at a time; those that are over or ended do not count', async () => {
    const waiting = await WaitingRun.at();
    const all = [];
    for (let index = 0; index < 50; index += 1) all.push(stored(await waiting.delegate({ stand_in: `s${index}` }, bob)));
    expect(codeOf(await waiting.delegate({ stand_in: 'dan' }, bob))).toBe('DELEGATION_LIMIT');
    await waiting.end(all[0]?.delegation_id ?? '', bob);
    expect((await waiting.delegate({ stand_in: 'dan' }, bob)).ok).toBe(true);
    waiting.now += minute;
    expect((await waiting.delegate({ stand_in: 'dan' }, bob)).ok).toBe(true);
  });

  it('of another deployment is none here', async () => {
    const waiting = await WaitingRun.at({ gate: { approvers: [{ kind: 'person', id: 'bob' }] } });
    await waiting.delegate({ stand_in: 'dan' }, callBy(person('bob'), { deployment_id: 'eu' }));
    expect(codeOf(await waiting.decide({ on_behalf_of: 'bob' }, dan))).toBe('AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE');
  });
});

const approver = (id: string) => ({ kind: 'person', id }) as const;
const named = { approvers: [approver('Bob')] };
const reasonOf = (result: Result<unknown>): unknown => refusalOf(result).details?.['reason_code'];

describe('a stand-in', () => {
  it('decides what the person could, and the decision, the history and the answer say on whose behalf', async () => {
    const waiting = await WaitingRun.at({ gate: named });
    expect(codeOf(await waiting.decide({}, dan))).toBe('AUTOMATION_V2_GATE_NOT_AN_APPROVER');
    const { delegation_id } = stored(await waiting.delegate({ stand_in: 'dan' }, bob));
    const on_behalf_of = { person: 'bob', stand_in: 'dan', delegation_id };
    expect(await waiting.decide({ on_behalf_of: 'BOB' }, dan)).toMatchObject({ ok: true, value: { run: { status: 'queued', checkpoint: { gate_history: [{ decided_by: { actor_id: 'dan' }, on_behalf_of }] } } } });
    expect(recorded(waiting).at(-1)).toMatchObject({ event_type: 'delegation_used', data: { delegation_id, run_id: waiting.run_id, node_id: 'sign', used_by: { actor_id: 'dan' }, use: 1 } });
    const [record] = (await waiting.load()).checkpoint.gate_history;
    expect(recorded(waiting).at(-1)?.data).toMatchObject({ decision_id: record?.decision_id, gate_opening_id: record?.gate_opening_id });
  });

  it('is named to whoever comes second, with the person they decided for', async () => {
    const waiting = await WaitingRun.at({ gate: named });
    await waiting.delegate({ stand_in: 'dan' }, bob);
    await waiting.decide({ on_behalf_of: 'bob' }, dan);
    expect(refusalOf(await waiting.decide({}, bob))).toMatchObject({ code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', details: { winningDecision: { decided_by: { actor_id: 'dan' }, on_behalf_of: { person: 'bob' } } } });
  });

  it('need not say for whom: who may not decide themself takes the first seat of a person who named them', async () => {
    const waiting = await WaitingRun.at({ gate: { approvers: [approver('cyd'), approver('bob')] } });
    await waiting.delegate({ stand_in: 'dan' }, bob);
    expect(await waiting.decide({}, dan)).toMatchObject({ ok: true, value: { run: { checkpoint: { gate_history: [{ on_behalf_of: { person: 'bob' } }] } } } });
  });

  it('who may decide themself does so, unless they say otherwise', async () => {
    const own = await WaitingRun.at({ gate: { approvers: [approver('bob'), approver('dan')] } });
    await own.delegate({ stand_in: 'dan' }, bob);
    expect((await own.decide({}, dan)).ok).toBe(true);
    expect((await own.load()).checkpoint.gate_history[0]).not.toHaveProperty('on_behalf_of');
    const asked = await WaitingRun.at();
    await asked.delegate({ stand_in: 'dan' }, bob);
    expect(await asked.decide({ on_behalf_of: 'bob' }, dan)).toMatchObject({ ok: true, value: { run: { checkpoint: { gate_history: [{ on_behalf_of: { person: 'bob' } }] } } } });
    const oneself = await WaitingRun.at();
    expect((await oneself.decide({ on_behalf_of: 'DAN' }, dan)).ok).toBe(true);
    expect((await oneself.load()).checkpoint.gate_history[0]).not.toHaveProperty('on_behalf_of');
  });

  it.each([
    ['before it begins', { change: { from_ms: 1_000_500 }, later: 0, reason: 'not_yet' }],
    ['at its end', { change: {}, later: minute, reason: 'over' }],
    ['for another automation', { change: { scope: { automation_ids: ['other'] } }, later: 0, reason: 'outside_scope' }],
    ['for another risk', { change: { scope: { risk_tiers: ['external_send' as const] } }, later: 0, reason: 'outside_scope' }],
  ])('decides nothing %s, and the attempt is recorded', async (_what, { change, later, reason }) => {
    const waiting = await WaitingRun.at({ gate: named });
    await waiting.delegate({ stand_in: 'dan', ...change }, bob);
    waiting.now += later;
    const result = await waiting.decide({ on_behalf_of: 'bob' }, dan);
    expect([codeOf(result), reasonOf(result)]).toEqual(['AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE', reason]);
    expect(waiting.refusals()).toMatchObject([{ data: { code: 'AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE', actor: { actor_id: 'dan' } } }]);
    expect([(await waiting.load()).status, recorded(waiting).length]).toEqual(['awaiting_approval', 1]);
  });

  it.each([['the automation and the risk that are meant', { automation_ids: ['refunds'], risk_tiers: ['internal_write' as const] }], ['everything', {}]])('decides %s, until the last moment', async (_what, scope) => {
    const waiting = await WaitingRun.at({ gate: named });
    await waiting.delegate({ stand_in: 'dan', scope }, bob);
    waiting.now += minute - 1;
    expect((await waiting.decide({ on_behalf_of: 'bob' }, dan)).ok).toBe(true);
  });

  it('decides nothing after the end; what they decided before holds, and its repetition gets its first answer', async () => {
    const waiting = await WaitingRun.at({ gate: { ...named, rework_targets: ['look_up'] } });
    const { delegation_id } = stored(await waiting.delegate({ stand_in: 'dan' }, bob));
    const first = await waiting.decide({ decision: 'rework', command_id: 'key-1' }, dan);
    await waiting.end(delegation_id, bob);
    expect(await waiting.decide({ decision: 'rework', command_id: 'key-1' }, dan)).toEqual(first);
    expect(await waiting.decide({ decision: 'rework', command_id: 'key-1', on_behalf_of: 'bob' }, dan)).toEqual(first);
    await waiting.reachGate();
    expect(reasonOf(await waiting.decide({ on_behalf_of: 'bob' }, dan))).toBe('ended');
    expect(waiting.decisions()).toBe(1);
  });

  it('whose key was used for one person does not use it for another', async () => {
    const waiting = await WaitingRun.at({ gate: { approvers: [approver('bob'), approver('cyd')] } });
    await waiting.delegate({ stand_in: 'dan' }, bob);
    await waiting.delegate({ stand_in: 'dan' }, cyd);
    await waiting.decide({ command_id: 'key-1', on_behalf_of: 'bob' }, dan);
    const other = await waiting.decide({ command_id: 'key-1', on_behalf_of: 'cyd' }, dan);
    expect([codeOf(other), reasonOf(other)]).toEqual(['AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', 'command_id_reused']);
  });

  it('of a stand-in is none: a delegation is not passed on', async () => {
    const waiting = await WaitingRun.at({ gate: named });
    await waiting.delegate({ stand_in: 'cyd' }, bob);
    await waiting.delegate({ stand_in: 'dan' }, cyd);
    expect(reasonOf(await waiting.decide({ on_behalf_of: 'bob' }, dan))).toBe('no_delegation');
    expect(reasonOf(await waiting.decide({ on_behalf_of: 'cyd' }, dan))).toBe('not_entitled');
    expect(codeOf(await waiting.decide({}, dan))).toBe('AUTOMATION_V2_GATE_NOT_AN_APPROVER');
  });

  it('has the seats that name the person, not their roles and groups', async () => {
    const waiting = await WaitingRun.at({ gate: { approvers: [{ kind: 'role', id: 'finance-lead' }] } });
    await waiting.delegate({ stand_in: 'dan' }, { ...bob, memberships: { roles: ['finance-lead'], groups: [] } });
    expect(reasonOf(await waiting.decide({ on_behalf_of: 'bob' }, dan))).toBe('not_entitled');
  });
});

describe('four eyes', () => {
  const consequential = { risk_tier: 'money_movement_contract' };

  it('the requester does not approve as a stand-in of somebody', async () => {
    const waiting = await WaitingRun.at({ ...consequential, gate: named });
    await waiting.delegate({ stand_in: 'ada' }, bob);
    for (const change of [{ on_behalf_of: 'bob' }, {}]) expect(codeOf(await waiting.decide(change, callBy(ada)))).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    expect((await waiting.decide({ decision: 'cancel', on_behalf_of: 'bob' }, callBy(ada))).ok).toBe(true);
  });

  it('a stand-in of the requester does not approve in their place, and may with authority of their own', async () => {
    const waiting = await WaitingRun.at({ ...consequential, gate: { approvers: [approver('ada'), approver('bob')] } });
    await waiting.delegate({ stand_in: 'dan' }, callBy(ada));
    await waiting.delegate({ stand_in: 'bob' }, callBy(ada));
    expect(codeOf(await waiting.decide({ on_behalf_of: 'ada' }, dan))).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    expect(codeOf(await waiting.decide({ on_behalf_of: 'ada' }, bob))).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    expect((await waiting.decide({}, bob)).ok).toBe(true);
  });

  it('of a run that nobody asked for, whoever made its automation does not approve', async () => {
    const metadata = { resource_access: { owner_principal: { kind: 'human_user', id: 'ada' }, created_by: { kind: 'human', actor_id: 'ada', source: 'assertion' } } };
    const waiting = await WaitingRun.at({ ...consequential, metadata, requested_by: { kind: 'system', source: 'schedule' } });
    expect(codeOf(await waiting.decide({}, callBy(ada)))).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    expect((await waiting.decide({}, bob)).ok).toBe(true);
  });
});

describe('a person and their stand-in at a gate that needs several', () => {
  const quorum = { approvals_required: 2, approvers: ['bob', 'cyd', 'eve'].map(approver) };
  const delegated = async () => {
    const waiting = await WaitingRun.at({ gate: quorum });
    for (const delegator of [bob, cyd]) await waiting.delegate({ stand_in: 'dan' }, delegator);
    return waiting;
  };
  const votes = async (waiting: WaitingRun) => (await waiting.load()).checkpoint.awaiting_gate?.votes?.map(({ voter }) => voter);

  it('have one vote: whoever of them comes second is told of the first', async () => {
    const standInFirst = await delegated();
    expect((await standInFirst.decide({ on_behalf_of: 'bob' }, dan)).ok).toBe(true);
    expect((await standInFirst.load()).checkpoint.awaiting_gate?.votes).toMatchObject([{ voter: 'bob', voted_by: { actor_id: 'dan' }, on_behalf_of: { person: 'bob', stand_in: 'dan' } }]);
    expect(refusalOf(await standInFirst.decide({}, bob))).toMatchObject({ code: 'AUTOMATION_V2_GATE_ALREADY_VOTED', details: { vote: { voter: 'bob', decision: 'approve' } } });
    const personFirst = await delegated();
    await personFirst.decide({}, bob);
    expect(codeOf(await personFirst.decide({ on_behalf_of: 'bob' }, dan))).toBe('AUTOMATION_V2_GATE_ALREADY_VOTED');
    for (const waiting of [standInFirst, personFirst]) expect([(await votes(waiting)), waiting.decisions()]).toEqual([['bob'], 0]);
  });

  it('a person votes once, however many they stand in for, and whether they vote themself', async () => {
    const waiting = await delegated();
    await waiting.decide({ on_behalf_of: 'bob' }, dan);
    for (const on_behalf_of of ['cyd', undefined]) expect(codeOf(await waiting.decide({ ...(on_behalf_of === undefined ? {} : { on_behalf_of }) }, dan))).toMatch(/ALREADY_VOTED|NOT_AN_APPROVER/);
    const both = await WaitingRun.at({ gate: { ...quorum, approvers: ['bob', 'dan', 'eve'].map(approver) } });
    await both.delegate({ stand_in: 'dan' }, bob);
    expect((await both.decide({}, dan)).ok).toBe(true);
    expect(codeOf(await both.decide({ on_behalf_of: 'bob' }, dan))).toBe('AUTOMATION_V2_GATE_ALREADY_VOTED');
    expect([await votes(waiting), await votes(both)]).toEqual([['bob'], ['dan']]);
  });

  it('repeated by the same person for the same seat it holds already', async () => {
    const waiting = await delegated();
    for (let index = 0; index < 3; index += 1) expect((await waiting.decide({ on_behalf_of: 'bob' }, dan)).ok).toBe(true);
    expect(await votes(waiting)).toEqual(['bob']);
  });

  it('two people decide it, one of them by a stand-in; the votes say so', async () => {
    const waiting = await delegated();
    await waiting.decide({ on_behalf_of: 'bob' }, dan);
    expect((await waiting.decide({}, callBy(person('eve')))).ok).toBe(true);
    expect((await waiting.load()).checkpoint.gate_history).toMatchObject([{ decision: 'approve', decided_by: { actor_id: 'eve' }, votes: [{ voter: 'bob', on_behalf_of: { stand_in: 'dan' } }, { voter: 'eve' }] }]);
  });
});

describe('a delegation that ends while a stand-in decides', () => {
  it('lets the decision take effect or refuses it; what takes effect was asked for before the end', async () => {
    const outcomes = new Set<string>();
    for (let turns = 0; turns < 40; turns += 1) {
      const waiting = await WaitingRun.at({ gate: named });
      const { delegation_id } = stored(await waiting.delegate({ stand_in: 'dan' }, bob));
      const ending = async () => {
        for (let left = turns; left > 0; left -= 1) await Promise.resolve();
        return await waiting.end(delegation_id, bob);
      };
      const [decided, ended] = await Promise.all([waiting.decide({ on_behalf_of: 'bob' }, dan), ending()]);
      expect(ended.ok).toBe(true);
      const order = recorded(waiting).map(({ event_type }) => event_type);
      expect(waiting.decisions()).toBe(decided.ok ? 1 : 0);
      if (decided.ok) expect(order).toEqual(['delegation_set', 'delegation_used', 'delegation_ended']);
      else expect([reasonOf(decided), order.includes('delegation_used')]).toEqual(['ended', false]);
      outcomes.add(String(decided.ok));
    }
    expect(outcomes).toEqual(new Set(['true', 'false']));
  });

  it('refuses a decision that was judged before the end and whose use came after it', async () => {
    const waiting = await WaitingRun.at({ gate: named });
    const { delegation_id } = stored(await waiting.delegate({ stand_in: 'dan' }, bob));
    const { store } = waiting;
    const { append } = store;
    const endedFirst: typeof append = async (...args) => {
      if (args[0].aggregate !== 'delegation') return await append.apply(store, args);
      Object.assign(store, { append });
      await waiting.end(delegation_id, bob);
      return await append.apply(store, args);
    };
    Object.assign(store, { append: endedFirst });
    const decided = await waiting.decide({ on_behalf_of: 'bob' }, dan);
    expect([codeOf(decided), reasonOf(decided)]).toEqual(['AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE', 'ended']);
    expect([waiting.decisions(), (await waiting.load()).status, recorded(waiting).map(({ event_type }) => event_type)]).toEqual([0, 'awaiting_approval', ['delegation_set', 'delegation_ended']]);
    expect(waiting.refusals()).toMatchObject([{ data: { code: 'AUTOMATION_V2_GATE_DELEGATION_NOT_IN_FORCE', actor: { actor_id: 'dan' } } }]);
  });

  it('a process that dies between the use and the decision leaves the gate open; the request again decides it, or is refused after the end', async () => {
    const waiting = await WaitingRun.at({ gate: named });
    const { delegation_id } = stored(await waiting.delegate({ stand_in: 'dan' }, bob));
    const { store } = waiting;
    const { append } = store;
    Object.assign(store, { append: async (...args: Parameters<typeof append>) => (args[0].aggregate === 'run' ? await Promise.reject(new Error('killed')) : await append.apply(store, args)) });
    await expect(waiting.decide({ on_behalf_of: 'bob', command_id: 'key-1' }, dan)).rejects.toThrow('killed');
    Object.assign(store, { append });
    expect([(await waiting.load()).status, recorded(waiting).at(-1)?.event_type]).toEqual(['awaiting_approval', 'delegation_used']);
    expect((await waiting.decide({ on_behalf_of: 'bob', command_id: 'key-1' }, dan)).ok).toBe(true);
    await waiting.end(delegation_id, bob);
    expect([waiting.decisions(), recorded(waiting).filter(({ event_type }) => event_type === 'delegation_used').length]).toEqual([1, 2]);
  });
});
