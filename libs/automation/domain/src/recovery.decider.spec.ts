import type { AutomationDefinition, Run, RunEvent, RunCompensation, RunDeadLetter } from '@cs/contracts';
import { claimBy, effectOf, failed, failure, history, runId, succeeded } from './run-history.fixture.js';
import type { RunCommand } from './run.commands.js';
import { decideRun } from './run.decider.js';
import { evolveRun } from './run-evolution.js';
import { definitionOf, nodes, now } from './run-scenario.fixture.js';
import { dispatchBackoffMs } from './retry-dispatch.js';

const ada = { kind: 'human', actor_id: 'ada', source: 'api_key' } as const;
const undo = { kind: 'http', method: 'POST', url: 'http://peer/undo' } as const;
const refund = definitionOf(nodes.http('pay'), nodes.http('notify', ['pay'], { retry_policy: { max_attempts: 1 }, compensate: undo }), nodes.transform('end', ['notify']));
const letterId = `dead-letter-${runId}-notify-0`;
const compensationId = `compensation-${runId}-notify-0`;

/** A run that commands are decided on, one after the other. */
class Story {
  run: Run | undefined;
  at_ms = now;
  events: readonly RunEvent[] = [];

  constructor(readonly definition: AutomationDefinition, past: readonly RunEvent[]) {
    for (const event of past) this.run = evolveRun(this.run, { ...event, recorded_at_ms: now });
  }

  when(command: RunCommand): readonly RunEvent[] {
    const decision = decideRun(command, this.run, { at_ms: this.at_ms, definition: this.definition });
    if (decision.kind === 'refused') throw new Error(decision.refusal.code);
    this.events = decision.events;
    for (const event of decision.events) this.run = evolveRun(this.run, { ...event, recorded_at_ms: this.at_ms });
    return decision.events;
  }

  types(command: RunCommand): readonly string[] {
    return this.when(command).map(({ event_type }) => event_type);
  }

  refused(command: RunCommand): string | undefined {
    const decision = decideRun(command, this.run, { at_ms: this.at_ms, definition: this.definition });
    return decision.kind === 'refused' ? decision.refusal.code : undefined;
  }

  /** A runner claims the run and lets a node come to this. */
  execute(node_id: string, result: Extract<RunCommand, { type: 'finish_node' }>['result'], mode: 'keyed' | 'none' = 'keyed'): this {
    this.when(claimBy('runner-1', this.run?.queued_at_version ?? 0));
    this.when({ type: 'start_node', node_id, mode });
    this.when({ type: 'finish_node', node_id, attempt: this.run?.checkpoint.node_attempts[node_id] ?? 1, result });
    return this;
  }

  settle(): this {
    this.when({ type: 'settle' });
    return this;
  }

  letter(id = letterId): RunDeadLetter | undefined {
    return this.run?.checkpoint.recovery?.dead_letters[id];
  }

  compensation(id = compensationId): RunCompensation | undefined {
    return this.run?.checkpoint.recovery?.compensations[id];
  }
}

const { created, claimed, started, completed } = history(refund);
const refused = failed({ effect: 'answered', retryable: false });
/** A run that was paid for, and is about to notify. */
const notifying = () => new Story(refund, [created, claimed(), started('pay', effectOf('pay')), completed('pay'), started('notify', effectOf('notify'))]);
const failing = (result = refused): Story => {
  const story = notifying();
  story.when({ type: 'finish_node', node_id: 'notify', attempt: 1, result });
  return story.settle();
};
const choose = (choice: string, extra: object = {}): RunCommand => ({ type: 'choose_recovery', choice, by: ada, ...extra });
const dispatch: RunCommand = { type: 'dispatch_retry', dead_letter_id: letterId };
const approve: RunCommand = { type: 'decide_compensation', compensation_id: compensationId, decision: 'approve', by: ada };
const start: RunCommand = { type: 'start_compensation', compensation_id: compensationId, claimed_by: 'runner-1', lease_ms: 300_000 };

describe('an effect that is given up', () => {
  it('leaves a dead letter and a linked compensation in the commit that says so', () => {
    const story = notifying();
    expect(story.types({ type: 'finish_node', node_id: 'notify', attempt: 1, result: refused })).toEqual(['node_failed', 'effect_dead_lettered', 'compensation_proposed']);
    expect(story.letter()).toMatchObject({ status: 'open', source_type: 'tool_effect', outcome: 'failed', effect_id: effectOf('notify').effect_id, recovery_options: ['retry', 'ignore', 'abandon', 'compensate'], compensation_id: compensationId });
    expect(story.compensation()).toMatchObject({ status: 'proposed', approval_required: true, dead_letter_id: letterId, action: undo });
  });

  it('leaves none when the peer did it, but not as agreed', () => {
    const story = notifying();
    expect(story.types({ type: 'finish_node', node_id: 'notify', attempt: 1, result: failed({ failure: { kind: 'output_schema_invalid', message: 'no' } }) })).toEqual(['node_failed']);
  });

  it('is gone with its proposal when a later attempt succeeds and nobody has touched them', () => {
    const story = failing();
    story.when({ type: 'recover_run' });
    story.execute('notify', succeeded);
    expect([story.letter(), story.compensation()]).toEqual([undefined, undefined]);
  });

  it('stays where an operator touched it, and says that it is superseded', () => {
    const story = failing();
    story.when(choose('reconcile_external_effect', { dead_letter_id: letterId }));
    story.when(choose('compensate_pending_effects', { compensation_id: compensationId }));
    story.when({ type: 'recover_run' });
    story.execute('notify', succeeded);
    expect(story.letter()).toMatchObject({ status: 'open', disposition: { disposition: 'reviewed' }, superseded: { effect_id: effectOf('notify', 'keyed', 1).effect_id } });
    expect(story.compensation()).toMatchObject({ status: 'awaiting_approval', superseded: {} });
  });

  it('stays when it may have happened: another effect that succeeded does not say what became of it', () => {
    const story = failing(failed({ effect: 'unknown', retryable: false }));
    expect(story.letter()).toMatchObject({ outcome: 'unknown' });
    story.when({ type: 'recover_run' });
    story.execute('notify', succeeded);
    expect([story.letter()?.status, story.compensation()?.status]).toEqual(['open', 'proposed']);
  });
});

describe('an effect of which an attempt may have happened', () => {
  const risky = definitionOf(nodes.http('pay'), nodes.http('notify', ['pay'], { risk_tier: 'external_send', compensate: undo }), nodes.transform('end', ['notify']));
  const of = history(risky);
  const timedOut = failed({ effect: 'unknown' });
  /** The first attempt was not heard of, and the second is about to begin. */
  const again = (result = timedOut): Story => {
    const story = new Story(risky, [of.created, of.claimed(), of.started('pay', effectOf('pay')), of.completed('pay'), of.started('notify', effectOf('notify'))]);
    story.when({ type: 'finish_node', node_id: 'notify', attempt: 1, result });
    story.when({ type: 'settle' });
    story.at_ms = now + 60_000;
    story.when({ type: 'wake_wait', wait_id: story.run?.checkpoint.open_waits[0]?.wait_id ?? '' });
    story.when(claimBy('runner-2', story.run?.queued_at_version ?? 0));
    return story;
  };
  const denial: RunCommand = {
    type: 'judge_effect', node_id: 'notify', arguments_digest: `sha256:${'a'.repeat(64)}`,
    judgement: { outcome: 'deny', reason_code: 'frozen', reason: 'nothing goes out today', elevated: false, policy_version: '1:x', policy_ids: ['p'] },
    judged: { automation_id: 'refunds', node_id: 'notify', action_kind: 'http', data_classes: [], requested_by: { kind: 'human', actor_id: 'ada' }, trigger_type: 'manual', numbers: {}, texts: {}, is_partial: false, has_secret_content: false },
  };
  const unknownLetter = { status: 'open', outcome: 'unknown', effect_id: effectOf('notify').effect_id, compensation_id: compensationId };

  it('leaves a dead letter when the policy denies its next attempt', () => {
    const story = again();
    expect(story.types(denial)).toEqual(['policy_effect_denied', 'node_failed', 'effect_dead_lettered', 'compensation_proposed']);
    expect(story.letter()).toMatchObject(unknownLetter);
    expect(story.compensation()).toMatchObject({ status: 'proposed', outcome: 'unknown' });
  });

  it('leaves none when the attempt before the denial certainly did not happen', () => {
    expect(again(failed({ effect: 'answered' })).types(denial)).toEqual(['policy_effect_denied', 'node_failed']);
    expect(again(failed({ effect: 'not_sent' })).types(denial)).toEqual(['policy_effect_denied', 'node_failed']);
  });

  it('leaves a dead letter when its next attempt cannot be made ready', () => {
    const story = again();
    story.when({ type: 'reject_node', node_id: 'notify', failure: { kind: 'expression_failed', message: 'no secret' } });
    expect(story.letter()).toMatchObject(unknownLetter);
  });

  it.each(['not_sent', 'answered'] as const)('stays unknown when a later attempt is %s, whether the first was not heard of or its runner died', (effect) => {
    const last = { type: 'finish_node', node_id: 'notify', attempt: 2, result: failed({ effect, retryable: false }) } as const;
    const story = again();
    story.when({ type: 'start_node', node_id: 'notify', mode: 'keyed' });
    story.when(last);
    expect(story.letter()).toMatchObject(unknownLetter);
    const died = new Story(risky, [of.created, of.claimed(), of.started('pay', effectOf('pay')), of.completed('pay'), of.started('notify', effectOf('notify'))]);
    died.at_ms += 15_000;
    died.when(claimBy('runner-2', died.run?.queued_at_version ?? 0));
    died.when({ type: 'recover_node', node_id: 'notify' });
    died.when(last);
    expect(died.letter()).toMatchObject(unknownLetter);
  });

  it('stays unknown when its retry is denied', () => {
    const story = again();
    story.when(denial);
    story.when({ type: 'settle' });
    story.when(choose('retry_failed_effect', { dead_letter_id: letterId }));
    story.when(claimBy('runner-3', story.run?.queued_at_version ?? 0));
    expect(story.types(denial)).toContain('effect_dead_lettered');
    expect(story.letter()).toMatchObject({ ...unknownLetter, status: 'retrying' });
  });

  it('is remembered when its run ends amid it', () => {
    const story = new Story(risky, [of.created, of.claimed(), of.started('pay', effectOf('pay')), of.completed('pay'), of.started('notify', effectOf('notify'))]);
    story.when({ type: 'fail_run', detail: 'no definition' });
    expect(story.run?.checkpoint.unknown_effects).toEqual({ notify: effectOf('notify').effect_id });
  });

  it.each<[string, RunCommand, string]>([
    ['fails', { type: 'fail_run', detail: 'no definition' }, 'run_failed'],
    ['is cancelled', { type: 'cancel_run', reason: 'stop' }, 'run_stopped'],
    ['is given up as stale', { type: 'reap_stale' }, 'run_failed_stale_no_provider_activity'],
  ])('leaves a dead letter and a linked compensation when its run %s amid it', (_how, command, end) => {
    const story = new Story(risky, [of.created, of.claimed(), of.started('pay', effectOf('pay')), of.completed('pay'), of.started('notify', effectOf('notify'), 3)]);
    story.at_ms += 600_000;
    expect(story.types(command)).toEqual(['effect_dead_lettered', 'compensation_proposed', end]);
    expect(story.letter()).toMatchObject({ ...unknownLetter, attempts: 3 });
  });

  it('leaves one also when its run is cancelled before the next attempt, and no second one', () => {
    const story = again();
    expect(story.types({ type: 'cancel_run', reason: 'stop' })).toEqual(['effect_dead_lettered', 'compensation_proposed', 'run_stopped']);
    const known = again();
    known.when(denial);
    expect(known.types({ type: 'cancel_run', reason: 'stop' })).toEqual(['run_stopped']);
    const done = notifying();
    done.when({ type: 'finish_node', node_id: 'notify', attempt: 1, result: succeeded });
    expect(done.types({ type: 'cancel_run', reason: 'stop' })).toEqual(['run_stopped']);
  });

  it('is known once an attempt succeeds, and a reset begins another', () => {
    const story = again();
    expect(story.run?.checkpoint.unknown_effects).toEqual({ notify: effectOf('notify').effect_id });
    story.when({ type: 'start_node', node_id: 'notify', mode: 'keyed' });
    story.when({ type: 'finish_node', node_id: 'notify', attempt: 2, result: succeeded });
    expect(story.run?.checkpoint.unknown_effects).toEqual({});
    const reset = again();
    reset.when(denial);
    reset.when({ type: 'settle' });
    expect(reset.when({ type: 'recover_run' })[0]).toMatchObject({ data: { unknown_effects: ['notify'] } });
    expect(reset.run?.checkpoint.unknown_effects).toEqual({});
  });

  it('is remembered for no effect that may be repeated at will', () => {
    const safe = new Story(risky, [of.created, of.claimed(), of.started('pay', effectOf('pay', 'safe'))]);
    safe.when({ type: 'finish_node', node_id: 'pay', attempt: 1, result: timedOut });
    expect(safe.run?.checkpoint.unknown_effects).toBeUndefined();
  });
});

describe('items of a list whose attempts may have happened', () => {
  it('leave a dead letter each when the policy denies what is left of the list', () => {
    const each = definitionOf(nodes.http('notify', [], { risk_tier: 'external_send', for_each: { items: '{{ input.all }}', max_parallel: 2 } }));
    const of = history(each);
    const story = new Story(each, [of.created, of.claimed()]);
    story.when({ type: 'start_fan_out', node_id: 'notify', items: [1, 2, 3] });
    for (const item of [0, 1]) story.when({ type: 'start_node', node_id: 'notify', item, mode: 'keyed' });
    story.when({ type: 'finish_node', node_id: 'notify', item: 0, attempt: 1, result: failed({ effect: 'unknown' }) });
    story.when({ type: 'finish_node', node_id: 'notify', item: 1, attempt: 1, result: failed({ effect: 'unknown', retryable: false }) });
    expect(Object.values(story.run?.checkpoint.recovery?.dead_letters ?? {}).map(({ item }) => item)).toEqual([1]);
    const events = story.when({ type: 'judge_effect', node_id: 'notify', arguments_digest: `sha256:${'a'.repeat(64)}`,
      judgement: { outcome: 'deny', reason_code: 'frozen', reason: 'no', elevated: false, policy_version: '1:x', policy_ids: [] },
      judged: { automation_id: 'refunds', node_id: 'notify', action_kind: 'http', data_classes: [], requested_by: ada, trigger_type: 'manual', numbers: {}, texts: {}, is_partial: false, has_secret_content: false } });
    expect(events.filter(({ event_type }) => event_type === 'effect_dead_lettered')).toMatchObject([{ data: { item: 0, outcome: 'unknown' } }]);
  });
});

describe('the retry of a dead letter', () => {
  it('drives the run in the commit of the choice, and once however often it is chosen', () => {
    const story = failing();
    expect(story.types(choose('retry_failed_effect', { dead_letter_id: letterId }))).toEqual(['recovery_choice_recorded', 'dead_letter_disposition_recorded', 'stateful_dead_letter_retry_requeued']);
    expect(story.run).toMatchObject({ status: 'queued', resume_reason: 'stateful_dead_letter_retry_dispatched', checkpoint: { node_generations: { notify: 1 } } });
    expect(story.letter()).toMatchObject({ status: 'retrying', dispatches: 1 });
    expect(story.types(choose('retry_failed_effect', { dead_letter_id: letterId }))).toEqual(['recovery_choice_recorded']);
    expect(story.types(dispatch)).toEqual([]);
  });

  it('has the same command of a caller once', () => {
    const story = failing();
    const command = { command_id: 'key', fingerprint: 'f' };
    story.when(choose('retry_failed_effect', { command }));
    expect(story.when(choose('retry_failed_effect', { command }))).toEqual([]);
    expect(story.refused(choose('abandon_with_audit', { command: { ...command, fingerprint: 'other' } }))).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('honours its back-off: 1 s × 2^n, at most five minutes', () => {
    expect([0, 1, 2, 3, 9].map(dispatchBackoffMs)).toEqual([1000, 2000, 4000, 8000, 300_000]);
    const story = failing();
    story.when(choose('retry_failed_effect'));
    story.execute('notify', refused).settle();
    expect(story.letter()).toMatchObject({ status: 'retrying', dispatches: 1 });
    expect(story.types(dispatch)).toEqual([]);
    story.at_ms = now + 999;
    expect(story.types(dispatch)).toEqual([]);
    story.at_ms = now + 1000;
    expect(story.types(dispatch)).toEqual(['stateful_dead_letter_retry_requeued']);
  });

  it('is resolved when it is superseded by a success', () => {
    const story = failing();
    story.when(choose('retry_failed_effect'));
    story.execute('notify', succeeded);
    expect(story.letter()).toMatchObject({ status: 'resolved', disposition: { disposition: 'retry_succeeded' }, superseded: { effect_id: effectOf('notify', 'keyed', 1).effect_id } });
    expect(story.types(dispatch)).toEqual([]);
    expect(story.refused(choose('retry_failed_effect', { dead_letter_id: letterId }))).toBe('stateful_dead_letter_settled');
  });

  it('parks when it is exhausted, after five dispatches, until somebody asks again', () => {
    const story = failing();
    story.when(choose('retry_failed_effect'));
    for (let dispatches = 1; dispatches < 5; dispatches += 1) {
      story.execute('notify', refused).settle();
      story.at_ms += 300_000;
      expect(story.types(dispatch)).toEqual(['stateful_dead_letter_retry_requeued']);
    }
    story.execute('notify', refused).settle();
    story.at_ms += 300_000;
    expect(story.types(dispatch)).toEqual(['dead_letter_disposition_recorded']);
    expect(story.letter()).toMatchObject({ status: 'ignored', dispatches: 5, disposition: { disposition: 'retry_exhausted' } });
    expect(story.types(dispatch)).toEqual([]);
    expect(story.types(choose('retry_failed_effect', { dead_letter_id: letterId })).at(-1)).toBe('stateful_dead_letter_retry_requeued');
  });

  it('skips runs that are not failed or blocked', () => {
    const story = failing();
    story.when(choose('retry_failed_effect'));
    story.at_ms = now + 300_000;
    expect(story.run?.status).toBe('queued');
    expect(story.types(dispatch)).toEqual([]);
    story.when({ type: 'cancel_run' });
    expect(story.types(dispatch)).toEqual([]);
  });

  it('is not starved by a high attempt of the node: the dispatches count, not the attempts', () => {
    const story = new Story(refund, [created, claimed(), started('pay', effectOf('pay')), completed('pay'), started('notify', effectOf('notify'), 9)]);
    story.when({ type: 'finish_node', node_id: 'notify', attempt: 9, result: refused });
    story.settle();
    expect(story.types(choose('retry_failed_effect')).at(-1)).toBe('stateful_dead_letter_retry_requeued');
  });

  it('sends what may have happened again under its key, and what the peer refused under a new one', () => {
    const unknown = failing(failed({ effect: 'unknown', retryable: false }));
    unknown.when(choose('retry_failed_effect'));
    unknown.when(claimBy('runner-1', unknown.run?.queued_at_version ?? 0));
    expect(unknown.when({ type: 'start_node', node_id: 'notify', mode: 'keyed' })).toMatchObject([{ data: { effect: { idempotency_key: `${runId}:notify:0` } } }]);
    const answered = failing();
    answered.when(choose('retry_failed_effect'));
    answered.when(claimBy('runner-1', answered.run?.queued_at_version ?? 0));
    expect(answered.when({ type: 'start_node', node_id: 'notify', mode: 'keyed' })).toMatchObject([{ data: { effect: { idempotency_key: `${runId}:notify:1` } } }]);
  });

  it('sends a blocked effect again under its key, because an operator said so, and leaves others blocked', () => {
    const two = definitionOf(nodes.http('pay'), nodes.http('notify'));
    const of = history(two);
    const story = new Story(two, [of.created, of.claimed(), of.started('pay', effectOf('pay', 'none')), of.started('notify', effectOf('notify', 'none'))]);
    for (const node_id of ['pay', 'notify']) story.when({ type: 'finish_node', node_id, attempt: 1, result: failed() });
    story.settle();
    expect(story.run?.status).toBe('blocked');
    story.when(choose('retry_failed_effect', { dead_letter_id: letterId }));
    expect(story.run).toMatchObject({ status: 'queued', checkpoint: { blocked_nodes: ['pay'], node_generations: {} } });
  });
});

describe('choices of an operator', () => {
  it('ask for a word, and know what they are about', () => {
    const story = failing();
    expect(story.refused(choose('  '))).toBe('stateful_recovery_choice_required');
    expect(story.refused(choose('abandon_with_audit', { dead_letter_id: 'other' }))).toBe('stateful_dead_letter_not_found');
    expect(story.refused(choose('compensate', { compensation_id: 'other' }))).toBe('stateful_compensation_not_found');
  });

  it.each(['retry_failed_effect', 'compensate', 'reconcile_external_effect'])('know no effect that the run cannot have had: %s', (choice) => {
    const story = failing();
    for (const target_effect_id of ['other', `${runId}:notify:1`, `${runId}:end:0`, `${runId}:unknown:0`]) expect(story.refused(choose(choice, { target_effect_id }))).toBe('stateful_effect_not_found');
    for (const node_id of ['pay', 'notify']) expect(story.refused(choose(choice, { target_effect_id: effectOf(node_id).effect_id }))).toBeUndefined();
  });

  it('know the effects of earlier resets, of items, and of what undoes others', () => {
    const each = definitionOf(nodes.http('notify', [], { for_each: { items: '{{ input.all }}', max_parallel: 2 } }));
    const of = history(each);
    const items = new Story(each, [of.created, of.claimed()]);
    items.when({ type: 'start_fan_out', node_id: 'notify', items: [1, 2] });
    expect(items.refused(choose('reconcile_external_effect', { target_effect_id: `${runId}:notify:0:1` }))).toBeUndefined();
    expect(items.refused(choose('reconcile_external_effect', { target_effect_id: `${runId}:notify:0:2` }))).toBe('stateful_effect_not_found');
    const reset = failing();
    reset.when({ type: 'recover_run' });
    for (const suffix of ['', ':compensation']) expect(reset.refused(choose('reconcile_external_effect', { target_effect_id: `${effectOf('notify').effect_id}${suffix}` }))).toBeUndefined();
    expect(reset.refused(choose('reconcile_external_effect', { target_effect_id: effectOf('notify', 'keyed', 1).effect_id }))).toBe('stateful_effect_not_found');
  });

  it.each([
    ['abandon_with_audit', 'ignored', 'audit_disposition_only'], ['ignore_dead_letter', 'ignored', 'audit_disposition_only'], ['retry_dead_letter', 'retrying', 'automatic_retry_dispatch'],
    ['compensate', 'linked_to_compensation', 'stateful_compensation_engine'], ['resume_from_checkpoint', 'open', 'operator_request_record_only'],
    ['reconcile_external_effect', 'open', 'operator_request_record_only'], ['compensate_pending_effects', 'linked_to_compensation', 'stateful_compensation_engine'], ['retry_failed_effect', 'retrying', 'automatic_retry_dispatch'], ['something else', 'open', 'operator_review_record_only'],
  ])('%s: the dead letter is %s, and the mode %s', (choice, status, execution_mode) => {
    const story = failing();
    expect(story.when(choose(choice, { dead_letter_id: letterId }))[0]).toMatchObject({ event_type: 'recovery_choice_recorded', data: { execution_mode } });
    expect(story.letter()?.status).toBe(status);
  });

  it('never flip a dead letter to retry when the run is to be resumed from its checkpoint', () => {
    const story = failing();
    story.when(choose('resume_from_checkpoint', { dead_letter_id: letterId }));
    expect([story.run?.status, story.letter()?.status]).toEqual(['failed', 'open']);
  });
});

describe('a compensation', () => {
  it('is executed only when a person has approved it', () => {
    const story = failing();
    expect(story.types(start)).toEqual([]);
    expect(story.types(choose('compensate', { compensation_id: compensationId }))).toEqual(['recovery_choice_recorded', 'compensation_moved']);
    expect(story.compensation()?.status).toBe('awaiting_approval');
    expect(story.types(start)).toEqual([]);
    story.when(approve);
    expect(story.when(start)).toMatchObject([{ event_type: 'compensation_started', data: { attempt: 1, effect: { idempotency_key: `${runId}:notify:0:compensation`, mode: 'keyed' } } }]);
  });

  it('is executed once by two who try, and again under the same key when the first is gone', () => {
    const story = failing();
    story.when(approve);
    story.when(start);
    expect(story.types(start)).toEqual([]);
    story.at_ms = now + 300_000;
    expect(story.when(start)).toMatchObject([{ data: { attempt: 2, effect: { idempotency_key: `${runId}:notify:0:compensation` } } }]);
    const done = (attempt: number): RunCommand => ({ type: 'finish_compensation', compensation_id: compensationId, attempt, result: { kind: 'succeeded', output: { status: 200 } } });
    expect(story.types(done(1))).toEqual([]);
    expect(story.types(done(2))).toEqual(['compensation_completed']);
    expect([story.types(done(2)), story.types(start), story.types(approve)]).toEqual([[], [], []]);
    expect(story.compensation()).toMatchObject({ status: 'completed', receipt_effect_id: `${runId}:notify:0:compensation` });
    expect(story.letter()).toMatchObject({ status: 'linked_to_compensation' });
  });

  it.each(['its executor died', 'it was not heard of'])('that may have happened stays unknown when a later attempt is refused or not sent: %s', (how) => {
    const refusal = (attempt: number, outcome: 'failed' | 'unknown'): RunCommand => ({ type: 'finish_compensation', compensation_id: compensationId, attempt, result: { kind: 'failed', outcome, failure } });
    const story = failing();
    story.when(approve);
    story.when(start);
    if (how === 'its executor died') story.at_ms += 300_000;
    else for (const command of [refusal(1, 'unknown'), approve]) story.when(command);
    story.when(start);
    for (const attempt of [2, 3]) {
      expect(story.when(refusal(attempt, 'failed'))).toMatchObject([{ event_type: 'compensation_failed', data: { outcome: 'unknown' } }]);
      story.when(approve);
      story.when(start);
    }
    const known = failing();
    for (const command of [approve, start]) known.when(command);
    expect(known.when(refusal(1, 'failed'))).toMatchObject([{ data: { outcome: 'failed' } }]);
  });

  it('that may not be sent twice is left to a person when its executor is gone', () => {
    const once = definitionOf(nodes.http('notify', [], { compensate: { ...undo, idempotency: 'none' } }));
    const of = history(once);
    const story = new Story(once, [of.created, of.claimed(), of.started('notify', effectOf('notify'))]);
    story.when({ type: 'finish_node', node_id: 'notify', attempt: 1, result: refused });
    story.when(approve);
    story.when(start);
    story.at_ms = now + 300_000;
    expect(story.when(start)).toMatchObject([{ event_type: 'compensation_failed', data: { outcome: 'unknown' } }]);
  });

  it('cannot be decided once it is over, nor cancelled while it is executed', () => {
    const story = failing();
    story.when(approve);
    story.when(start);
    expect(story.refused({ ...approve, decision: 'cancel' } as RunCommand)).toBe('stateful_compensation_not_pending');
    const other = failing();
    other.when({ ...approve, decision: 'cancel' } as RunCommand);
    expect(other.refused(approve)).toBe('stateful_compensation_not_pending');
    expect(other.types(start)).toEqual([]);
  });

  it.each([['itself', { compensation_id: compensationId }], ['its letter', { dead_letter_id: letterId }], ['its effect', { target_effect_id: effectOf('notify').effect_id }]])('that was cancelled is not executed by naming %s, and its letter stays as it is', (_what, named) => {
    const story = failing();
    story.when({ ...approve, decision: 'cancel' } as RunCommand);
    expect(story.refused(choose('compensate', named))).toBe('stateful_compensation_not_pending');
    expect(story.letter()).toMatchObject({ status: 'open' });
    expect(story.types(choose('compensate'))).toEqual(['recovery_choice_recorded']);
  });

  it('that is executed, or was completed, is not cancelled by abandoning it; one whose executor is gone is', () => {
    const abandon = choose('abandon_with_audit', { compensation_id: compensationId });
    const story = failing();
    story.when(approve);
    story.when(start);
    expect(story.refused(abandon)).toBe('stateful_compensation_not_pending');
    story.at_ms = now + 300_000;
    expect(story.types(abandon)).toEqual(['recovery_choice_recorded', 'compensation_moved']);
    expect([story.compensation()?.status, story.types(abandon)]).toEqual(['cancelled', ['recovery_choice_recorded']]);
    const done = failing();
    for (const command of [approve, start]) done.when(command);
    done.when({ type: 'finish_compensation', compensation_id: compensationId, attempt: 1, result: { kind: 'succeeded', output: null } });
    expect(done.refused(abandon)).toBe('stateful_compensation_not_pending');
  });

  it('that no definition declares links no dead letter: it can still be retried', () => {
    const bare = definitionOf(nodes.http('notify'));
    const of = history(bare);
    const story = new Story(bare, [of.created, of.claimed(), of.started('notify', effectOf('notify'))]);
    story.when({ type: 'finish_node', node_id: 'notify', attempt: 1, result: refused });
    for (const named of [{ dead_letter_id: letterId }, { target_effect_id: effectOf('notify').effect_id }]) expect(story.refused(choose('compensate', named))).toBe('stateful_dead_letter_choice_unavailable');
    expect(story.letter()).toMatchObject({ status: 'open' });
  });

  it('that was completed is recorded as chosen again, and not executed twice', () => {
    const story = failing();
    story.when(approve);
    story.when(start);
    story.when({ type: 'finish_compensation', compensation_id: compensationId, attempt: 1, result: { kind: 'succeeded', output: null } });
    expect(story.types(choose('compensate', { compensation_id: compensationId }))).toEqual(['recovery_choice_recorded']);
    expect(story.compensation()).toMatchObject({ status: 'completed', attempts: 1 });
  });

  it('without a request is reported by a person, once it is approved', () => {
    const byHand = definitionOf(nodes.http('notify', [], { compensate: { compensation_type: 'call', approval_required: true, rollback_instruction: 'Call the customer.' } }));
    const of = history(byHand);
    const story = new Story(byHand, [of.created, of.claimed(), of.started('notify', effectOf('notify'))]);
    story.when({ type: 'finish_node', node_id: 'notify', attempt: 1, result: refused });
    const complete = { ...approve, decision: 'complete' } as RunCommand;
    expect(story.refused(complete)).toBe('stateful_compensation_not_approved');
    story.when(approve);
    expect(story.types(start)).toEqual([]);
    expect(story.types(complete)).toEqual(['compensation_completed']);
  });

  it('is proposed for an effect that succeeded, when an operator asks for it', () => {
    const story = notifying();
    story.when({ type: 'finish_node', node_id: 'notify', attempt: 1, result: succeeded });
    expect(story.types(choose('compensate', { target_effect_id: effectOf('notify').effect_id }))).toEqual(['recovery_choice_recorded', 'compensation_proposed', 'compensation_moved']);
    expect(story.compensation()).toMatchObject({ status: 'awaiting_approval', outcome: 'succeeded' });
  });

  it('of what is consequential is always approved', () => {
    const risky = definitionOf(nodes.http('notify', [], { risk_tier: 'money_movement_contract', compensate: { compensation_type: 'refund', approval_required: false, action: undo } }));
    const of = history(risky);
    const story = new Story(risky, [of.created, of.claimed(), of.started('notify', effectOf('notify'))]);
    story.when({ type: 'finish_node', node_id: 'notify', attempt: 1, result: refused });
    story.when(choose('compensate'));
    expect(story.compensation()?.status).toBe('awaiting_approval');
  });
});
