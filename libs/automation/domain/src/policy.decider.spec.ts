import type { GateDecision, GateRelease, JudgedEffect, PolicyJudgement, RunEvent } from '@cs/contracts';
import { policyApprovalOf } from './policy-approval.js';
import type { JudgeEffect } from './policy.commands.js';
import { claimBy, effectOf, history, requestId, runId } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now, scenario } from './run-scenario.fixture.js';
import { planRun } from './run-plan.js';

const hour = 3_600_000;
const { http, gate } = nodes;
const definition = definitionOf(http('look'), http('pay', ['look'], { risk_tier: 'consequential_write' }), http('tell', ['pay']));
const past = history(definition);
const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;
const judged: JudgedEffect = {
  automation_id: 'refunds', node_id: 'pay', action_kind: 'http', data_classes: [], requested_by: { kind: 'human', actor_id: 'ada' }, trigger_type: 'manual', numbers: {}, texts: {}, is_partial: false, has_secret_content: false,
};
const judgement = (outcome: PolicyJudgement['outcome'], extra: Partial<PolicyJudgement> = {}): PolicyJudgement => ({
  outcome, reason_code: 'because', reason: 'because it is so', elevated: false, policy_version: '1:x', policy_ids: ['p'], ...extra,
});
const judge = (outcome: PolicyJudgement['outcome'], extra: Partial<JudgeEffect> = {}, more: Partial<PolicyJudgement> = {}): JudgeEffect => ({
  type: 'judge_effect', node_id: 'pay', judgement: judgement(outcome, more), judged, arguments_digest: digestOf('a'), ...extra,
});
const ready = [past.created, past.claimed(1), past.started('look', effectOf('look')), past.completed('look')];
const { given } = scenario(definition);

/** Events of commands one after the other, on top of others. */
const following = (history: readonly RunEvent[], ...commands: readonly Parameters<ReturnType<typeof given>['when']>[0][]): readonly RunEvent[] =>
  commands.reduce<readonly RunEvent[]>((events, command) => {
    const more: RunEvent[] = [];
    given(events).when(command).collect(more);
    if (more.length === 0) throw new Error(`${command.type} came to nothing`);
    return [...events, ...more];
  }, history);

const release = (letter = 'a'): GateRelease => ({ node_id: 'pay', action_kind: 'http', arguments: { body: letter }, digest: digestOf(letter) });
const open = (letter = 'a') => ({ type: 'open_gate', node_id: 'pay', title: 'Pay?', releases: [release(letter)] }) as const;
const decided = (decision: GateDecision) => ({ type: 'decide_gate', decision, decided_by: { kind: 'human', actor_id: 'bob' } }) as const;
const claimed = (events: readonly RunEvent[]): readonly RunEvent[] => following(events, claimBy('runner-2', foldEvents(events)?.version ?? 0));
const held = following(ready, judge('approval_required'));
const approved = claimed(following(held, open(), decided('approve')));

describe('judging an effect', () => {
  it('that is allowed is recorded with its number, attempt and effect, and the node may start', () => {
    given(ready).when(judge('allow')).then([{
      event_type: 'policy_effect_allowed',
      data: {
        decision_id: `policy_decision:${runId}:1`, node_id: 'pay', attempt: 1, effect_id: `${runId}:pay:0`, decision: 'allow', reason_code: 'because', reason: 'because it is so',
        judgement: judgement('allow'), arguments_digest: digestOf('a'), judged,
      },
    }]);
    given(following(ready, judge('allow'))).when({ type: 'start_node', node_id: 'pay', mode: 'keyed' }).thenTypes('node_started');
  });

  it('that is denied fails its node for good', () => {
    given(ready).when(judge('deny', {}, { reason_code: 'frozen' })).thenTypes('policy_effect_denied', 'node_failed')
      .thenRun({ checkpoint: { last_failure: { node_id: 'pay', kind: 'policy_denied', message: 'frozen: because it is so' } } });
  });

  it('that needs an approval holds the node back; a gate may open at it', () => {
    given(held).when({ type: 'start_node', node_id: 'pay', mode: 'keyed' }).thenRefused('node_not_ready');
    given(held).when(judge('allow')).thenRefused('node_not_ready');
    given(held).when({ type: 'settle' }).thenRefused('work_left');
    given(held).when(open()).thenTypes('approval_gate_opened').thenRun({
      status: 'awaiting_approval',
      checkpoint: {
        blocked_nodes: ['tell'],
        awaiting_gate: { node_id: 'pay', gate_opening_id: `${requestId('pay')}:1`, decisions: ['approve', 'rework', 'cancel'], expires_at_ms: now + 72 * hour, policy: { decision_id: `policy_decision:${runId}:1`, reason_code: 'because' } },
      },
    });
  });

  it('is refused for a node that is not about to start', () => {
    given(past.created, past.claimed(1)).when(judge('allow')).thenRefused('node_not_ready');
    given(ready, past.started('pay', effectOf('pay'))).when(judge('allow')).thenRefused('node_not_ready');
    given(past.created).when(judge('allow')).thenRefused('node_not_ready');
  });
});

describe('the gate that a policy opened', () => {
  it('approved lets the node start, and completes nothing', () => {
    given(following(held, open())).when(decided('approve')).thenTypes('approval_gate_decided').thenRun({ status: 'queued', checkpoint: { policy_holds: {}, completed_nodes: ['look'] } });
    given(approved).when(judge('approval_required')).thenTypes('policy_approval_used').thenRun({ checkpoint: { approval_uses: { [`${requestId('pay')}:1#pay`]: `${runId}:pay:0` }, policy_decisions: 2 } });
  });

  it('sent back resets what the node depends on and the node; cancelled ends the run', () => {
    given(following(held, open())).when(decided('rework')).thenTypes('approval_gate_decided', 'node_approval_rollback').thenRun({ status: 'queued', checkpoint: { policy_holds: {}, pending_nodes: ['look', 'pay', 'tell'] } });
    given(following(held, open())).when(decided('cancel')).thenTypes('approval_gate_decided', 'run_cancelled');
  });

  it('is one for an hour, for elevated reviewers and the named role, where the policy says so', () => {
    const elevated = following(ready, judge('approval_required', {}, { elevated: true, approver_role: 'operator' }));
    given(elevated).when(open()).thenRun({ checkpoint: { awaiting_gate: { expires_at_ms: now + hour, approvers: [{ kind: 'role', id: 'operator' }], metadata: { gate: { reviewer_eligibility: 'elevated_reviewer' } } } } });
  });

  it('takes no word of whoever wrote the node about who may approve', () => {
    const lenient = definitionOf(http('pay', [], { risk_tier: 'consequential_write', metadata: { reviewer_eligibility: 'none', gate: { reviewer_eligibility: 'none' }, risk_tier: 'read_discover', resource: { resource_id: 'x' } } }));
    const { created, claimed: claim } = history(lenient);
    const of = scenario(lenient);
    const events: RunEvent[] = [];
    of.given(created, claim(1)).when(judge('approval_required')).collect(events);
    of.given(created, claim(1), events).when(open()).thenRun({ checkpoint: { awaiting_gate: { metadata: { gate: { reviewer_eligibility: 'any_human_reviewer' } } } } });
    expect(of.given(created, claim(1), events).run()?.checkpoint.policy_holds).toHaveProperty('pay');
  });

  it('opens again under a new id when an operator resets the node while it is open', () => {
    const reset: RunEvent = { event_type: 'run_task_continued', data: { node_id: 'pay', mode: 'minimal_reset', reset_nodes: ['pay'], cleared_outputs: [], unknown_effects: [], reason: 'again' } };
    const again = following(claimed([...following(held, open()), reset]), judge('approval_required'));
    given(again).when(open()).thenRun({ checkpoint: { awaiting_gate: { gate_opening_id: `${requestId('pay')}:2` } } });
  });
});

describe('an approval', () => {
  it('holds for its arguments only', () => {
    given(approved).when(judge('approval_required', { arguments_digest: digestOf('b') })).thenTypes('policy_approval_required');
  });

  it('holds for its time only', () => {
    given(approved).when(judge('approval_required'), now + 72 * hour - 1).thenTypes('policy_approval_used');
    given(approved).when(judge('approval_required'), now + 72 * hour).thenTypes('policy_approval_required');
  });

  it('holds for every attempt of the effect that it was used for, and for no other effect', () => {
    const used = following(approved, judge('approval_required'), { type: 'start_node', node_id: 'pay', mode: 'keyed' });
    const retried = [...used, past.backingOff('pay'), past.parked(['w'], now), { event_type: 'stateful_wait_woken_requeued', data: { wait_id: `automation-v2:${runId}:pay:0:backoff:1`, node_id: 'pay', wait_kind: 'retry_backoff' } } as unknown as RunEvent];
    const woken = foldEvents(retried);
    expect(woken?.checkpoint.approval_uses).toEqual({ [`${requestId('pay')}:1#pay`]: `${runId}:pay:0` });
    const reset = claimed([...used, past.failed('pay'), { event_type: 'run_task_retried', data: { node_id: 'pay', reset_nodes: ['pay', 'tell'], cleared_outputs: ['pay'], unknown_effects: [], reason: 'x', definition: { workflow_definition_version: 'v1', workflow_definition_snapshot_hash: digestOf('0'), node_ids: ['look', 'pay', 'tell'] } } }]);
    given(reset).when(judge('approval_required')).thenTypes('policy_approval_required');
  });

  it('of an earlier opening holds no more once a later one was sent back', () => {
    const later = claimed(following(following(approved, judge('approval_required', { arguments_digest: digestOf('b') })), open('b'), decided('rework')));
    expect(policyApprovalOf(foldEvents(later) as NonNullable<ReturnType<typeof foldEvents>>, 'pay')).toBeUndefined();
  });
});

describe('the terms of an approval', () => {
  const approvedOn = (terms: Partial<PolicyJudgement>): readonly RunEvent[] => claimed(following(following(ready, judge('approval_required', {}, terms)), open(), decided('approve')));

  it('cover no stricter ones that hold by then', () => {
    for (const [given_, asked, type] of [
      [{}, { elevated: true }, 'policy_approval_required'], [{ elevated: true }, { elevated: true }, 'policy_approval_used'], [{ elevated: true }, {}, 'policy_approval_used'],
      [{}, { approver_role: 'lead' }, 'policy_approval_required'], [{ approver_role: 'lead' }, { approver_role: 'lead' }, 'policy_approval_used'], [{ approver_role: 'lead' }, { approver_role: 'cfo' }, 'policy_approval_required'],
    ] as const) {
      given(approvedOn(given_)).when(judge('approval_required', {}, asked)).thenTypes(type);
    }
  });
});

describe('an automation that has used up what it may do without asking', () => {
  const exceeded = { exceeded_budget: { reason_code: 'daily_autonomy_budget_exceeded', reason: 'one a day' } };

  it('asks an operator where the policy would allow; what the policy itself asks for or denies stays so', () => {
    given(ready).when(judge('allow', exceeded)).thenTypes('policy_approval_required').thenRun({ checkpoint: { policy_holds: { pay: { reason_code: 'daily_autonomy_budget_exceeded', approver_role: 'operator', elevated: false } } } });
    given(ready).when(judge('approval_required', exceeded, { elevated: true })).thenRun({ checkpoint: { policy_holds: { pay: { reason_code: 'because', elevated: true } } } });
    given(ready).when(judge('deny', exceeded)).thenTypes('policy_effect_denied', 'node_failed');
  });
});

describe('the plan of a run', () => {
  it('has a held node among its gates, in the order of the definition', () => {
    const flow = definitionOf(gate('last', [], {}), http('a', [], { risk_tier: 'external_send' }), gate('later', [], {}));
    const { created, claimed: claim } = history(flow);
    const events: RunEvent[] = [];
    scenario(flow).given(created, claim(1)).when(judge('approval_required', { node_id: 'a' })).collect(events);
    const run = foldEvents([created, claim(1), ...events]);
    expect(run && planRun(run, flow)).toMatchObject({ ready: [], gates: [{ node_id: 'last' }, { node_id: 'a' }, { node_id: 'later' }] });
  });
});
