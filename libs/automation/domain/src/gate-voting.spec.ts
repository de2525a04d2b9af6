import fc from 'fast-check';
import type { Approver, FlowNode, GateDecision, GateVote } from '@cs/contracts';
import { definitionProblems } from './definition-problems.js';
import { isVoting, tally } from './gate-voting.js';
import type { DecideGate } from './run.commands.js';
import { decideRun } from './run.decider.js';
import { ada, bob, history } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now } from './run-scenario.fixture.js';

const { gate, http } = nodes;
const person = (id: string): Approver => ({ kind: 'person', id });
const named = [person('ada'), person('bob'), person('cyd')];
const cyd = { kind: 'human', actor_id: 'cyd' } as const;

type Options = Partial<NonNullable<FlowNode['gate']>>;
const vote = (voter: typeof ada | typeof cyd, decision = 'approve', extra: Partial<DecideGate> = {}): DecideGate => ({ type: 'decide_gate', decision, decided_by: voter, voter: voter.actor_id ?? '', decision_id: `by-${voter.actor_id}`, ...extra });

/** The gate opens, then the commands come one after the other; what is refused changes nothing. */
const play = (options: Options, ...commands: readonly DecideGate[]) => {
  const definition = definitionOf(gate('sign', [], options), http('pay', ['sign']));
  const { created, claimed } = history(definition);
  const refusals: string[] = [];
  let state = foldEvents([created, claimed(1)]);
  for (const command of [{ type: 'open_gate', node_id: 'sign', title: 'Sign?' } as const, ...commands]) {
    const decision = decideRun(command, state, { at_ms: now, definition });
    if (decision.kind === 'refused') refusals.push(decision.refusal.code);
    else state = foldEvents(decision.events, state);
  }
  if (state === undefined) throw new Error('no run');
  return { run: state, refusals, definition };
};

describe('a gate that needs several people', () => {
  const two: Options = { approvals_required: 2, approvers: named };

  it('takes one vote of a person, by whichever of their names', () => {
    const inSlack = { kind: 'human', actor_id: 'u1', source: 'slack' } as const;
    const linked = vote(ada, 'approve', { decided_by: { ...inSlack, person: 'ada' }, decision_id: 'in-slack', also_known_as: ['ada', 'channel:slack:u1'] });
    const before = vote(ada, 'approve', { decided_by: inSlack, decision_id: 'before', voter: 'channel:slack:u1' });
    for (const [first, second] of [[vote(ada), linked], [linked, vote(ada)], [before, linked], [linked, before]] as const) {
      const once = play(two, first, second);
      expect([once.run.status, once.run.checkpoint.awaiting_gate?.votes?.length, once.refusals]).toEqual(['awaiting_approval', 1, []]);
      expect(play(two, first, { ...second, decision: 'cancel' }).refusals).toEqual(['AUTOMATION_V2_GATE_ALREADY_VOTED']);
    }
    expect(play(two, linked, vote(bob)).run.status).toBe('queued');
  });

  it('waits for the second approval, and says who gave both', () => {
    expect(play(two, vote(ada)).run).toMatchObject({ status: 'awaiting_approval', checkpoint: { awaiting_gate: { votes: [{ voter: 'ada', decision: 'approve' }] } } });
    const { run, refusals } = play(two, vote(ada), vote(bob));
    expect(run).toMatchObject({ status: 'queued', checkpoint: { gate_history: [{ decision: 'approve', decided_by: bob, votes: [{ voter: 'ada' }, { voter: 'bob' }] }] } });
    expect(refusals).toEqual([]);
  });

  it('counts nobody twice: the first vote of a person stands', () => {
    const { run, refusals } = play(two, vote(ada), vote(ada), vote(ada, 'cancel'));
    expect(run).toMatchObject({ status: 'awaiting_approval', checkpoint: { awaiting_gate: { votes: [{ voter: 'ada', decision: 'approve' }] } } });
    expect(refusals).toEqual(['AUTOMATION_V2_GATE_ALREADY_VOTED']);
  });

  it('is decided by one veto, whatever was approved before', () => {
    expect(play(two, vote(ada), vote(bob, 'cancel')).run).toMatchObject({ status: 'cancelled' });
    expect(play(two, vote(ada), vote(bob, 'rework')).run).toMatchObject({ status: 'queued', checkpoint: { gate_history: [{ decision: 'rework' }] } });
  });

  it('by majority bears those who do not approve until the rest cannot make it up', () => {
    const majority: Options = { ...two, voting: 'majority' };
    expect(play(majority, vote(ada, 'cancel')).run).toMatchObject({ status: 'awaiting_approval' });
    expect(play(majority, vote(ada, 'cancel'), vote(bob), vote(cyd)).run).toMatchObject({ status: 'queued', checkpoint: { gate_history: [{ decision: 'approve' }] } });
    expect(play(majority, vote(ada, 'rework'), vote(bob, 'rework')).run).toMatchObject({ checkpoint: { gate_history: [{ decision: 'rework' }] } });
    expect(play(majority, vote(ada, 'rework'), vote(bob, 'cancel')).run).toMatchObject({ status: 'cancelled' });
  });

  it('takes no anonymous vote', () => {
    const { voter: _voter, ...anonymous } = vote(ada);
    expect(play(two, anonymous).refusals).toEqual(['AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED']);
  });

  it('gives a vote that is repeated with its key its first answer, also when the gate is decided since', () => {
    const first = vote(ada, 'approve', { command_id: 'k1' });
    const { refusals, run } = play(two, first, vote(bob), first);
    expect([refusals, run.status]).toEqual([[], 'queued']);
    expect(play(two, first, vote(bob), { ...first, decision: 'cancel' }).refusals).toEqual(['AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED']);
  });

  it('tells a late vote who won', () => {
    const { run, definition } = play(two, vote(ada), vote(bob));
    expect(decideRun(vote(cyd), run, { at_ms: run.updated_at_ms + 1, definition })).toMatchObject({ kind: 'refused', refusal: { code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', details: { winningDecision: { decision: 'approve', decided_by: bob } } } });
  });

  it('forgets the votes of an earlier opening', () => {
    const { run } = play({ ...two, rework_targets: [] }, vote(ada), vote(bob, 'rework'));
    expect(run.checkpoint.awaiting_gate).toBeUndefined();
  });
});

describe('a tally', () => {
  const votes = fc.array(fc.constantFrom<GateDecision>('approve', 'rework', 'cancel'), { maxLength: 7 });
  const cast = (decisions: readonly GateDecision[]): readonly GateVote[] => decisions.map((decision, index) => ({ vote_id: `${index}`, voter: `p${index}`, decision, voted_by: { kind: 'human' }, voted_at_ms: index }));

  it('is certain exactly when every way to go on leads to it', () => {
    fc.assert(
      fc.property(votes, fc.integer({ min: 1, max: 7 }), fc.constantFrom('veto', 'majority'), (decisions, approvals_required, voting) => {
        const approvers = Array.from({ length: 7 }, (_, index) => person(`p${index}`));
        const outcome = tally({ approvals_required, approvers, voting }, cast(decisions));
        const approvals = decisions.filter((decision) => decision === 'approve').length;
        const reachable = approvals + (7 - decisions.length) >= approvals_required;
        if (approvals >= approvals_required) expect(outcome).toBe('approve');
        else if (voting === 'majority') expect(outcome !== undefined).toBe(!reachable);
        else expect(outcome !== undefined).toBe(decisions.length > approvals);
      }),
    );
  });

  it('is needed only where one word is not the last', () => {
    expect([isVoting({}), isVoting({ approvals_required: 1 }), isVoting({ approvals_required: 2 }), isVoting({ voting: 'majority' })]).toEqual([false, false, true, true]);
  });
});

describe('a definition', () => {
  const codes = (options: Options) => definitionProblems(definitionOf(gate('sign', [], options))).map(({ path, code }) => [path, code]);

  it('with an impossible quorum is refused', () => {
    expect(codes({ approvals_required: 4, approvers: named })).toEqual([['flow.nodes[0].gate.approvals_required', 'approval_quorum_impossible']]);
    expect(codes({ approvals_required: 4, approvers: [...named, { kind: 'role', id: 'lead' }] })).toEqual([]);
  });

  it('with the same approver twice, in any spelling, is refused', () => {
    expect(codes({ approvers: [person('ada'), person(' ADA ')] })).toEqual([['flow.nodes[0].gate.approvers[1]', 'approver_duplicate']]);
  });

  it('with a majority of people who cannot be counted is refused', () => {
    expect(codes({ voting: 'majority', approvers: [{ kind: 'group', id: 'ops' }] })).toEqual([['flow.nodes[0].gate.voting', 'approval_majority_uncountable']]);
    expect(codes({ voting: 'majority' })).toEqual([['flow.nodes[0].gate.voting', 'approval_majority_uncountable']]);
  });
});
