import type { OpenWait, OpenWaitTimeout, RunEvent, WebhookMatch } from '@cs/contracts';
import { claimBy, effectOf, history, runId } from './run-history.fixture.js';
import { definitionOf, nodes, now, scenario, type NodeInput } from './run-scenario.fixture.js';
import { statefulStatus } from './run.state.js';
import type { WebhookDelivery } from './wait.commands.js';
import { byDueTime } from './wait-due.js';
import { matchesDelivery } from './webhook-match.js';

const { transform, http, gate } = nodes;
const waitNode: NodeInput = { node_id: 'w', wait: { kind: 'external_condition', condition_key: 'k', timeout: { expires_after_ms: 1000, on_timeout: 'cancel' } } };
const definition = definitionOf(waitNode, transform('after', ['w']), http('pay'), gate('sign', ['pay']));
const { given } = scenario(definition);
const { created, claimed, parked, started, opened } = history(definition);

const waitId = `automation-v2:${runId}:w:0:wait`;
const timeout = (change: Partial<OpenWaitTimeout> = {}): OpenWaitTimeout => ({ timeout_at_ms: now + 1000, on_timeout: 'cancel', ...change });
const wait = (change: Partial<OpenWait> = {}): OpenWait => ({ wait_id: waitId, node_id: 'w', wait_kind: 'external_condition', created_at_ms: now, condition_key: 'k', ...change });
const registered = (...waits: readonly OpenWait[]): readonly RunEvent[] => waits.map((open) => ({ event_type: 'wait_node_registered', data: { wait: open } }));
/** A run that is parked on these waits of its node `w`. */
const waitingFor = (...waits: readonly OpenWait[]): readonly RunEvent[] => [created, claimed(1), ...registered(...waits), parked(waits.map(({ wait_id }) => wait_id))];
const cancelledRun: RunEvent = { event_type: 'run_cancelled', data: { reason: 'stopped', stop_kind: 'operator_stopped' } };

const wake = { type: 'wake_wait', wait_id: waitId } as const;
const resolve = (idempotency_key = 'key-1', payload: string | { readonly text: string } = 'yes') => ({ type: 'resolve_wait', wait_id: waitId, idempotency_key, payload }) as const;
const delivery: WebhookDelivery = { delivery_id: 'd1', trigger_id: 't1', provider: 'github', provider_event_kind: 'push', provider_event_id: 'e1', idempotency_key: 'github:e1', body_digest: 'sha256:1', payload: { ref: 'main' } };
const deliver = (change: Partial<WebhookDelivery> = {}) => ({ type: 'deliver_webhook', wait_id: waitId, delivery: { ...delivery, ...change } }) as const;
const webhookWait = wait({ wait_kind: 'webhook', webhook_match: { trigger_id: 't1' } });

const keyOf = (events: readonly RunEvent[]): readonly unknown[] => events.map(({ data }) => 'wake_idempotency_key' in data && data.wake_idempotency_key);
const outcome = (history_: readonly RunEvent[], at_ms: number): readonly unknown[] => {
  const seen: RunEvent[] = [];
  given(history_).when(wake, at_ms).collect(seen);
  return [seen.map(({ event_type }) => event_type), keyOf(seen)];
};

describe('due waits', () => {
  it('are ordered by due time, then age, then id; what is never due comes last', () => {
    const [late, soon, old, other, never] = [
      wait({ wait_id: 'late', wake_at_ms: 30 }), wait({ wait_id: 'soon', wake_at_ms: 90, timeout: timeout({ timeout_at_ms: 10 }) }),
      wait({ wait_id: 'z', wake_at_ms: 20, created_at_ms: 1 }), wait({ wait_id: 'a', wake_at_ms: 20, created_at_ms: 2 }), wait({ wait_id: 'never' }),
    ];
    expect([never, late, other, old, soon].sort(byDueTime).map(({ wait_id }) => wait_id)).toEqual(['soon', 'z', 'a', 'late', 'never']);
  });

  it('time out when the timeout is due before the later wake, or with it', () => {
    const both = (wake_at_ms: number, timeout_at_ms: number) => outcome(waitingFor(wait({ wait_kind: 'timer', wake_at_ms, timeout: timeout({ timeout_at_ms, on_timeout: 'resume' }) })), now + 50);
    expect(both(now + 20, now + 10)[1]).toEqual([`timeout:Resume:${runId}:${waitId}:${now + 10}`]);
    expect(both(now + 10, now + 10)[1]).toEqual([`timeout:Resume:${runId}:${waitId}:${now + 10}`]);
    expect(both(now + 10, now + 20)[1]).toEqual([`timer:${runId}:${waitId}:${now + 10}`]);
    expect(both(now + 10, now + 90)[1]).toEqual([`timer:${runId}:${waitId}:${now + 10}`]);
  });
});

describe('the timeout of a wait', () => {
  const due = now + 1000;
  const expired = (change: Partial<OpenWaitTimeout>) => given(waitingFor(wait({ timeout: timeout(change) }))).when(wake, due + 5);

  it('cancels the run', () => {
    expected('Cancel', 'stateful_wait_timeout_cancelled_run', 'cancel');
    expired({ on_timeout: 'cancel' }).thenRun({ status: 'cancelled', stop_kind: 'cancelled', finished_at_ms: now, checkpoint: { open_waits: [], ended_waits: [{ wait_id: waitId, status: 'cancelled' }] } });
  });

  it('escalates: the run stands until an operator resumes it, then the wait opens anew under another id', () => {
    expected('Escalate', 'stateful_wait_timeout_paused_run', 'escalate');
    expired({ on_timeout: 'escalate', escalate_to: 'lead' }).thenRun({ status: 'paused', pause_reason: 'the wait of node "w" was not ended in time', checkpoint: { ended_waits: [{ status: 'escalated' }] } });
    const escalated: RunEvent = {
      event_type: 'stateful_wait_timeout_paused_run',
      data: { wait_id: waitId, node_id: 'w', wait_kind: 'external_condition', wake_idempotency_key: 'k', due_at_ms: due, reason: 'late', wait_status: 'escalated', escalated_to: 'lead' },
    };
    given(created, claimed(1), registered(wait()), escalated, claimed(2)).when({ type: 'open_waits', node_id: 'w', waits: [{ wait_kind: 'external_condition', condition_key: 'k' }] })
      .then([{ event_type: 'wait_node_registered', data: { wait: wait({ wait_id: `automation-v2:${runId}:w:1:wait` }) } }]);
  });

  it('reminds once, and the run stands', () => {
    expected('Remind', 'stateful_wait_timeout_paused_run', 'remind');
    expired({ on_timeout: 'remind' }).thenRun({ status: 'paused', checkpoint: { open_waits: [], ended_waits: [{ status: 'timed_out' }] } });
  });

  it('reminds again after its interval: remind reschedules without terminating', () => {
    const again = { on_timeout: 'remind', remind_every_ms: 500 } as const;
    expired(again).thenTypes('stateful_wait_timeout_reminded').thenRun({
      status: 'paused', pause_reason: 'waiting', checkpoint: { open_waits: [{ wait_id: waitId, timeout: { timeout_at_ms: due + 505, reminder_count: 1, last_reminded_at_ms: due + 5 } }] },
    });
    const reminded = wait({ timeout: timeout({ ...again, timeout_at_ms: due + 505, reminder_count: 1 }) });
    given(waitingFor(reminded)).when(wake, due + 504).thenRefused('wait_not_open');
    expect(outcome(waitingFor(reminded), due + 505)).toEqual([['stateful_wait_timeout_reminded'], [`timeout:Remind:${runId}:${waitId}:${due + 505}`]]);
  });

  it('resumes the run with an output that says so', () => {
    expected('Resume', 'stateful_wait_woken_requeued', 'resume');
    expired({ on_timeout: 'resume' }).thenRun({ status: 'queued', checkpoint: { completed_nodes: ['w'], node_outputs: { w: { contract_kind: 'stateful_wait', content: { timed_out: true, due_at_ms: due } } } } });
  });

  it('leaves a gate that is open, and an operator\'s pause, as they are', () => {
    const atGate = [created, claimed(1), ...registered(wait({ timeout: timeout({ on_timeout: 'escalate' }) })), opened('sign')];
    given(atGate).when(wake, due).thenRun({ status: 'awaiting_approval', checkpoint: { awaiting_gate: { node_id: 'sign' }, open_waits: [] } });
  });

  it('pauses a run that executes, whose next claim judges what was under way', () => {
    given(created, claimed(1), started('pay'), registered(wait({ timeout: timeout({ on_timeout: 'escalate' }) }))).when(wake, due).thenRun({ status: 'paused', checkpoint: { in_progress: { pay: { attempt: 1 } } } });
  });

  it('leaves to a person what was under way in a run that it cancels, where nobody else can tell', () => {
    const paying = [created, claimed(1), started('pay', effectOf('pay', 'none')), ...registered(wait({ timeout: timeout() }))];
    given(paying).when(wake, due).thenTypes('node_blocked', 'effect_dead_lettered', 'stateful_wait_timeout_cancelled_run').thenRun({ status: 'cancelled', checkpoint: { node_outputs: { pay: { status: 'blocked' } } } });
  });

  const expected = (action: string, event_type: string, on_timeout: OpenWaitTimeout['on_timeout']): void =>
    expect(outcome(waitingFor(wait({ timeout: timeout({ on_timeout }) })), due)).toEqual([[event_type], [`timeout:${action}:${runId}:${waitId}:${due}`]]);
});

describe('the phase guard', () => {
  const due = wait({ wake_at_ms: now, wait_kind: 'timer' });
  it('denies without an event, also when the run turns terminal after the timer fired', () => {
    given(waitingFor(due), cancelledRun).when(wake).thenNothing();
    given(waitingFor(wait()), cancelledRun).when(resolve()).thenRefused('AUTOMATION_V2_WAIT_ALREADY_ENDED', { status: 'cancelled', wake_idempotency_key: `phase-guard-denied:${waitId}` });
    given(waitingFor(webhookWait), cancelledRun).when(deliver()).thenRefused('AUTOMATION_V2_WAIT_ALREADY_ENDED');
  });
});

describe('an external condition', () => {
  it('resolves exactly once: the same key holds already, another one is told what ended the wait', () => {
    const seen: RunEvent[] = [];
    const at = given(waitingFor(wait()));
    at.when(resolve()).collect(seen).thenTypes('stateful_wait_woken_requeued').thenRun({ status: 'queued', checkpoint: { completed_nodes: ['w'], node_outputs: { w: { content: { condition_key: 'k', payload: 'yes' } } } } });
    expect(keyOf(seen)).toEqual([`external:${waitId}:key-1`]);
    const ended = given(waitingFor(wait()), seen);
    ended.when(resolve('key-1', 'no')).thenNothing();
    ended.when(resolve('key-2')).thenRefused('AUTOMATION_V2_WAIT_ALREADY_ENDED', { status: 'woken', wake_idempotency_key: `external:${waitId}:key-1` });
  });

  it('can be told from a wait that never was, and from one of another kind', () => {
    given(waitingFor(wait())).when({ ...resolve(), wait_id: 'other' }).thenRefused('AUTOMATION_V2_WAIT_NOT_FOUND');
    given(waitingFor(webhookWait)).when(resolve()).thenRefused('AUTOMATION_V2_WAIT_NOT_RESOLVABLE', { kind: 'webhook' });
    given().when(resolve()).thenRefused('AUTOMATION_V2_RUN_NOT_FOUND');
  });

  it('gives its node bounded output: what is too large is cut with a marker', () => {
    given(waitingFor(wait())).when(resolve('k', { text: 'ä'.repeat(10_000) })).thenRun({
      checkpoint: { node_outputs: { w: { content: { condition_key: 'k', payload: { truncated: true, bytes: 20_011, excerpt: expect.stringMatching(/^\{"text":"ä+$/) as string } } } } },
    });
  });
});

describe('a webhook wait', () => {
  const match = (webhook_match: WebhookMatch): boolean => matchesDelivery(webhook_match, delivery);

  it('matches metadata: every condition that is set, and at least one', () => {
    expect([match({ trigger_id: 't1' }), match({ provider: 'github', provider_event_kind: 'push', provider_event_id: 'e1', idempotency_key: 'github:e1', body_digest: 'sha256:1' })]).toEqual([true, true]);
    expect([match({}), match({ trigger_id: 't2' }), match({ trigger_id: 't1', provider_event_id: 'e2' })]).toEqual([false, false, false]);
    expect(matchesDelivery({ provider_event_kind: 'push' }, { ...deliver().delivery, provider_event_kind: 'issue' })).toBe(false);
  });

  it('is woken once by a delivery, which is told when it comes again', () => {
    const seen: RunEvent[] = [];
    given(waitingFor(webhookWait)).when(deliver()).collect(seen).thenRun({ status: 'queued', checkpoint: { node_outputs: { w: { content: { delivery_id: 'd1', provider_event_id: 'e1', payload: { ref: 'main' } } } } } });
    expect(keyOf(seen)).toEqual([`webhook:${runId}:${waitId}:d1`]);
    given(waitingFor(webhookWait), seen).when(deliver()).thenNothing();
    given(waitingFor(webhookWait), seen).when(deliver({ delivery_id: 'd2' })).thenRefused('AUTOMATION_V2_WAIT_ALREADY_ENDED');
    given(waitingFor(webhookWait)).when(deliver({ trigger_id: 't2' })).thenRefused('wait_not_matching');
  });

  it('parks its run where a delivery is awaited, unless time could end a wait of it', () => {
    const status = (...waits: readonly OpenWait[]): string | undefined => {
      const run = given(waitingFor(...waits)).run();
      return run && statefulStatus(run);
    };
    expect([status(webhookWait), status(webhookWait, wait()), status(webhookWait, wait({ wait_id: 't', wait_kind: 'timer', wake_at_ms: now }))]).toEqual(['awaiting_webhook', 'awaiting_webhook', 'sleeping']);
  });
});

describe('a wait for any', () => {
  const any = definitionOf({ node_id: 'w', wait: { kind: 'any', of: [{ kind: 'timer', delay_ms: 5 }, { kind: 'external_condition', condition_key: 'k' }] } });
  const told = scenario(any);
  const waits = [{ wait_kind: 'timer', delay_ms: 5 }, { wait_kind: 'external_condition', condition_key: 'k' }] as const;
  const branches: readonly OpenWait[] = [
    { wait_id: `${waitId}:0`, node_id: 'w', branch: 0, wait_kind: 'timer', wake_at_ms: now + 5, created_at_ms: now },
    { wait_id: `${waitId}:1`, node_id: 'w', branch: 1, wait_kind: 'external_condition', condition_key: 'k', created_at_ms: now },
  ];

  it('opens all of its branches at once', () => {
    told.given(created, claimed(1)).when({ type: 'open_waits', node_id: 'w', waits }).then(registered(...branches));
    told.given(created, claimed(1)).when({ type: 'open_waits', node_id: 'w', waits: [waits[0]] }).thenRefused('node_not_ready');
  });

  it('ends with the first, which the output names; the others are cancelled', () => {
    const open = told.given(created, claimed(1), registered(...branches), parked(branches.map(({ wait_id }) => wait_id)));
    const seen: RunEvent[] = [];
    open.when({ ...resolve(), wait_id: `${waitId}:1` }).collect(seen).thenRun({ status: 'queued', checkpoint: { open_waits: [], node_outputs: { w: { content: { branch: 1, kind: 'external_condition', payload: 'yes' } } } } });
    told.given(created, claimed(1), registered(...branches), seen).when({ type: 'wake_wait', wait_id: `${waitId}:0` }, now + 5).thenNothing();
    const timed: RunEvent[] = [];
    open.when({ type: 'wake_wait', wait_id: `${waitId}:0` }, now + 5).collect(timed).thenRun({ checkpoint: { node_outputs: { w: { content: { branch: 0, kind: 'timer' } } } } });
    told.given(created, claimed(1), registered(...branches), timed).when({ ...resolve(), wait_id: `${waitId}:1` }).thenRefused('AUTOMATION_V2_WAIT_ALREADY_ENDED', { status: 'cancelled' });
  });
});

describe('a wait that ends while its run cannot go on', () => {
  const paused: RunEvent = { event_type: 'stateful_wait_timeout_paused_run', data: { wait_id: 'other', node_id: 'pay', wait_kind: 'timer', wake_idempotency_key: 'x', due_at_ms: now, reason: 'late', wait_status: 'timed_out' } };
  it('completes its node, and leaves the pause to who made it', () => {
    given(waitingFor(wait()), paused).when(resolve()).thenRun({ status: 'paused', pause_reason: 'late', checkpoint: { completed_nodes: ['w'] } });
  });
  it('completes its node of a run that executes, which goes on with it', () => {
    given(created, claimed(1), started('pay'), registered(wait())).when(resolve()).thenRun({ status: 'running', checkpoint: { completed_nodes: ['w'] } });
  });
});

describe('waits that were lost', () => {
  it('a wake cannot be lost: what ends a wait of a parked run queues the run in the same commit', () => {
    const seen: RunEvent[] = [];
    given(waitingFor(wait())).when(resolve()).collect(seen);
    expect(seen).toHaveLength(1);
    given(waitingFor(wait()), seen).when(claimBy('runner-2', 5)).thenTypes('run_execution_claimed');
  });
  it('a run cannot be parked without its wait: a run with nothing to wait for ends', () => {
    const alone = scenario(definitionOf(waitNode));
    alone.given(created, claimed(1)).when({ type: 'settle' }).thenRefused('work_left');
    alone.given(created, claimed(1), registered(wait())).when({ type: 'settle' }).thenTypes('run_parked');
  });
});
