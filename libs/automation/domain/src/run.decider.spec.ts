import type { RunEvent } from '@cs/contracts';
import { backoffWait, claimBy, createdData, effectOf, failed, failure, history, runId, succeeded, timerWait } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now, scenario } from './run-scenario.fixture.js';
import { statefulStatus } from './run.state.js';

const { http, transform, timer, gate } = nodes;

describe('requesting a run', () => {
  const definition = definitionOf(transform('a'), transform('b', ['a']));
  const { given } = scenario(definition);
  const created = createdData(definition);

  it('queues it with every node pending', () => {
    given().when({ type: 'request_run', created }).then([{ event_type: 'run_created', data: created }])
      .thenRun({ status: 'queued', version: 1, queued_at_version: 1, execution_claim_epoch: 0, checkpoint: { pending_nodes: ['a', 'b'], completed_nodes: [] } });
  });

  it('completes a dry run at once and executes nothing of it', () => {
    const dry = { ...created, dry_run: true };
    given().when({ type: 'request_run', created: dry }).then([{ event_type: 'run_created', data: dry }, { event_type: 'run_completed', data: {} }])
      .thenRun({ status: 'completed', finished_at_ms: now, checkpoint: { pending_nodes: ['a', 'b'] } });
  });

  it('changes nothing when the run exists', () => {
    given(history(definition).created).when({ type: 'request_run', created }).thenNothing();
  });

  it('refuses everything else for a run that does not exist', () => {
    given().when(claimBy('runner-1', 1)).thenRefused('run_absent');
    given().when({ type: 'settle' }).thenRefused('run_absent');
    given().when({ type: 'decide_gate', decision: 'approve', decided_by: { kind: 'human' } }).thenRefused('AUTOMATION_V2_RUN_NOT_FOUND');
  });
});

describe('claiming a run', () => {
  const definition = definitionOf(http('pay'), gate('sign', ['pay']), timer('wait'));
  const { given } = scenario(definition);
  const { created, claimed, started, completed, waiting, parked, opened, decided } = history(definition);
  const claim = { claim_id: 'run-claim-runner-2', claimant_id: 'runner-2', claimed_at_ms: now, lease_expires_at_ms: now + 15_000 };

  it('gives a queued run to the claimant with the next epoch', () => {
    given(created).when(claimBy('runner-2', 1)).then([{ event_type: 'run_execution_claimed', data: { claim: { ...claim, lease_epoch: 1 } } }])
      .thenRun({ status: 'running', execution_claim_epoch: 1, started_at_ms: now, execution_claim: { claimant_id: 'runner-2' } });
  });

  it('takes a running run over when its queue message comes again and its claim has expired, and says whose claim it took', () => {
    given(created, claimed(1)).when(claimBy('runner-2', 1), now + 15_000).then([
      { event_type: 'run_execution_claim_expired_requeued', data: { previous_status: 'running', claim: { ...claim, claim_id: 'run-claim-runner-1', claimant_id: 'runner-1', lease_epoch: 1 } } },
      { event_type: 'run_execution_claimed', data: { claim: { ...claim, lease_epoch: 2 } } },
    ]).thenRun({ status: 'running', execution_claim_epoch: 2, execution_claim: { claimant_id: 'runner-2' } });
  });

  it('leaves a run alone that another runner has claimed, until the claim expires', () => {
    given(created, claimed(1)).when(claimBy('runner-2', 1), now + 14_999).thenRefused('run_claimed');
    given(created, claimed(1), { event_type: 'run_pause_requested', data: { reason: 'audit' } }).when(claimBy('runner-2', 1)).thenRefused('run_claimed');
  });

  it('gives a run at once to who claimed it before, and to anyone when its runner has handed it back', () => {
    const taken = ['run_execution_claim_expired_requeued', 'run_execution_claimed'] as const;
    given(created, claimed(1)).when(claimBy('runner-1', 1)).thenTypes(...taken);
    const handedBack = (claim_id: string): RunEvent => ({ event_type: 'run_interrupted_shutdown', data: { claim_id, claimant_id: 'runner-1', nodes: [] } });
    given(created, claimed(1), handedBack('run-claim-runner-1')).when(claimBy('runner-2', 1), now + 1).thenTypes(...taken);
    given(created, claimed(1), handedBack('an-earlier-claim')).when(claimBy('runner-2', 1), now + 1).thenRefused('run_claimed');
  });

  it('refuses a message from an earlier turn in the queue, whether the run is queued or running since', () => {
    const approved = [created, claimed(1), started('pay', effectOf('pay')), completed('pay'), opened('sign'), decided('sign', 'approve'), completed('sign', 0)];
    given(approved).when(claimBy('runner-2', 1)).thenRefused('queue_message_stale');
    given(approved, claimed(2)).when(claimBy('runner-2', 1)).thenRefused('queue_message_stale');
    given(approved).when(claimBy('runner-2', 7)).thenTypes('run_execution_claimed');
  });

  it('refuses a run that waits, backs off or is finished', () => {
    const waits = [created, claimed(1), waiting('wait'), started('pay', effectOf('pay')), completed('pay')];
    given(waits, parked([timerWait('wait').wait_id])).when(claimBy('runner-2', 1)).thenRefused('run_not_runnable');
    given(waits, parked([timerWait('wait').wait_id], now + 1000)).when(claimBy('runner-2', 1)).thenRefused('run_not_runnable');
    given(waits, opened('sign')).when(claimBy('runner-2', 1)).thenRefused('run_not_runnable');
    given(created, claimed(1), { event_type: 'run_completed', data: {} }).when(claimBy('runner-2', 1)).thenRefused('run_not_runnable');
  });

  it('keeps the time of the first start and the epoch through every later turn', () => {
    const run = foldEvents([created, claimed(1), opened('sign'), decided('sign', 'rework'), claimed(2)]);
    expect(run).toMatchObject({ status: 'running', execution_claim_epoch: 2, started_at_ms: now });
  });
});

describe('a wait that ends', () => {
  const definition = definitionOf(timer('t1'), timer('t2'), http('pay'), transform('after', ['t1', 't2']));
  const { given } = scenario(definition);
  const { created, claimed, waiting, parked, started, backingOff } = history(definition);
  const [w1, w2] = [timerWait('t1'), timerWait('t2', now + 2000)];
  const sleeping = [created, claimed(1), waiting('t1'), waiting('t2', now + 2000), started('pay', effectOf('pay')), backingOff('pay'), parked([w1.wait_id, w2.wait_id, backoffWait('pay', 1, now + 1000).wait_id])];
  const woken = (wait_id: string, node_id: string): RunEvent => ({
    event_type: 'stateful_wait_woken_requeued', data: { wait_id, node_id, wait_kind: 'timer', wake_idempotency_key: 'key', output: { status: 'completed', contract_kind: 'stateful_wait', content: {}, created_at_ms: now } },
  });

  it('completes the timer node and queues the sleeping run', () => {
    given(sleeping).when({ type: 'wake_wait', wait_id: w1.wait_id }, now + 1000).then([
      {
        event_type: 'stateful_wait_woken_requeued',
        data: {
          wait_id: w1.wait_id, node_id: 't1', wait_kind: 'timer', wake_idempotency_key: `timer:${runId}:${w1.wait_id}:${w1.wake_at_ms}`, wait_event: 'stateful_runtime.wait.timer_woken',
          output: { status: 'completed', contract_kind: 'stateful_wait', content: { wait_id: w1.wait_id, wait_kind: 'timer', woken_at_ms: now + 1000, due_at_ms: w1.wake_at_ms }, created_at_ms: now + 1000 },
        },
      },
    ]).thenRun({ status: 'queued', queued_at_version: 8, checkpoint: { completed_nodes: ['t1'], open_waits: [{ node_id: 't2' }, { node_id: 'pay' }] } });
  });

  it('lets a node that backed off start again, without an output', () => {
    const { wait_id } = backoffWait('pay', 1, now + 1000);
    given(sleeping).when({ type: 'wake_wait', wait_id }, now + 1000).thenTypes('stateful_wait_woken_requeued').thenRun({ status: 'queued' }).thenCheckpoint({ node_outputs: {}, node_attempts: { pay: 1 }, completed_nodes: [] });
  });

  it('makes every older queue message stale, so that two waits ending together bring one runner', () => {
    const both = [...sleeping, woken(w1.wait_id, 't1'), woken(w2.wait_id, 't2')];
    given(both).when(claimBy('runner-2', 8)).thenRefused('queue_message_stale');
    given(both).when(claimBy('runner-2', 9)).thenTypes('run_execution_claimed');
    given(both, claimed(2)).when(claimBy('runner-3', 8)).thenRefused('queue_message_stale');
  });

  it('comes too early: the timer is asked to come again', () => {
    given(sleeping).when({ type: 'wake_wait', wait_id: w1.wait_id }, now + 999).thenRefused('wait_not_open');
  });

  it('changes nothing when it ended already, was never there, or the run is finished', () => {
    given(sleeping, woken(w1.wait_id, 't1')).when({ type: 'wake_wait', wait_id: w1.wait_id }, now + 5000).thenNothing();
    given(sleeping).when({ type: 'wake_wait', wait_id: 'other' }, now + 5000).thenNothing();
    given(sleeping, { event_type: 'run_failed', data: { detail: 'x' } }).when({ type: 'wake_wait', wait_id: w1.wait_id }, now + 5000).thenNothing();
  });

  it('leaves a run alone that executes or waits at a gate, and moves its node on', () => {
    given(created, claimed(1), waiting('t1')).when({ type: 'wake_wait', wait_id: w1.wait_id }, now + 1000).thenRun({ status: 'running', queued_at_version: 1, checkpoint: { completed_nodes: ['t1'] } });
    const gated = definitionOf(timer('t1'), gate('sign'));
    const past = history(gated);
    scenario(gated).given(past.created, past.claimed(1), past.waiting('t1'), past.opened('sign')).when({ type: 'wake_wait', wait_id: w1.wait_id }, now + 1000)
      .thenRun({ status: 'awaiting_approval', checkpoint: { completed_nodes: ['t1'], awaiting_gate: { node_id: 'sign' } } });
  });
});

describe('a run with nothing left to execute', () => {
  const definition = definitionOf(http('a'), http('b'), timer('wait'), transform('end', ['a', 'b', 'wait']));
  const { given } = scenario(definition);
  const { created, claimed, started, completed, waiting, backingOff, failed: nodeFailed, blocked } = history(definition);
  const running = [created, claimed(1)];
  const ran = (node_id: string, end: RunEvent): readonly RunEvent[] => [started(node_id, effectOf(node_id)), end];

  it('is not settled while a node runs or could start', () => {
    given(running).when({ type: 'settle' }).thenRefused('work_left');
    given(running, ran('a', completed('a')), ran('b', completed('b'))).when({ type: 'settle' }).thenRefused('work_left');
    given(running, started('a', effectOf('a')), ran('b', completed('b')), waiting('wait')).when({ type: 'settle' }).thenRefused('work_left');
    given(created).when({ type: 'settle' }).thenRefused('run_not_runnable');
  });

  it('parks on its open waits', () => {
    const { wait_id } = timerWait('wait');
    given(running, ran('a', completed('a')), ran('b', completed('b')), waiting('wait')).when({ type: 'settle' })
      .then([{ event_type: 'run_parked', data: { wait_ids: [wait_id] } }]).thenRun({ status: 'paused', pause_reason: 'waiting' });
  });

  it('is queued for later when all it waits for is a back-off, until the first of them', () => {
    const before = [...running, ...ran('a', backingOff('a', 1, 4000)), ...ran('b', backingOff('b', 1, 2000))];
    const withoutTimer = definitionOf(http('a'), http('b'));
    scenario(withoutTimer).given(before).when({ type: 'settle' })
      .then([{ event_type: 'run_parked', data: { wait_ids: [backoffWait('a', 1, 0).wait_id, backoffWait('b', 1, 0).wait_id], retry_after_ms: now + 2000 } }])
      .thenRun({ status: 'queued', scheduler: { queue_reason: 'retry_backoff', retry_after_ms: now + 2000 } });
  });

  it('ends as failed before blocked, blocked before stuck, stuck before completed', () => {
    const two = definitionOf(http('a'), http('b'), transform('end', ['a', 'b']));
    const at = scenario(two);
    at.given(running, ran('a', blocked('a')), ran('b', nodeFailed('b'))).when({ type: 'settle' })
      .then([{ event_type: 'run_failed', data: { detail: 'node "b" failed: no answer', node_id: 'b', failure } }]);
    at.given(running, ran('a', blocked('a')), ran('b', completed('b'))).when({ type: 'settle' })
      .then([{ event_type: 'run_blocked', data: { detail: 'the outcome of a is not known', node_ids: ['a'] } }]);
    const cyclic = definitionOf(http('a', ['b']), http('b', ['a']));
    scenario(cyclic).given(running).when({ type: 'settle' }).thenTypes('run_failed').thenRun({ status: 'failed', detail: 'nothing can run, but nodes are pending: a, b, wait, end' });
    scenario(definitionOf(http('a'))).given({ event_type: 'run_created', data: { ...created.data, node_ids: ['a'] } }, claimed(1), ran('a', completed('a'))).when({ type: 'settle' })
      .then([{ event_type: 'run_completed', data: {} }]).thenRun({ status: 'completed', finished_at_ms: now });
  });

  it('waits for an independent branch before it ends as failed', () => {
    given(running, ran('a', nodeFailed('a')), ran('b', completed('b')), waiting('wait')).when({ type: 'settle' }).thenTypes('run_parked');
  });
});

describe('a finished run', () => {
  const definition = definitionOf(http('a'), timer('wait'));
  const { created, claimed, started, waiting } = history(definition);
  const before = [created, claimed(1), waiting('wait'), started('a', effectOf('a'))];
  const ends: readonly RunEvent[] = [
    { event_type: 'run_completed', data: {} },
    { event_type: 'run_failed', data: { detail: 'x' } },
    { event_type: 'run_blocked', data: { detail: 'x', node_ids: ['a'] } },
    { event_type: 'run_cancelled', data: { reason: 'no', stop_kind: 'cancelled' } },
  ];

  it.each(ends)('accepts no execution command: $event_type', (end) => {
    const { when } = scenario(definition).given(before, end);
    when(claimBy('runner-2', 1)).thenRefused('run_not_runnable');
    when({ type: 'start_node', node_id: 'a' }).thenRefused('node_not_ready');
    when({ type: 'finish_node', node_id: 'a', attempt: 1, result: succeeded }).thenRefused('node_not_in_progress');
    when({ type: 'finish_node', node_id: 'a', attempt: 1, result: failed() }).thenRefused('node_not_in_progress');
    when({ type: 'recover_node', node_id: 'a' }).thenRefused('node_not_in_progress');
    when({ type: 'settle' }).thenRefused('run_not_runnable');
    when({ type: 'fail_run', detail: 'again' }).thenNothing();
    when({ type: 'wake_wait', wait_id: timerWait('wait').wait_id }, now + 5000).thenNothing();
  });

  it.each(ends)('has no claim, no scheduler and no node in progress, and keeps its epoch: $event_type', (end) => {
    const run = foldEvents([...before, end]);
    expect(run).toMatchObject({ finished_at_ms: now, execution_claim_epoch: 1 });
    expect(run?.checkpoint.in_progress).toEqual({});
    expect(run).not.toHaveProperty('execution_claim');
    expect(run).not.toHaveProperty('scheduler');
  });
});

describe('a run that cannot be executed', () => {
  it('fails with the reason', () => {
    const definition = definitionOf(http('a'));
    const { created, claimed } = history(definition);
    scenario(definition).given(created, claimed(1)).when({ type: 'fail_run', detail: 'broken' }).then([{ event_type: 'run_failed', data: { detail: 'broken' } }]).thenRun({ status: 'failed', detail: 'broken' });
  });
});

describe('the status a run is routed by', () => {
  const definition = definitionOf(timer('wait'), http('a'));
  const { created, claimed, waiting, parked } = history(definition);
  it.each([
    ['queued', [created]],
    ['running', [created, claimed(1)]],
    ['sleeping', [created, claimed(1), waiting('wait'), parked(['w'])]],
    ['retrying', [created, claimed(1), waiting('wait'), parked(['w'], now + 1)]],
  ])('is %s', (expected, events) => {
    const run = foldEvents(events);
    expect(run && statefulStatus(run)).toBe(expected);
  });
});
