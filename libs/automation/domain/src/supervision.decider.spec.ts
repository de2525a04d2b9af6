import type { RunEvent } from '@cs/contracts';
import { claimBy, effectOf, failed, failure, history } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now, scenario } from './run-scenario.fixture.js';
import { statefulStatus } from './run.state.js';
import { evolveRun } from './run-evolution.js';

const minute = 60_000;
const definition = definitionOf(nodes.http('a', [], { timeout_ms: 20 * minute }), nodes.http('b'), nodes.http('c', ['a', 'b']));
const { given } = scenario(definition);
const { created, claimed, started, completed } = history(definition);
const running = [created, claimed(), started('b', effectOf('b'))];
const pausedStale = (repairable_nodes: readonly string[], unknown_nodes: readonly string[] = []): RunEvent => ({
  event_type: 'run_paused_stale_no_provider_activity', data: { reason: 'stale_no_provider_activity', idle_ms: 10 * minute, repairable_nodes, unknown_nodes },
});

describe('stale runs', () => {
  it('are paused with repairable nodes and their claim released', () => {
    given(running).when({ type: 'reap_stale' }, now + 10 * minute).then([pausedStale(['b'])])
      .thenRun({ status: 'paused', pause_reason: 'stale_no_provider_activity', stop_kind: 'stale_reaped', checkpoint: { in_progress: {}, node_outputs: { b: { status: 'failed', contract_kind: 'needs_repair' } } } });
  });

  it('are left alone before that time, and while a step may still be under way', () => {
    given(running).when({ type: 'reap_stale' }, now + 10 * minute - 1).thenRefused('run_not_runnable');
    const slow = [created, claimed(), started('a', effectOf('a'))];
    given(slow).when({ type: 'reap_stale' }, now + 21 * minute - 1).thenRefused('run_not_runnable');
    given(slow).when({ type: 'reap_stale' }, now + 21 * minute).thenTypes('run_paused_stale_no_provider_activity');
  });

  it('recent activity prevents it: an event of the run; a claim that was only taken is none', () => {
    const at = (event: RunEvent, recorded_at_ms: number) => ({ ...event, recorded_at_ms });
    const before = foldEvents(running);
    expect(evolveRun(before, at(completed('b'), now + 9 * minute))?.last_activity_at_ms).toBe(now + 9 * minute);
    expect(evolveRun(before, at(claimed(2), now + 9 * minute))?.last_activity_at_ms).toBe(now);
  });

  it('the reaper waits for an unexpired launch claim, then takes an expired one', () => {
    const launched = foldEvents(running);
    const claim: RunEvent = { event_type: 'run_execution_claimed', data: { claim: { claim_id: 'c', claimant_id: 'r', claimed_at_ms: now + 9 * minute, lease_expires_at_ms: now + 15 * minute, lease_epoch: 2 } } };
    expect(evolveRun(launched, { ...claim, recorded_at_ms: now + 9 * minute })?.status).toBe('running');
    given(running, claim).when({ type: 'reap_stale' }, now + 11 * minute).thenRefused('run_not_runnable');
    given(running, claim).when({ type: 'reap_stale' }, now + 15 * minute).thenTypes('run_paused_stale_no_provider_activity');
  });

  it('failed when attempts are exhausted', () => {
    given(created, claimed(), started('b', effectOf('b'), 3)).when({ type: 'reap_stale' }, now + 10 * minute).thenTypes('effect_dead_lettered', 'run_failed_stale_no_provider_activity')
      .thenRun({ status: 'failed', stop_kind: 'stale_reaped', checkpoint: { in_progress: {}, last_failure: { node_id: 'b' } } });
  });

  it('leave an effect that may not be repeated to a person, whatever becomes of the run', () => {
    given(created, claimed(), started('b', effectOf('b', 'none'))).when({ type: 'reap_stale' }, now + 10 * minute).thenTypes('node_blocked', 'effect_dead_lettered', 'run_paused_stale_no_provider_activity')
      .thenRun({ status: 'paused', checkpoint: { blocked_nodes: ['b'], node_outputs: { b: { status: 'blocked' } } } });
    given(created, claimed(), started('a', effectOf('a', 'none')), started('b', effectOf('b'), 3)).when({ type: 'reap_stale' }, now + 21 * minute).thenTypes('node_blocked', 'effect_dead_lettered', 'effect_dead_lettered', 'run_failed_stale_no_provider_activity')
      .thenRun({ status: 'failed', checkpoint: { node_outputs: { a: { status: 'blocked' }, b: { status: 'failed' } } } });
  });
});

describe('a run that was paused because it was stale', () => {
  const reaped = [...running, pausedStale(['b'])];
  const resumed: RunEvent = { event_type: 'run_auto_resumed', data: { reason: 'resumed after stale_no_provider_activity', cause: 'stale_no_provider_activity' } };

  it('goes on by itself within 20 minutes, and its repairable nodes start again under their key', () => {
    given(reaped).when({ type: 'auto_resume' }, now + 20 * minute).then([resumed]).thenRun({ status: 'queued', supervision: { stale_auto_resumes: 1 } });
    given(reaped).when({ type: 'auto_resume' }, now + 20 * minute + 1).thenRefused('run_not_runnable');
    given(reaped, resumed, claimed(2)).when({ type: 'start_node', node_id: 'b', mode: 'keyed' }).then([started('b', effectOf('b'), 2)]);
  });

  it('goes on twice at most', () => {
    const again = [resumed, claimed(2), pausedStale([])];
    given(reaped, again).when({ type: 'auto_resume' }).thenTypes('run_auto_resumed');
    given(reaped, again, again).when({ type: 'auto_resume' }).thenRefused('run_not_runnable');
  });

  it('waits for an operator when a node has no attempts left, or somebody paused it for something else', () => {
    given(created, claimed(), started('b', effectOf('b'), 3), pausedStale(['b'])).when({ type: 'auto_resume' }).thenRefused('run_not_runnable');
    given(running, { event_type: 'run_paused', data: { reason: 'paused by operator' } }).when({ type: 'auto_resume' }).thenRefused('run_not_runnable');
  });
});

describe('a queued run whose message was lost', () => {
  it('is offered again after a minute, then less often, and only as it was seen', () => {
    given(created).when({ type: 'renew_queue_message', version: 1 }, now + minute).then([{ event_type: 'run_queue_message_renewed', data: { reason: 'queue_message_lost', renewal: 1 } }]).thenRun({ status: 'queued', queued_at_version: 2 });
    given(created).when({ type: 'renew_queue_message', version: 1 }, now + minute - 1).thenNothing();
    const renewed: RunEvent = { event_type: 'run_queue_message_renewed', data: { reason: 'queue_message_lost', renewal: 1 } };
    given(created, renewed).when({ type: 'renew_queue_message', version: 2 }, now + 2 * minute - 1).thenNothing();
    given(created, renewed).when({ type: 'renew_queue_message', version: 2 }, now + 2 * minute).thenTypes('run_queue_message_renewed');
    given(created, renewed).when({ type: 'renew_queue_message', version: 1 }, now + 60 * minute).thenNothing();
    given(running).when({ type: 'renew_queue_message', version: 3 }, now + 60 * minute).thenNothing();
  });

  it('is claimed by its new message only', () => {
    const renewed: RunEvent = { event_type: 'run_queue_message_renewed', data: { reason: 'queue_message_lost', renewal: 1 } };
    given(created, renewed).when(claimBy('runner-1', 1)).thenRefused('queue_message_stale');
    given(created, renewed).when(claimBy('runner-1', 2)).thenTypes('run_execution_claimed');
  });
});

describe('a run whose state cannot be that of its definition', () => {
  it('fails when it is claimed, and nothing of it is executed', () => {
    const other = scenario(definitionOf(nodes.http('a'), nodes.http('z')));
    const left: readonly (readonly [readonly RunEvent[], readonly RunEvent['event_type'][]])[] = [[[created], []], [running, ['effect_dead_lettered']]];
    for (const [past, letters] of left) other.given(past).when(claimBy('runner-2', 1), now + 15_000).thenTypes(...letters, 'run_failed').thenRun({ status: 'failed', checkpoint: { last_failure: { kind: 'corrupt_checkpoint' } } });
  });

  it('fails without the input partition that its definition asks for, in the words that recover knows', () => {
    const needy = { ...definition, metadata: { runtime_context_required: true } };
    scenario(needy).given(created).when(claimBy('runner-1', 1)).thenTypes('run_failed')
      .thenRun({ status: 'failed', detail: 'runtime context partition missing for automation run', checkpoint: { last_failure: { node_id: 'runtime_context', kind: 'startup_runtime_context_missing' } } });
    const given_context: RunEvent = { event_type: 'run_created', data: { ...created.data, runtime_context: { month: 'May' } } };
    scenario(needy).given(given_context).when(claimBy('runner-1', 1)).thenTypes('run_execution_claimed');
  });
});

describe('a node that is not tried again', () => {
  const ending = (mode: 'pause_for_review' | 'dead_letter') => definitionOf(nodes.http('a', [], { retry_policy: { terminal_behavior: { mode } } }), nodes.transform('b'));
  const gaveUp: RunEvent = { event_type: 'node_failed', data: { node_id: 'a', attempt: 3, failure, retry_decision: 'attempts_exhausted' } };
  const past = [created, claimed(), started('a', effectOf('a'), 3), gaveUp, completed('b')];

  it('pauses its run for a review, and gets one more attempt each time the run is resumed', () => {
    const { given: with_, } = scenario(ending('pause_for_review'));
    const history3 = [{ ...created, data: { ...created.data, node_ids: ['a', 'b'] } }, ...past.slice(1)] as RunEvent[];
    with_(history3).when({ type: 'settle' }).then([
      { event_type: 'node_repair_requested', data: { node_ids: ['a'], reason: 'retry_review' } }, { event_type: 'run_paused', data: { reason: 'retry_review' } },
    ]).thenRun({ status: 'paused', pause_reason: 'retry_review', checkpoint: { node_outputs: { a: { status: 'failed', contract_kind: 'needs_repair' } } } });
    const resumed: RunEvent[] = [{ event_type: 'node_repair_requested', data: { node_ids: ['a'], reason: 'retry_review' } }, { event_type: 'run_paused', data: { reason: 'retry_review' } }, { event_type: 'run_resumed', data: { reason: 'x' } }, claimed(2)];
    with_(history3, resumed).when({ type: 'start_node', node_id: 'a', mode: 'keyed' }).then([started('a', effectOf('a'), 4)]);
    with_(history3, resumed, started('a', effectOf('a'), 4)).when({ type: 'finish_node', node_id: 'a', attempt: 4, result: failed() }).thenTypes('node_failed', 'effect_dead_lettered');
  });

  it('fails its run and leaves a dead letter', () => {
    const history3 = [{ ...created, data: { ...created.data, node_ids: ['a', 'b'] } }, ...past.slice(1)] as RunEvent[];
    scenario(ending('dead_letter')).given(history3).when({ type: 'settle' }).then([
      { event_type: 'run_failed', data: { detail: 'node "a" failed: no answer', node_id: 'a', failure: { kind: 'timeout', message: 'no answer' }, dead_letter: { dead_letter_id: 'automation-v2-run-1-a-0-3', attempts: 3 } } },
    ]).thenRun({ status: 'failed', dead_letter_id: 'automation-v2-run-1-a-0-3' });
  });

  it('shows as dead-lettered until the run is taken up again', () => {
    const left: RunEvent = { event_type: 'run_failed', data: { detail: 'x', node_id: 'a', failure: { kind: 'timeout', message: 'no answer' }, dead_letter: { dead_letter_id: 'letter', attempts: 3 } } };
    const { given: of } = scenario(ending('dead_letter'));
    const over = of(past, left).run();
    expect(over && statefulStatus(over)).toBe('dead_lettered');
    of(past, left).when({ type: 'recover_run' }).thenRun({ status: 'queued' });
    const again = of(past, left, { event_type: 'run_recovered', data: { reason: 'x', roots: ['a'], reset_nodes: ['a'], cleared_outputs: ['a'], unknown_effects: [] } }).run();
    expect(again).not.toHaveProperty('dead_letter_id');
    const failedAnew = of(past, left, { event_type: 'run_recovered', data: { reason: 'x', roots: ['a'], reset_nodes: ['a'], cleared_outputs: ['a'], unknown_effects: [] } }, { event_type: 'run_failed', data: { detail: 'y' } }).run();
    expect(failedAnew && statefulStatus(failedAnew)).toBe('failed');
  });
});

describe('an output that does not fit its contract', () => {
  const contracted = definitionOf(nodes.http('a', [], { output_contract: { kind: 'order', schema: { type: 'object' } } }));
  const { given: with_ } = scenario(contracted);
  const own = history(contracted);
  const unfit = failed({ failure: { kind: 'output_schema_invalid', message: 'output must be object' }, effect: 'answered' });
  const sent = (mode: 'keyed' | 'none', attempt = 1) => [own.created, own.claimed(), own.started('a', effectOf('a', mode), attempt)];

  it('pauses the run while attempts are left', () => {
    const refused: RunEvent = { event_type: 'node_schema_validation_paused', data: { node_id: 'a', attempt: 1, max_attempts: 3, failure: { kind: 'output_schema_invalid', message: 'output must be object' } } };
    with_(sent('keyed')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: unfit }).then([refused]);
    with_(sent('keyed'), refused).when({ type: 'start_node', node_id: 'a', mode: 'keyed' }).thenRefused('node_not_ready');
    with_(sent('keyed'), refused).when({ type: 'settle' }).thenTypes('node_repair_requested', 'run_paused').thenRun({ status: 'paused', pause_reason: 'schema_validation_failed', checkpoint: { last_failure: { kind: 'output_schema_invalid' } } });
  });

  it('fails the node without attempts left, or when its effect happens once', () => {
    with_(sent('keyed', 3)).when({ type: 'finish_node', node_id: 'a', attempt: 3, result: unfit }).thenTypes('node_failed');
    with_(sent('none')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: unfit }).thenTypes('node_failed');
  });
});
