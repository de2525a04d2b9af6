import type { RunEvent } from '@cs/contracts';
import { claimBy, history, timerWait } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now, scenario } from './run-scenario.fixture.js';
import { statefulStatus } from './run.state.js';

const { http, timer } = nodes;
const definition = definitionOf(http('pay'), timer('wait'));
const { given } = scenario(definition);
const { created, claimed, finished, waiting, parked } = history(definition);
const capacity = { queue_reason: 'capacity', resource_key: 'automation:refunds' } as const;
const held: RunEvent = { event_type: 'run_launch_held', data: capacity };

describe('holding a queued run', () => {
  it('says why and since when it waits, and keeps it from being claimed', () => {
    given(created).when({ type: 'hold_launch', ...capacity, queued_version: 1 }).then([held]).thenRun({ status: 'queued', scheduler: { ...capacity, queued_at_ms: now } });
    given(created, held).when(claimBy('runner-1', 1)).thenRefused('run_not_runnable');
    const run = foldEvents([created, held]);
    expect(run && statefulStatus(run)).toBe('held');
  });

  it('changes nothing when it is repeated', () => {
    given(created, held).when({ type: 'hold_launch', ...capacity, queued_version: 1 }).thenNothing();
  });

  it('refuses a run that was queued again, that is held for something else, or that is not queued', () => {
    const released: RunEvent = { event_type: 'run_launch_released', data: { reason: 'capacity' } };
    given(created, held, released).when({ type: 'hold_launch', ...capacity, queued_version: 1 }).thenRefused('queue_message_stale');
    given(created, held).when({ type: 'hold_launch', queue_reason: 'automation_paused' }).thenRefused('run_not_runnable');
    given(created, claimed(1)).when({ type: 'hold_launch', ...capacity, queued_version: 1 }).thenRefused('run_not_runnable');
    given(created, claimed(1), finished).when({ type: 'hold_launch', ...capacity }).thenRefused('run_not_runnable');
  });
});

describe('releasing a held run', () => {
  it('queues it anew, so that only its new message counts', () => {
    given(created, held).when({ type: 'release_launch', ...capacity }).then([{ event_type: 'run_launch_released', data: { reason: 'capacity' } }])
      .thenRun({ status: 'queued', queued_at_version: 3, resume_reason: 'capacity' });
  });

  it('leaves a run alone that is held for something else, or not held any more', () => {
    given(created, held).when({ type: 'release_launch', queue_reason: 'automation_paused' }).thenNothing();
    given(created, held).when({ type: 'release_launch', queue_reason: 'capacity', resource_key: 'automation:other' }).thenNothing();
    given(created).when({ type: 'release_launch', ...capacity }).thenNothing();
    given(created, claimed(1), finished).when({ type: 'release_launch', ...capacity }).thenNothing();
  });
});

describe('a held run whose automation was deleted while it was paused', () => {
  const paused: RunEvent = { event_type: 'run_launch_held', data: { queue_reason: 'automation_paused' } };
  const reason = 'deleted';

  it('is cancelled, and only while it is held for that', () => {
    given(created, paused).when({ type: 'cancel_held', reason }).then([{ event_type: 'run_cancelled', data: { reason, stop_kind: 'cancelled' } }]).thenRun({ status: 'cancelled', stop_reason: reason });
    given(created, held).when({ type: 'cancel_held', reason }).thenNothing();
    given(created).when({ type: 'cancel_held', reason }).thenNothing();
    given(created, claimed(1)).when({ type: 'cancel_held', reason }).thenNothing();
    given(created, claimed(1), finished).when({ type: 'cancel_held', reason }).thenNothing();
  });
});

describe('a wait that ends while the run is held', () => {
  it('completes its node and leaves the run held', () => {
    const waits = timerWait('wait');
    const requeued: RunEvent = { event_type: 'stateful_wait_woken_requeued', data: { wait_id: 'none', node_id: 'pay', wait_kind: 'timer', wake_idempotency_key: 'k' } };
    given(created, claimed(1), waiting('wait'), parked([waits.wait_id]), requeued, held).when({ type: 'wake_wait', wait_id: waits.wait_id }, now + 1000)
      .thenTypes('stateful_wait_woken_requeued').thenRun({ status: 'queued', scheduler: capacity, checkpoint: { completed_nodes: ['wait'] } });
  });
});
