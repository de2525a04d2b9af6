import { runAggregate, wakeWait } from '@cs/automation-application';
import type { GateVote } from '@cs/contracts';
import { loadAggregate } from '@cs/eventing';
import { ada, callBy, person, refusalOf, tenant, WaitingRun, type WaitingOptions } from './decide-gate.fixture.js';
import { recordRefusal } from './gate-refusal.aggregate.js';

const approver = (id: string) => ({ kind: 'person', id }) as const;
const three = ['alice', 'bob', 'carol'].map(approver);
const as = (name: string) => callBy(person(name));
const codeOf = (result: Parameters<typeof refusalOf>[0]): string => refusalOf(result).code;

const eventsOf = (waiting: WaitingRun): readonly string[] => waiting.store.all().filter(({ ref }) => ref.aggregate === 'run').flatMap(({ commit }) => commit.events.map(({ event_type }) => event_type));
const sinceOpening = (waiting: WaitingRun): readonly string[] => eventsOf(waiting).slice(eventsOf(waiting).lastIndexOf('approval_gate_opened'));

/** A timer of the gate that fires at its time. */
const fire = async (waiting: WaitingRun, at_ms: number): Promise<void> => {
  waiting.now = Math.max(waiting.now, at_ms);
  const { eventing, definitions, run_id } = waiting;
  const quiet = { announce: () => undefined, listen: () => () => undefined };
  await wakeWait({ eventing, definitions, changes: quiet, timers: { schedule: () => Promise.resolve() } }, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id }, `automation_v2:${run_id}:sign:wait`);
};

describe('domain 14, approval gates', () => {
  it('Agent caller refused; the denial is recorded, and the gate stays open', async () => {
    const waiting = await WaitingRun.at();
    expect(codeOf(await waiting.decide({}, callBy({ kind: 'agent', actor_id: 'bot' })))).toBe('AUTOMATION_V2_GATE_REQUIRES_HUMAN');
    expect([waiting.refusals().length, (await waiting.load()).status]).toEqual([1, 'awaiting_approval']);
  });

  it('requester self-approval refused and audited, also via a channel identity in another spelling', async () => {
    const waiting = await WaitingRun.at({ risk_tier: 'external_send', requested_by: person('U1', 'slack') });
    for (const actor of [person('u1', 'channel:Slack'), person(' CHANNEL:slack:U1 ', 'api_key')]) expect(codeOf(await waiting.decide({}, callBy(actor)))).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    expect(waiting.refusals()).toMatchObject([{ data: { code: 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN', node_id: 'sign' } }, {}]);
  });

  it('elevated reviewer without authority refused, channel-verified accepted', async () => {
    const elevated: WaitingOptions = { node: { metadata: { reviewer_eligibility: 'elevated_reviewer' } } };
    expect(codeOf(await (await WaitingRun.at(elevated)).decide({}, as('bob')))).toBe('AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_REQUIRED');
    expect((await (await WaitingRun.at(elevated)).decide({}, callBy(person('U2', 'slack')))).ok).toBe(true);
  });

  it('human decider recorded: kind, id and source, in the history and in the gate\'s output', async () => {
    const waiting = await WaitingRun.at();
    await waiting.decide({ reason: 'fine' }, as('bob'));
    const { checkpoint } = await waiting.load();
    expect(checkpoint.gate_history).toMatchObject([{ decided_by: person('bob'), reason: 'fine', decided_at_ms: expect.any(Number) as number }]);
    expect(checkpoint.node_outputs['sign']).toMatchObject({ status: 'completed', contract_kind: 'approval_gate', content: { decision: 'approve', reason: 'fine', decided_by: person('bob') } });
  });

  it('409 names who decided last: not who sent the gate back before', async () => {
    const waiting = await WaitingRun.at({ gate: { rework_targets: ['look_up'] } });
    await waiting.decide({ decision: 'rework', reason: 'again' }, as('cyd'));
    await waiting.reachGate();
    await waiting.decide({ reason: 'fine' }, as('dan'));
    expect(refusalOf(await waiting.decide({ decision: 'cancel' }, as('bob')))).toMatchObject({
      code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', details: { winningDecision: { decision: 'approve', reason: 'fine', decided_by: person('dan') } },
    });
  });

  it('409 carries the winning decision: node, decision, reason, time and person', async () => {
    const waiting = await WaitingRun.at();
    await waiting.decide({ decision: 'cancel', reason: 'unsafe' }, as('bob'));
    expect(refusalOf(await waiting.decide({}, as('cyd')))).toMatchObject({
      code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', details: { currentStatus: 'cancelled', winningDecision: { node_id: 'sign', decision: 'cancel', reason: 'unsafe', decided_by: person('bob') } },
    });
  });

  it('N concurrent decisions yield one winner', async () => {
    const waiting = await WaitingRun.at();
    const results = await Promise.all(Array.from({ length: 50 }, (_none, index) => waiting.decide({ decision: index % 2 === 0 ? 'approve' : 'cancel' }, as(`p${index}`))));
    expect([results.filter(({ ok }) => ok).length, waiting.decisions()]).toEqual([1, 1]);
  });

  it.each(['approve', 'rework', 'cancel'])('settled gates reject further decisions: %s', async (decision) => {
    const waiting = await WaitingRun.at();
    await waiting.decide({ decision }, as('bob'));
    for (const further of ['approve', 'rework', 'cancel']) expect(codeOf(await waiting.decide({ decision: further }, as('cyd')))).toBe('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL');
    expect(waiting.decisions()).toBe(1);
  });

  it('decision with another run\'s request id denied and recorded without consuming the gate', async () => {
    const waiting = await WaitingRun.at();
    for (const other of [{ approval_request_id: 'automation_v2:another-run:sign' }, { transition_id: 'automation_v2:another-run:sign:decision' }]) {
      expect(codeOf(await waiting.decide(other, as('bob')))).toBe('AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED');
    }
    expect(waiting.refusals().map(({ data }) => (data as { code: string }).code)).toEqual(Array.from({ length: 2 }, () => 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED'));
    expect((await waiting.decide({}, as('bob'))).ok).toBe(true);
  });

  it('Expiry: auto-cancel leaves an expired record and rejects late humans; survives reload', async () => {
    const waiting = await WaitingRun.at({ gate: { expiry_policy: { expires_after_ms: 1000, on_expiry: 'cancel' } } });
    const due = (await waiting.load()).checkpoint.awaiting_gate?.expires_at_ms ?? 0;
    waiting.now = due;
    expect(codeOf(await waiting.decide({}, as('bob')))).toBe('AUTOMATION_V2_GATE_EXPIRED');
    await fire(waiting, due);
    // Loaded by another process, which knows nothing but the log.
    expect(await waiting.load()).toMatchObject({ status: 'cancelled', checkpoint: { gate_history: [{ decision: 'expired', decided_by: { kind: 'system', source: 'automation_gate_expiry' } }] } });
    expect(refusalOf(await waiting.decide({}, as('bob')))).toMatchObject({ code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', details: { winningDecision: { decision: 'expired' } } });
  });

  it('reminders and escalation change the notification key; escalated wait can still be decided', async () => {
    const waiting = await WaitingRun.at({ gate: { expiry_policy: { expires_after_ms: 10_000, on_expiry: 'escalate', escalate_to: ['lead'], remind_every_ms: 4000 } } });
    const start = (await waiting.load()).checkpoint.awaiting_gate?.requested_at_ms ?? 0;
    const keyOf = async () => (await waiting.load()).checkpoint.awaiting_gate?.policy_state?.notification_key;
    const keys = [await keyOf()];
    for (const at_ms of [start + 4001, start + 8002, start + 10_001]) {
      await fire(waiting, at_ms);
      keys.push(await keyOf());
    }
    expect(new Set(keys).size).toBe(4);
    expect((await waiting.load()).checkpoint.awaiting_gate?.policy_state).toMatchObject({ escalations: 1, escalated_to: 'lead', reminder_count: 2 });
    expect((await waiting.decide({}, as('bob'))).ok).toBe(true);
  });

  it('stale marker after 24 h: once, and the gate waits on', async () => {
    const waiting = await WaitingRun.at();
    const opened_at_ms = (await waiting.load()).checkpoint.awaiting_gate?.requested_at_ms ?? 0;
    for (const at_ms of [24 * 3_600_000 - 1, 24 * 3_600_000, 25 * 3_600_000]) await fire(waiting, opened_at_ms + at_ms);
    expect(eventsOf(waiting).filter((type) => type === 'approval_gate_marked_stale')).toHaveLength(1);
    expect((await waiting.decide({}, as('bob'))).ok).toBe(true);
  });

  it('Gate opening registers a durable wait, decision completes it: a timer that fires later finds nothing', async () => {
    const waiting = await WaitingRun.at({ gate: { expiry_policy: { expires_after_ms: 1000, on_expiry: 'cancel' } } });
    expect((await waiting.load()).checkpoint.awaiting_gate).toMatchObject({ wait_id: `automation_v2:${waiting.run_id}:sign:wait` });
    await waiting.decide({}, as('bob'));
    await fire(waiting, waiting.now + 100_000);
    expect([waiting.decisions(), (await waiting.load()).status]).toEqual([1, 'queued']);
  });
});

describe('a run that lost its gate', () => {
  /** Somebody changed the state that a commit carries; the events are as they were. */
  const damage = async (waiting: WaitingRun): Promise<void> => {
    const { store } = waiting;
    const { last } = store;
    Object.assign(store, {
      last: async (...args: Parameters<typeof last>) => {
        const stored = await last.apply(store, args);
        if (stored?.ref.aggregate !== 'run' || stored.commit.state === undefined || stored.status !== 'awaiting_approval') return stored;
        const { awaiting_gate: _lost, ...checkpoint } = runAggregate.readState(stored.commit.state.value)?.checkpoint ?? {};
        return { ...stored, commit: { ...stored.commit, state: { ...stored.commit.state, value: { ...(stored.commit.state.value as object), checkpoint } } } };
      },
    });
  };

  it('Inbox and decide recover a gate from a pending node: what the events say of it counts, with what the approver was shown', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers: three } });
    const opened = (await waiting.load()).checkpoint.awaiting_gate;
    await damage(waiting);
    expect((await waiting.load()).checkpoint.awaiting_gate).toBeUndefined();
    expect(codeOf(await waiting.decide({ gate_opening_id: 'older' }, as('alice')))).toBe('AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED');
    expect(codeOf(await waiting.decide({}, as('eve')))).toBe('AUTOMATION_V2_GATE_NOT_AN_APPROVER');
    for (const name of ['alice', 'bob']) expect((await waiting.decide({ gate_opening_id: opened?.gate_opening_id }, as(name))).ok).toBe(true);
    expect((await waiting.load()).checkpoint.gate_history).toMatchObject([{ decision: 'approve', gate_opening_id: opened?.gate_opening_id, votes: [{ voter: 'alice' }, { voter: 'bob' }] }]);
    expect(sinceOpening(waiting)).toEqual(['approval_gate_opened', 'approval_gate_vote_recorded', 'approval_gate_vote_recorded', 'approval_gate_decided', 'node_completed']);
  });

  it('ignores guard denials: a refused decision settles nothing', async () => {
    const waiting = await WaitingRun.at();
    await damage(waiting);
    await recordRefusal(waiting.options, as('bob'), { run_id: waiting.run_id, decision: 'approve', refusal: { code: 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', message: 'no', details: { nodeID: 'sign' } } });
    expect((await waiting.decide({}, as('bob'))).ok).toBe(true);
  });

  it('is decided once also by fifty at the same moment', async () => {
    const waiting = await WaitingRun.at();
    await damage(waiting);
    const results = await Promise.all(Array.from({ length: 50 }, (_none, index) => waiting.decide({}, as(`p${index}`))));
    expect([results.filter(({ ok }) => ok).length, waiting.decisions()]).toEqual([1, 1]);
    const { state } = await loadAggregate({ store: waiting.store, aggregate: runAggregate }, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: waiting.run_id });
    expect(state?.status).toBe('queued');
  });
});

describe('run-records 9, acceptance of people in the loop', () => {
  const votesOf = async (waiting: WaitingRun): Promise<readonly GateVote[]> => (await waiting.load()).checkpoint.gate_history[0]?.votes ?? [];

  it('A3: quorum 2 of alice, bob and carol, with alice then bob: approved by exactly these two, alice first; opened, vote, vote, decided', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers: three } });
    await waiting.decide({}, as('alice'));
    await waiting.decide({ reason: 'ok' }, as('bob'));
    expect((await waiting.load()).checkpoint.gate_history).toMatchObject([{ decision: 'approve', reason: 'ok', votes: [{ voter: 'alice', decision: 'approve' }, { voter: 'bob', decision: 'approve' }] }]);
    expect(await votesOf(waiting)).toHaveLength(2);
    expect(sinceOpening(waiting)).toEqual(['approval_gate_opened', 'approval_gate_vote_recorded', 'approval_gate_vote_recorded', 'approval_gate_decided', 'node_completed']);
  });

  it('A4: the request carries its id, what is asked, how many have to approve, since when and until when', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers: three } });
    const gate = (await waiting.load()).checkpoint.awaiting_gate;
    expect(gate).toMatchObject({ approval_request_id: `automation_v2:${waiting.run_id}:sign`, title: 'Pay?', approvals_required: 2, approvers: three, decisions: ['approve', 'rework', 'cancel'] });
    expect(gate?.expires_at_ms).toBe((gate?.requested_at_ms ?? 0) + 7 * 24 * 3_600_000);
  });

  it('A5: a denial with reason "unsafe" ends the run with that reason; opened, vote, decided', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers: three } });
    await waiting.decide({ decision: 'deny', reason: 'unsafe' }, as('carol'));
    expect(await waiting.load()).toMatchObject({ status: 'cancelled', detail: 'unsafe', checkpoint: { gate_history: [{ decision: 'cancel', reason: 'unsafe', decided_by: { actor_id: 'carol' } }] } });
    expect(sinceOpening(waiting)).toEqual(['approval_gate_opened', 'approval_gate_vote_recorded', 'approval_gate_decided', 'run_cancelled']);
  });

  it('A6: dual control 2 of 3: the step behind the gate is not ready before two approvals', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers: three } });
    const state = async () => {
      const { status, checkpoint } = await waiting.load();
      return [status, checkpoint.completed_nodes.includes('sign'), checkpoint.blocked_nodes.includes('pay')];
    };
    await waiting.decide({}, as('alice'));
    expect(await state()).toEqual(['awaiting_approval', false, true]);
    await waiting.decide({}, as('carol'));
    expect(await state()).toEqual(['queued', true, false]);
  });

  it('A14 H1: an anonymous response counts neither for nor against', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers: three } });
    for (const decision of ['approve', 'cancel']) expect(codeOf(await waiting.decide({ decision }, callBy({ kind: 'human', source: 'local_control_panel' })))).toBe('AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED');
    expect((await waiting.load()).checkpoint.awaiting_gate?.votes ?? []).toEqual([]);
  });

  it('A14 H2: a missing decision is no denial', async () => {
    const waiting = await WaitingRun.at();
    for (const decision of ['', ' ', 'undefined', 'false']) expect(codeOf(await waiting.decide({ decision }, as('bob')))).toBe('AUTOMATION_V2_GATE_INVALID_DECISION');
    expect((await waiting.load()).status).toBe('awaiting_approval');
  });

  it('A14 H3: a late vote after the timeout is refused and recorded, also when it would have made the quorum', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers: three, expiry_policy: { expires_after_ms: 1000, on_expiry: 'cancel' } } });
    await waiting.decide({}, as('alice'));
    await fire(waiting, waiting.now + 2000);
    expect(codeOf(await waiting.decide({}, as('bob')))).toBe('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL');
    expect([waiting.refusals().length, waiting.decisions(), (await waiting.load()).status]).toEqual([1, 1, 'cancelled']);
  });

  it('A14 H5: self approval and a duplicate approver do not make a quorum', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers: [approver('ada'), ...three] } });
    expect(codeOf(await waiting.decide({}, callBy(ada)))).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    for (const name of ['alice', ' ALICE ']) expect((await waiting.decide({}, as(name))).ok).toBe(true);
    expect((await waiting.load()).checkpoint.awaiting_gate?.votes?.map(({ voter }) => voter)).toEqual(['alice']);
  });

  it('A14 H7: a response is validated before it is recorded: nothing of an unknown request stays behind', async () => {
    const waiting = await WaitingRun.at();
    const before = waiting.store.all().length;
    expect(codeOf(await waiting.decide({ run_id: 'another-run' }, as('bob')))).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
    expect(waiting.store.all()).toHaveLength(before);
  });

  it('A14: two simultaneous votes at quorum minus one yield exactly one approval', async () => {
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers: three } });
    await waiting.decide({}, as('alice'));
    const results = await Promise.all(['bob', 'carol'].map((name) => waiting.decide({}, as(name))));
    expect([results.filter(({ ok }) => ok).length, waiting.decisions()]).toEqual([1, 1]);
  });
});
