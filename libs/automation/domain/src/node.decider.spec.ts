import type { EffectIntent } from '@cs/contracts';
import { effectOf, failed, failure, history, runId, succeeded, timerWait, backoffWait } from './run-history.fixture.js';
import { definitionOf, nodes, now, scenario } from './run-scenario.fixture.js';

const { http, transform, timer, gate } = nodes;

describe('starting a node', () => {
  const definition = definitionOf(http('a'), transform('b', ['a']), gate('sign', ['a']));
  const { given } = scenario(definition);
  const { created, claimed, started, completed, backingOff, failed: nodeFailed, blocked } = history(definition);

  it('makes the intent of its effect durable: attempt, effect and idempotency key', () => {
    given(created, claimed()).when({ type: 'start_node', node_id: 'a', mode: 'keyed' })
      .then([{ event_type: 'node_started', data: { node_id: 'a', attempt: 1, effect: { effect_id: `${runId}:a:0`, idempotency_key: `${runId}:a:0`, mode: 'keyed', operation: 'http.post', target: 'http://peer/a' } } }])
      .thenRun({ checkpoint: { in_progress: { a: { attempt: 1, lease_epoch: 1, started_at_ms: now } }, node_attempts: { a: 1 } } });
  });

  it('needs no effect for a pure node', () => {
    given(created, claimed(), started('a', effectOf('a')), completed('a')).when({ type: 'start_node', node_id: 'b' }).then([started('b')]);
  });

  it('is refused before its dependencies are complete', () => {
    given(created, claimed()).when({ type: 'start_node', node_id: 'b' }).thenRefused('node_not_ready');
    given(created, claimed(), started('a', effectOf('a'))).when({ type: 'start_node', node_id: 'b' }).thenRefused('node_not_ready');
  });

  it('is refused while it is in progress, backs off, has ended or is unknown, and when the run is not running', () => {
    const running = [created, claimed(), started('a', effectOf('a'))];
    for (const end of [[], [backingOff('a')], [completed('a')], [nodeFailed('a')], [blocked('a')]]) given(running, end).when({ type: 'start_node', node_id: 'a' }).thenRefused('node_not_ready');
    given(created, claimed()).when({ type: 'start_node', node_id: 'other' }).thenRefused('node_not_ready');
    given(created).when({ type: 'start_node', node_id: 'a' }).thenRefused('node_not_ready');
  });

  it('is refused for a gate: only a decision completes its node', () => {
    given(created, claimed(), started('a', effectOf('a')), completed('a')).when({ type: 'start_node', node_id: 'sign' }).thenRefused('node_not_ready');
  });

  it('keeps the key on every attempt, and has a new one after the node was sent back', () => {
    const { rolledBack } = history(definition);
    given(created, claimed(), started('a', effectOf('a')), backingOff('a'), { event_type: 'stateful_wait_woken_requeued', data: { wait_id: backoffWait('a', 1, 0).wait_id, node_id: 'a', wait_kind: 'retry_backoff', wake_idempotency_key: 'k' } })
      .when({ type: 'start_node', node_id: 'a', mode: 'keyed' }).then([started('a', effectOf('a'), 2)]);
    given(created, claimed(), started('a', effectOf('a')), completed('a'), rolledBack('a')).when({ type: 'start_node', node_id: 'a', mode: 'keyed' }).then([started('a', effectOf('a', 'keyed', 1), 1)]);
  });

  it.each(['constructor', 'toString', '__proto__'])('does not take the name "%s", which every object has, for an output', (name) => {
    const odd = definitionOf(http(name));
    const past = history(odd);
    scenario(odd).given(past.created, past.claimed()).when({ type: 'settle' }).thenRefused('work_left');
  });
});

describe('registering a timer', () => {
  const definition = definitionOf(timer('wait'), http('a'), timer('later', ['a']));
  const { given } = scenario(definition);
  const { created, claimed, waiting } = history(definition);

  it('opens the wait of the node', () => {
    given(created, claimed()).when({ type: 'open_waits', node_id: 'wait', waits: [{ wait_kind: 'timer', wake_at_ms: now + 1000 }] }).then([{ event_type: 'wait_node_registered', data: { wait: timerWait('wait') } }]);
  });

  it('opens it once, after the dependencies, and for wait nodes only', () => {
    given(created, claimed(), waiting('wait')).when({ type: 'open_waits', node_id: 'wait', waits: [{ wait_kind: 'timer', wake_at_ms: now }] }).thenRefused('node_not_ready');
    given(created, claimed()).when({ type: 'open_waits', node_id: 'later', waits: [{ wait_kind: 'timer', wake_at_ms: now }] }).thenRefused('node_not_ready');
    given(created, claimed()).when({ type: 'open_waits', node_id: 'a', waits: [{ wait_kind: 'timer', wake_at_ms: now }] }).thenRefused('node_not_ready');
  });
});

describe('finishing an attempt', () => {
  const definition = definitionOf(http('a', [], { retry_policy: { max_attempts: 2, backoff: { strategy: 'fixed', initial_delay_ms: 700, multiplier: 1 } } }));
  const { given } = scenario(definition);
  const { created, claimed, started, completed, lettered } = history(definition);
  const sent = (mode: EffectIntent['mode'], attempt = 1) => [created, claimed(), started('a', effectOf('a', mode), attempt)];

  it('completes the node with its output', () => {
    given(sent('keyed')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: succeeded }).then([completed('a')])
      .thenCheckpoint({ completed_nodes: ['a'], pending_nodes: [], in_progress: {} }).thenRun({ checkpoint: { node_outputs: { a: { status: 'completed' } } } });
  });

  it('is refused for another attempt, or one that an earlier claim began', () => {
    given(sent('keyed', 2)).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: succeeded }).thenRefused('node_not_in_progress');
    given(sent('keyed'), claimed(2, 'runner-2')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: succeeded }).thenRefused('node_not_in_progress');
  });

  it('is refused for a second result of the same attempt', () => {
    given(sent('keyed'), completed('a')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: failed() }).thenRefused('node_not_in_progress');
  });

  it('schedules a retry after the back-off', () => {
    given(sent('keyed')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: failed() }).then([
      {
        event_type: 'node_retry_backoff_scheduled',
        data: {
          node_id: 'a', attempt: 1, next_attempt: 2, max_attempts: 3, backoff_ms: 700, retry_after_ms: now + 700, reason: 'no answer', failure, retry_decision: 'retry_scheduled',
          wait: { wait_id: `automation-v2:${runId}:a:0:backoff:1`, node_id: 'a', wait_kind: 'retry_backoff', wake_at_ms: now + 700, created_at_ms: now },
          unknown_effect_id: `${runId}:a:0`,
        },
      },
    ]);
  });

  it('fails the node when its attempts are used up or a retry makes no sense', () => {
    given(sent('keyed', 3)).when({ type: 'finish_node', node_id: 'a', attempt: 3, result: failed() }).then([{ event_type: 'node_failed', data: { node_id: 'a', attempt: 3, failure, retry_decision: 'attempts_exhausted' } }, lettered('a', { outcome: 'unknown', attempts: 3 })]);
    given(sent('keyed')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: failed({ retryable: false }) }).thenTypes('node_failed', 'effect_dead_lettered')
      .thenRun({ checkpoint: { pending_nodes: ['a'], node_outputs: { a: { status: 'failed', summary: 'no answer' } }, last_failure: { node_id: 'a', kind: 'timeout' } } });
  });

  it('blocks the node instead of doing an effect twice that its peer does not promise to do once', () => {
    given(sent('none')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: failed() })
      .then([{ event_type: 'node_blocked', data: { node_id: 'a', attempt: 1, effect_id: `${runId}:a:0`, failure } }, lettered('a', { outcome: 'unknown' })])
      .thenRun({ checkpoint: { blocked_nodes: ['a'], pending_nodes: ['a'], node_outputs: { a: { status: 'blocked' } } } });
  });

  it('repeats such an effect when it certainly never left, and gives up when the peer said no', () => {
    given(sent('none')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: failed({ effect: 'not_sent' }) }).thenTypes('node_retry_backoff_scheduled');
    given(sent('none')).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: failed({ effect: 'answered' }) }).thenTypes('node_failed', 'effect_dead_lettered');
  });
});

describe('recovering a node whose runner is gone', () => {
  const definition = definitionOf(http('a'));
  const { given } = scenario(definition);
  const { created, claimed, started, lettered } = history(definition);
  const interrupted = (mode: EffectIntent['mode'], attempt = 1) => [created, claimed(1), started('a', effectOf('a', mode), attempt), claimed(2, 'runner-2')];
  const gone = { kind: 'interrupted', message: 'the runner of attempt 1 is gone; what became of the attempt is not known' };

  it.each(['keyed', 'safe'] as const)('starts the %s effect again with the same key', (mode) => {
    given(interrupted(mode)).when({ type: 'recover_node', node_id: 'a' }).then([started('a', effectOf('a', mode), 2)]).thenRun({ checkpoint: { in_progress: { a: { attempt: 2, lease_epoch: 2 } } } });
  });

  it('hands an effect to a person that must not be sent twice', () => {
    given(interrupted('none')).when({ type: 'recover_node', node_id: 'a' }).then([{ event_type: 'node_blocked', data: { node_id: 'a', attempt: 1, effect_id: `${runId}:a:0`, failure: gone } }, lettered('a', { outcome: 'unknown', reason: gone.message })]);
  });

  it('gives up on a node that ended ten runners', () => {
    given(interrupted('keyed', 9)).when({ type: 'recover_node', node_id: 'a' }).thenTypes('node_started');
    given(interrupted('keyed', 10)).when({ type: 'recover_node', node_id: 'a' }).thenTypes('node_failed', 'effect_dead_lettered');
  });

  it('leaves a node alone that this claim began, or that is not in progress', () => {
    given(created, claimed(1), started('a', effectOf('a'))).when({ type: 'recover_node', node_id: 'a' }).thenRefused('node_not_in_progress');
    given(created, claimed(1)).when({ type: 'recover_node', node_id: 'a' }).thenRefused('node_not_in_progress');
  });
});
