import type { RunEvent } from '@cs/contracts';
import { createdData, effectOf, failed, history, runId } from './run-history.fixture.js';
import { definitionOf, nodes, now, scenario } from './run-scenario.fixture.js';

const child = { node_id: 'call', action: { kind: 'automation' as const, automation_id: 'other' } };
const definition = definitionOf(child, nodes.http('pay'));
const { given } = scenario(definition);
const { created, claimed, started } = history(definition);
const wait = { wait_id: `automation-v2:${runId}:call:0:child:1`, node_id: 'call', wait_kind: 'child_run' as const, created_at_ms: now, child_run_id: 'child-1' };
const waiting: RunEvent = { event_type: 'wait_node_registered', data: { wait } };
const parent = { run_id: 'parent-1', node_id: 'call', wait_id: 'w', root_run_id: 'parent-1', depth: 1 };
const asChild: RunEvent = { event_type: 'run_created', data: createdData(definition, { parent }) };
const done = { kind: 'succeeded', contract_kind: 'automation', content: { status: 'completed' } } as const;

describe('waiting for a child', () => {
  it('ends the attempt and opens a wait that names the child', () => {
    given(created, claimed(), started('call')).when({ type: 'wait_for_child', node_id: 'call', attempt: 1, child_run_id: 'child-1' }).then([waiting]).thenCheckpoint({ in_progress: {}, open_waits: [wait] });
  });

  it('is refused for an attempt that is not under way', () => {
    given(created, claimed()).when({ type: 'wait_for_child', node_id: 'call', attempt: 1, child_run_id: 'child-1' }).thenRefused('node_not_in_progress');
  });

  it('ends once, and only by the child that it is for', () => {
    const ended = { type: 'end_child_wait', wait_id: wait.wait_id, child_run_id: 'child-1', result: done } as const;
    given(created, claimed(), started('call'), waiting).when(ended).thenTypes('stateful_wait_woken_requeued').thenCheckpoint({ completed_nodes: ['call'], open_waits: [] });
    given(created, claimed(), started('call'), waiting).when({ ...ended, child_run_id: 'another' }).thenNothing();
    given(created, claimed()).when(ended).thenNothing();
  });

  it('fails the node with the child, and asks for no other one by itself', () => {
    given(created, claimed(), started('call'), waiting).when({ type: 'end_child_wait', wait_id: wait.wait_id, child_run_id: 'child-1', result: failed() }).thenTypes('stateful_wait_woken_requeued', 'node_failed');
  });

  it('leaves the child to be cancelled when the run ends', () => {
    given(created, claimed(), started('call'), waiting).when({ type: 'fail_run', detail: 'broken' }).thenCheckpoint({ abandoned_children: ['child-1'], open_waits: [] });
    given(created, claimed(), started('call'), waiting, { event_type: 'run_failed', data: { detail: 'broken' } }).when({ type: 'release_children', run_ids: ['child-1', 'other'] })
      .then([{ event_type: 'abandoned_children_cancelled', data: { run_ids: ['child-1'] } }]).thenCheckpoint({ abandoned_children: [] });
  });
});

describe('a child that takes longer than its node allows', () => {
  const limited = definitionOf({ ...child, timeout_ms: 1000 }, nodes.http('pay'));
  const patient = definitionOf({ ...child, timeout_ms: 1000, retry_policy: { max_attempts: 2, backoff: { strategy: 'fixed', initial_delay_ms: 50, multiplier: 1 } } }, nodes.http('pay'));
  const overdue: RunEvent = { event_type: 'wait_node_registered', data: { wait: { ...wait, created_at_ms: now - 1000, wake_at_ms: now } } };
  const wake = { type: 'wake_wait', wait_id: wait.wait_id } as const;
  const begun = (of: typeof definition, waits: RunEvent) => scenario(of).given(history(of).created, history(of).claimed(), history(of).started('call'), waits);

  it('has a deadline, which counts from when the child was asked for', () => {
    scenario(limited).given(history(limited).created, history(limited).claimed(), history(limited).started('call'))
      .when({ type: 'wait_for_child', node_id: 'call', attempt: 1, child_run_id: 'child-1' }).thenCheckpoint({ open_waits: [{ ...wait, wake_at_ms: now + 1000 }] });
  });

  it('fails its node at that time and not before, and is left to be cancelled', () => {
    begun(limited, overdue).when(wake).thenTypes('stateful_wait_woken_requeued', 'node_failed').thenCheckpoint({ open_waits: [], abandoned_children: ['child-1'], last_failure: { node_id: 'call', kind: 'child_run_timed_out', message: 'run child-1 did not end within 1000 ms', failed_at_ms: now } });
    begun(limited, { ...overdue, data: { wait: { ...wait, wake_at_ms: now + 1 } } } as RunEvent).when(wake).thenRefused('wait_not_open');
  });

  it('is followed by another where a policy says so', () => {
    begun(patient, overdue).when(wake).thenTypes('stateful_wait_woken_requeued', 'node_retry_backoff_scheduled').thenCheckpoint({ abandoned_children: ['child-1'] });
  });

  it('ends nothing any more when it comes late, nor does a second timer', () => {
    const timedOut: RunEvent = { event_type: 'stateful_wait_woken_requeued', data: { wait_id: wait.wait_id, node_id: 'call', wait_kind: 'child_run', wake_idempotency_key: 'k', abandoned_child_run_id: 'child-1' } };
    const after = (command: Parameters<ReturnType<typeof given>['when']>[0]) => scenario(limited).given(history(limited).created, history(limited).claimed(), history(limited).started('call'), overdue, timedOut).when(command);
    after(wake).thenNothing();
    after({ type: 'end_child_wait', wait_id: wait.wait_id, child_run_id: 'child-1', result: done }).thenNothing();
  });

  it('wins when it ends first, though its time is over', () => {
    begun(limited, overdue).when({ type: 'end_child_wait', wait_id: wait.wait_id, child_run_id: 'child-1', result: done }).thenTypes('stateful_wait_woken_requeued').thenCheckpoint({ completed_nodes: ['call'], open_waits: [] });
  });
});

describe('cancelling a child', () => {
  const cancel = { type: 'cancel_child', parent_run_id: 'parent-1', reason: 'why not' } as const;
  const cancelled: RunEvent = { event_type: 'run_cancelled', data: { reason: 'why not', stop_kind: 'cancelled' } };

  it('is for its parent only', () => {
    given(asChild, claimed()).when(cancel).then([cancelled]);
    given(asChild).when({ ...cancel, parent_run_id: 'stranger' }).thenRefused('run_not_runnable');
    given(created).when(cancel).thenRefused('run_not_runnable');
  });

  it('ends a blocked one too, and changes nothing of one that has ended', () => {
    given(asChild, claimed(), { event_type: 'run_blocked', data: { detail: 'x', node_ids: ['pay'] } }).when(cancel).then([cancelled]);
    given(asChild, claimed(), { event_type: 'run_completed', data: {} }).when(cancel).thenNothing();
  });

  it('says of an effect that is under way and may not be repeated that its outcome is not known', () => {
    given(asChild, claimed(), started('pay', effectOf('pay', 'none'))).when(cancel).thenTypes('node_blocked', 'effect_dead_lettered', 'run_cancelled').thenRun({ checkpoint: { node_outputs: { pay: { status: 'blocked' } } } });
  });
});
