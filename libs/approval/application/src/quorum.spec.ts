import { ada, callBy, person, refusalOf, WaitingRun } from './decide-gate.fixture.js';

const approver = (id: string) => ({ kind: 'person', id }) as const;
const named = { approvals_required: 2, approvers: ['bob', 'cyd', 'dan'].map(approver) };
const codeOf = (result: Parameters<typeof refusalOf>[0]): string => refusalOf(result).code;

describe('a gate that needs several people', () => {
  it('two simultaneous votes at quorum minus one yield exactly one approval', async () => {
    const waiting = await WaitingRun.at({ gate: named });
    expect((await waiting.decide({}, callBy(person('bob')))).ok).toBe(true);
    const results = await Promise.all([waiting.decide({}, callBy(person('cyd'))), waiting.decide({}, callBy(person('dan')))]);
    expect([results.filter(({ ok }) => ok).length, waiting.decisions()]).toEqual([1, 1]);
    expect(results.filter(({ ok }) => !ok).map(codeOf)).toEqual(['AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL']);
    expect((await waiting.load()).checkpoint.gate_history).toMatchObject([{ decision: 'approve', votes: [{ voter: 'bob' }, {}] }]);
  });

  it('a person who votes through two channels with one identity votes once', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2 } });
    await waiting.decide({}, callBy(person('U1', 'slack')));
    expect((await waiting.decide({}, callBy(person(' channel:SLACK:u1', 'api_key')))).ok).toBe(true);
    expect((await waiting.load()).status).toBe('awaiting_approval');
    expect(codeOf(await waiting.decide({ decision: 'cancel' }, callBy(person('u1', 'slack'))))).toBe('AUTOMATION_V2_GATE_ALREADY_VOTED');
  });

  it('whoever is not among the approvers is refused, and that is recorded', async () => {
    const waiting = await WaitingRun.at({ gate: named });
    expect(codeOf(await waiting.decide({}, callBy(person('eve'))))).toBe('AUTOMATION_V2_GATE_NOT_AN_APPROVER');
    expect(waiting.refusals()).toMatchObject([{ data: { code: 'AUTOMATION_V2_GATE_NOT_AN_APPROVER', actor: { actor_id: 'eve' } } }]);
  });

  it('roles and groups count as the gateway verified them, in any case', async () => {
    const gate = { approvers: [{ kind: 'role', id: 'Finance-Lead' }, { kind: 'group', id: 'ops' }] as const };
    const waiting = await WaitingRun.at({ gate: { approvers: [...gate.approvers] } });
    expect(codeOf(await waiting.decide({}, { ...callBy(person('bob')), memberships: { roles: ['clerk'], groups: ['sales'] } }))).toBe('AUTOMATION_V2_GATE_NOT_AN_APPROVER');
    expect((await waiting.decide({}, { ...callBy(person('bob')), memberships: { roles: ['finance-lead'], groups: [] } })).ok).toBe(true);
  });

  it('an anonymous response decides nothing, for or against', async () => {
    const waiting = await WaitingRun.at({ gate: named });
    const nobody = callBy({ kind: 'human', source: 'local_control_panel' });
    for (const decision of ['approve', 'cancel']) expect(codeOf(await waiting.decide({ decision }, nobody))).toBe('AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED');
    expect(waiting.decisions()).toBe(0);
  });

  it('the requester does not count as one of them, unless the gate says so', async () => {
    const approvers = ['ada', 'bob', 'cyd'].map(approver);
    const strict = await WaitingRun.at({ gate: { approvals_required: 2, approvers } });
    expect(codeOf(await strict.decide({}, callBy(ada)))).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    const lenient = await WaitingRun.at({ gate: { approvals_required: 2, approvers, requester_may_approve: true } });
    expect((await lenient.decide({}, callBy(ada))).ok).toBe(true);
    const consequential = await WaitingRun.at({ risk_tier: 'external_send', gate: { approvals_required: 2, approvers, requester_may_approve: true } });
    expect(codeOf(await consequential.decide({}, callBy(ada)))).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
  });

  it('fifty votes at once of ten people count each person once and decide once', async () => {
    const people = Array.from({ length: 10 }, (_, index) => `p${index}`);
    const waiting = await WaitingRun.at({ gate: { approvals_required: 10, approvers: people.map(approver) } });
    await Promise.all(Array.from({ length: 50 }, (_, index) => waiting.decide({}, callBy(person(people[index % 10] ?? '')))));
    const [record] = (await waiting.load()).checkpoint.gate_history;
    expect([record?.votes?.length, new Set(record?.votes?.map(({ voter }) => voter)).size, waiting.decisions()]).toEqual([10, 10, 1]);
  });
});
