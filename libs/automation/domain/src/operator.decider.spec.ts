import type { RunEvent } from '@cs/contracts';
import { backoffWait, claimBy, effectOf, failed, failure, history, requestId, timerWait } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now, scenario } from './run-scenario.fixture.js';
import { runtimeContextMissing } from './reset-plan.js';
import { statefulStatus } from './run.state.js';

const { http, transform, gate, timer } = nodes;

/** Two branches from one root; `pay` and `tell` follow the left one. */
const definition = definitionOf(http('look_up'), http('left', ['look_up']), http('right', ['look_up']), http('pay', ['left']), transform('tell', ['pay']));
const { created, claimed, started, completed, blocked, parked, finished } = history(definition);
const { given } = scenario(definition);
const ran = (node_id: string): readonly RunEvent[] => [started(node_id, effectOf(node_id)), completed(node_id)];
const running = [created, claimed(1), ...ran('look_up')];
const asked = (reason: string): RunEvent => ({ event_type: 'run_pause_requested', data: { reason } });
const paused = (reason = 'paused by operator'): RunEvent => ({ event_type: 'run_paused', data: { reason } });
const key = { command_id: 'key-1', fingerprint: 'pause by ada' };
const ended = (detail: string, node_id?: string): RunEvent => ({ event_type: 'run_failed', data: { detail, ...(node_id === undefined ? {} : { node_id }) } });
const nodeFailed = (node_id: string): readonly RunEvent[] => [started(node_id, effectOf(node_id)), { event_type: 'node_failed', data: { node_id, attempt: 1, failure } }];

describe('pausing a run', () => {
  it('stops a running run at once, says why twice, and leaves what is under way to the next claim', () => {
    given(running, started('left', effectOf('left'))).when({ type: 'pause_run', reason: ' month end ' }).then([asked('month end'), paused('month end')])
      .thenRun({ status: 'paused', pause_reason: 'month end', checkpoint: { in_progress: { left: { attempt: 1 } } } });
    expect(given(running, started('left', effectOf('left')), asked('x'), paused('x')).run()).not.toHaveProperty('execution_claim');
  });

  it('stops a queued run, whatever it is queued for, and a run that waits', () => {
    const held: RunEvent = { event_type: 'run_launch_held', data: { queue_reason: 'capacity' } };
    const expected = { status: 'paused', pause_reason: 'paused by operator' };
    given(created).when({ type: 'pause_run' }).thenRun(expected);
    given(created, held).when({ type: 'pause_run' }).thenRun(expected);
    given(created, claimed(1), parked([], now + 1000)).when({ type: 'pause_run' }).thenRun(expected);
    given(created, claimed(1), parked([])).when({ type: 'pause_run' }).thenRun(expected);
    expect(statefulStatus(given(created, claimed(1), parked([]), asked('x'), paused('x')).run() ?? fail())).toBe('paused');
  });

  it('is refused for a run in any other status, with the status', () => {
    const code = 'AUTOMATION_V2_RUN_NOT_PAUSABLE';
    given(running, asked('x'), paused('x')).when({ type: 'pause_run' }).thenRefused(code, { currentStatus: 'paused' });
    given(running, finished).when({ type: 'pause_run' }).thenRefused(code, { currentStatus: 'completed' });
    given(running, asked('x')).when({ type: 'pause_run' }).thenRefused(code, { currentStatus: 'pausing' });
  });

  it('holds the node whose wait ends meanwhile until it is resumed', () => {
    const waits = definitionOf(timer('wait'), transform('after', ['wait']));
    const past = history(waits);
    const { given: of } = scenario(waits);
    const waiting = [past.created, past.claimed(1), past.waiting('wait'), past.parked([timerWait('wait').wait_id])];
    of(waiting, asked('x'), paused('x')).when({ type: 'wake_wait', wait_id: timerWait('wait').wait_id }, now + 5000)
      .thenRun({ status: 'paused', pause_reason: 'x', checkpoint: { completed_nodes: ['wait'], open_waits: [] } });
  });

  it('by way of its automation tells a running run first, and pauses it when its runner has let go', () => {
    given(running).when({ type: 'request_pause', reason: 'audit' }).then([asked('audit')]).thenRun({ status: 'pausing', pause_reason: 'audit', execution_claim: { lease_epoch: 1 } });
    given(running, asked('audit')).when({ type: 'settle_pause' }).then([paused('audit')]).thenRun({ status: 'paused', pause_reason: 'audit' });
    given(running, asked('audit')).when({ type: 'finish_node', node_id: 'left', attempt: 1, result: failed() }).thenRefused('node_not_in_progress');
  });

  it('by way of its automation leaves every run alone that is not running', () => {
    for (const past of [[created], [created, claimed(1), parked([])], [...running, asked('x')], [...running, finished]]) given(past).when({ type: 'request_pause' }).thenNothing();
    given(running).when({ type: 'settle_pause' }).thenNothing();
  });
});

describe('resuming a run', () => {
  it('queues it anew, clears why it was paused and stopped, and keeps outputs and attempts', () => {
    const stopped: RunEvent = { event_type: 'run_paused', data: { reason: 'too long', stop_kind: 'guardrail_stopped' } };
    given(running, started('left', effectOf('left')), asked('too long'), stopped).when({ type: 'resume_run' }).then([{ event_type: 'run_resumed', data: { reason: 'resumed by operator' } }])
      .thenRun({ status: 'queued', resume_reason: 'resumed by operator', checkpoint: { completed_nodes: ['look_up'], node_attempts: { look_up: 1, left: 1 } } });
    const run = foldEvents([{ event_type: 'run_resumed', data: { reason: 'go' } }], given(running, asked('too long'), stopped).run());
    for (const member of ['pause_reason', 'stop_kind', 'stop_reason']) expect(run).not.toHaveProperty(member);
  });

  it('sends a keyed effect that was under way again under its key, and blocks one without a promise', () => {
    const resumed: RunEvent = { event_type: 'run_resumed', data: { reason: 'go' } };
    const again = (mode: 'keyed' | 'none') => given(running, started('left', effectOf('left', mode)), asked('x'), paused('x'), resumed, claimed(2)).when({ type: 'recover_node', node_id: 'left' });
    again('keyed').then([{ event_type: 'node_started', data: { node_id: 'left', attempt: 2, effect: effectOf('left') } }]);
    again('none').thenTypes('node_blocked', 'effect_dead_lettered');
  });

  it('is refused for a run that is not paused', () => {
    given(running).when({ type: 'resume_run' }).thenRefused('AUTOMATION_V2_RUN_NOT_PAUSED', { currentStatus: 'running' });
    given(running, asked('x')).when({ type: 'resume_run' }).thenRefused('AUTOMATION_V2_RUN_NOT_PAUSED', { currentStatus: 'pausing' });
  });
});

describe('cancelling a run', () => {
  const stop: RunEvent = { event_type: 'run_stopped', data: { reason: 'cancelled by operator', stop_kind: 'operator_stopped' } };

  it('records operator_stopped, clears handles, and ends it', () => {
    given(running, started('left', effectOf('left', 'safe'))).when({ type: 'cancel_run' }).then([stop])
      .thenRun({ status: 'cancelled', detail: 'cancelled by operator', stop_reason: 'cancelled by operator', stop_kind: 'operator_stopped', finished_at_ms: now, checkpoint: { in_progress: {} } });
  });

  it('works from every status but cancelled, completed and failed', () => {
    for (const past of [[created], [...running, asked('x')], [...running, asked('x'), paused()], [created, claimed(1), parked([])]]) given(past).when({ type: 'cancel_run' }).then([stop]);
    const over = [...running, started('left', effectOf('left', 'none')), blocked('left'), { event_type: 'run_blocked', data: { detail: 'x', node_ids: ['left'] } } as const];
    given(over).when({ type: 'cancel_run' }).then([stop]);
  });

  it('is idempotent on terminal runs', () => {
    for (const end of [finished, ended('x'), stop]) given(running, end).when({ type: 'cancel_run' }).thenNothing();
  });

  it('leaves the open gate in the checkpoint, where nobody can decide it any more', () => {
    const signed = definitionOf(gate('sign'));
    const past = history(signed);
    const waiting = [past.created, past.claimed(1), past.opened('sign')];
    const { given: of } = scenario(signed);
    of(waiting).when({ type: 'cancel_run' }).thenRun({ status: 'cancelled', checkpoint: { awaiting_gate: { node_id: 'sign' } } });
    of(waiting, stop).when({ type: 'decide_gate', decision: 'approve', decided_by: { kind: 'human' } }).thenRefused('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', { currentStatus: 'cancelled' });
  });

  it('blocks an effect under way that may not be repeated, so that no later retry of another node sends it again', () => {
    const past = [...running, started('left', effectOf('left', 'none')), started('right', effectOf('right'))];
    given(past).when({ type: 'cancel_run' }).thenTypes('node_blocked', 'effect_dead_lettered', 'effect_dead_lettered', 'run_stopped').thenCheckpoint({ blocked_nodes: ['left'], in_progress: {} });
  });
});

describe('a command that comes again under its key', () => {
  const why = { reason: 'x', command: key };
  const past = [...running, { event_type: 'run_pause_requested', data: why } as const, paused('x')];

  it('has no second effect, whatever became of the run since', () => {
    given(past).when({ type: 'pause_run', command: key }).thenNothing();
    given(past, { event_type: 'run_resumed', data: { reason: 'go' } }, claimed(2)).when({ type: 'pause_run', command: key }).thenNothing();
  });

  it('is refused when it is another command', () => {
    given(past).when({ type: 'cancel_run', command: { ...key, fingerprint: 'cancel by ada' } }).thenRefused('IDEMPOTENCY_KEY_REUSED');
  });
});

describe('recovering a run', () => {
  const failedRight = [...running, ...ran('left'), ...nodeFailed('right'), ...ran('pay'), ended('node "right" failed: no answer', 'right')];
  const recovered = (roots: readonly string[], reset_nodes: readonly string[], { cleared = [], unknown = [] }: { cleared?: readonly string[]; unknown?: readonly string[] } = {}): RunEvent =>
    ({ event_type: 'run_recovered', data: { reason: 'recovered by operator', roots, reset_nodes, cleared_outputs: cleared, unknown_effects: unknown } });

  it('from pause keeps completed state and adds history', () => {
    given(running, asked('x'), paused('x')).when({ type: 'recover_run' }).then([{ event_type: 'run_recovered_from_pause', data: { reason: 'recovered from paused state by operator', cleared_nodes: [] } }])
      .thenRun({ status: 'queued', detail: 'recovered from paused state by operator', pause_reason: 'x', checkpoint: { completed_nodes: ['look_up'], node_attempts: { look_up: 1 } } });
  });

  it('from stale pause clears pending outputs and attempts, and keeps the keys of their effects', () => {
    const stale: RunEvent = { event_type: 'run_paused', data: { reason: 'stale_no_provider_activity', stop_kind: 'stale_reaped' } };
    given(running, ...nodeFailed('left'), stale).when({ type: 'recover_run' })
      .thenCheckpoint({ node_attempts: { look_up: 1, left: 1 }, earlier_attempts: { left: 1 }, node_generations: {}, completed_nodes: ['look_up'] })
      .thenRun({ status: 'queued', checkpoint: { node_outputs: expect.not.objectContaining({ left: expect.anything() as unknown }) as object } });
  });

  it('a failed branch keeps a completed sibling branch', () => {
    given(failedRight).when({ type: 'recover_run' }).then([recovered(['right'], ['right'], { cleared: ['right'] })])
      .thenRun({ status: 'queued', checkpoint: { node_outputs: { left: { status: 'completed' }, pay: { status: 'completed' } } } })
      .thenCheckpoint({ completed_nodes: ['look_up', 'left', 'pay'], pending_nodes: ['right', 'tell'], node_generations: { right: 1 } });
    const run = foldEvents([recovered(['right'], ['right'], { cleared: ['right'] })], given(failedRight).run());
    for (const member of ['finished_at_ms', 'stop_kind', 'stop_reason']) expect(run).not.toHaveProperty(member);
    expect(run?.checkpoint).not.toHaveProperty('last_failure');
  });

  it('clears stale blocked nodes', () => {
    const stuck = [...running, started('left', effectOf('left', 'none')), blocked('left'), { event_type: 'run_blocked', data: { detail: 'x', node_ids: ['left'] } } as const];
    given(stuck).when({ type: 'recover_run' }).then([recovered(['left'], ['left', 'pay', 'tell'], { cleared: ['left'], unknown: ['left'] })]).thenRun({ status: 'queued', checkpoint: { blocked_nodes: [] } });
  });

  it('finds the failure node from outputs: every node that failed is done again, not only the last', () => {
    const { last_failure: _failure, ...checkpoint } = given(failedRight).run()?.checkpoint ?? fail();
    expect(checkpoint.node_outputs['right']?.status).toBe('failed');
    given([...running, ...nodeFailed('left'), ...nodeFailed('right'), ended('x')]).when({ type: 'recover_run' }).thenRun({ checkpoint: { pending_nodes: ['left', 'pay', 'right', 'tell'], node_outputs: expect.not.objectContaining({ left: expect.anything() as unknown, right: expect.anything() as unknown }) as object } });
  });

  it('finds the failure node from blocked nodes', () => {
    given(running, started('left', effectOf('left', 'none')), blocked('left'), ...nodeFailed('right'), ended('x', 'right')).when({ type: 'recover_run' })
      .then([recovered(['left', 'right'], ['left', 'pay', 'right', 'tell'], { cleared: ['left', 'right'], unknown: ['left'] })]);
  });

  it('finds the failure node from completion assertions', () => {
    given(running, ended('nothing can run, but nodes are pending: tell')).when({ type: 'recover_run' }).then([recovered(['right', 'tell'], ['right', 'tell'])]);
  });

  it('finds the failure node from the runtime-context detail, which is no real node', () => {
    given(created, ended(runtimeContextMissing)).when({ type: 'recover_run' }).then([recovered(['runtime_context'], [])]).thenRun({ status: 'queued' });
  });

  it('finds the failure node that the detail names', () => {
    given(running, ended('gate "pay" cannot be shown: x')).when({ type: 'recover_run' }).then([recovered(['pay'], ['pay', 'tell'])]);
  });

  it('does not do again what failed at first and succeeded in the end', () => {
    const woken: RunEvent = { event_type: 'stateful_wait_woken_requeued', data: { wait_id: backoffWait('left', 1, now).wait_id, node_id: 'left', wait_kind: 'retry_backoff', wake_idempotency_key: 'k' } };
    const retried = [started('left', effectOf('left')), history(definition).backingOff('left'), woken, started('left', effectOf('left'), 2), completed('left', 2)];
    given(running, retried, ended('gate "pay" cannot be shown: x')).when({ type: 'recover_run' }).then([recovered(['pay'], ['pay', 'tell'])]);
  });

  it('a completed run with blocked evidence is recoverable, and one without is not', () => {
    given(running, started('left', effectOf('left', 'none')), blocked('left'), finished).when({ type: 'recover_run' }).thenTypes('run_recovered').thenRun({ status: 'queued' });
    given(running, finished).when({ type: 'recover_run' }).thenRefused('AUTOMATION_V2_RUN_NOT_RECOVERABLE');
  });

  it('is refused when nothing tells what failed or is blocked, and in any other status', () => {
    given(running, ended('x')).when({ type: 'recover_run' }).thenRefused('AUTOMATION_V2_RUN_FAILURE_CONTEXT_MISSING');
    given(running, { event_type: 'run_blocked', data: { detail: 'x', node_ids: [] } }).when({ type: 'recover_run' }).thenRefused('AUTOMATION_V2_RUN_BLOCKED_CONTEXT_MISSING');
    for (const past of [[created], running, [...running, asked('x')], [...running, { event_type: 'run_stopped', data: { reason: 'x', stop_kind: 'operator_stopped' } } as const]]) {
      given(past).when({ type: 'recover_run' }).thenRefused('AUTOMATION_V2_RUN_NOT_RECOVERABLE');
    }
  });

  it('makes the queue message of the turn before stale', () => {
    given(failedRight, recovered(['right'], ['right'], { cleared: ['right'] })).when(claimBy('runner-2', 1)).thenRefused('queue_message_stale');
  });

  it('tells openings of a gate apart that nobody decided', () => {
    const signed = definitionOf(http('a'), gate('sign'));
    const past = history(signed);
    const open = [past.created, past.claimed(1), past.started('a', effectOf('a')), past.completed('a'), past.opened('sign')];
    const retried: RunEvent = { event_type: 'run_task_continued', data: { node_id: 'a', mode: 'minimal_reset', reset_nodes: [], cleared_outputs: [], unknown_effects: [], reason: 'x' } };
    scenario(signed).given(open, retried, past.claimed(2)).when({ type: 'open_gate', node_id: 'sign', title: 'x' }).thenRun({ checkpoint: { awaiting_gate: { gate_opening_id: `${requestId('sign')}:2` } } });
  });
});

const fail = (): never => {
  throw new Error('no run');
};
