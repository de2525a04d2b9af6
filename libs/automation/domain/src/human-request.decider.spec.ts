import type { EscalationRequest, OpenWait, QuestionRequest, RunEvent } from '@cs/contracts';
import { ada, bob, history, runId } from './run-history.fixture.js';
import { definitionOf, nodes, now, scenario } from './run-scenario.fixture.js';

const ask = { node_id: 'ask', action: { kind: 'question' as const, prompt: 'How many?' } };
const call = { node_id: 'call', action: { kind: 'escalation' as const, role: 'lead', reason: 'stuck' } };
const definition = definitionOf(ask, call, nodes.transform('after', ['ask', 'call']));
const { given } = scenario(definition);
const { created, claimed, started, parked } = history(definition);

const questionId = `automation-v2:${runId}:ask:0:question:1`;
const escalationId = `automation-v2:${runId}:call:0:escalation:1`;
const question = (extra: Partial<QuestionRequest> = {}): QuestionRequest => ({ kind: 'question', prompt: 'How many?', ...extra });
const questionWait = (extra: Partial<QuestionRequest> = {}, more: Partial<OpenWait> = {}): OpenWait => ({
  wait_id: questionId, node_id: 'ask', wait_kind: 'question', created_at_ms: now, request: question(extra), wake_at_ms: now + 1000, ...more,
});
const escalation = (extra: Partial<EscalationRequest> = {}): EscalationRequest => ({ kind: 'escalation', reason: 'stuck', roles: ['lead', 'director'], asked: 1, expires_after_ms: 1000, declined: [], ...extra });
const escalationWait = (extra: Partial<EscalationRequest> = {}): OpenWait => ({ wait_id: escalationId, node_id: 'call', wait_kind: 'escalation', created_at_ms: now, request: escalation(extra), wake_at_ms: now + 1000 });

const asked = (extra: Partial<QuestionRequest> = {}, more: Partial<OpenWait> = {}): readonly RunEvent[] => [created, claimed(), started('ask'), { event_type: 'question_asked', data: { wait: questionWait(extra, more) } }, parked([questionId])];
const issued = (extra: Partial<EscalationRequest> = {}): readonly RunEvent[] => [created, claimed(), started('call'), { event_type: 'escalation_issued', data: { wait: escalationWait(extra) } }, parked([escalationId])];
const answer = (extra: object = {}) => ({ type: 'answer_question' as const, request_id: questionId, answer: 9, conversion: 'kept' as const, responded_by: bob, ...extra });
const respond = (extra: object = {}) => ({ type: 'respond_escalation' as const, request_id: escalationId, accepted: true, role: 'lead', responder: 'bob', responded_by: bob, ...extra });
const answered = (extra: object = {}): RunEvent => ({ event_type: 'question_answered', data: { request_id: questionId, node_id: 'ask', answer: 9, conversion: 'kept', answered_by: bob, answered_at_ms: now, ...extra } });

describe('asking', () => {
  it('ends the attempt and opens a wait with its deadline and its reminders', () => {
    given(created, claimed(), started('ask')).when({ type: 'ask_person', node_id: 'ask', attempt: 1, request: question(), expires_after_ms: 1000, remind_every_ms: 400 })
      .then([{ event_type: 'question_asked', data: { wait: questionWait({}, { timeout: { timeout_at_ms: now + 400, on_timeout: 'remind', remind_every_ms: 400 } }) } }])
      .thenRun({ checkpoint: { in_progress: {}, open_waits: [{ wait_id: questionId }] } });
  });

  it('is refused for an attempt that is not under way', () => {
    given(created, claimed()).when({ type: 'ask_person', node_id: 'ask', attempt: 1, request: question() }).thenRefused('node_not_in_progress');
  });

  it('issues an escalation to the first role', () => {
    const { asked: _asked, declined: _declined, ...request } = escalation();
    given(created, claimed(), started('call')).when({ type: 'ask_person', node_id: 'call', attempt: 1, request, expires_after_ms: 1000 }).then([{ event_type: 'escalation_issued', data: { wait: escalationWait() } }]);
  });
});

describe('answering a question', () => {
  it('completes its node with the answer and who gave it, and queues the run', () => {
    given(asked()).when(answer()).thenTypes('question_answered', 'stateful_wait_woken_requeued').thenRun({
      status: 'queued', checkpoint: { completed_nodes: ['ask'], open_waits: [], node_outputs: { ask: { content: 9, answer: { request_id: questionId, source: 'person', answered_by: bob, answered_at_ms: now } } } },
    });
  });

  it('is taken while an operator holds the run, which stays paused', () => {
    given(asked(), { event_type: 'run_paused', data: { reason: 'hold' } }).when(answer()).thenRun({ status: 'paused', pause_reason: 'hold', checkpoint: { completed_nodes: ['ask'] } });
  });

  it('is told how it ended, and by whom, when it comes second', () => {
    given(asked(), answered()).when(answer({ responded_by: ada })).thenRefused('AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', { requestID: questionId, winningResponse: { status: 'answered', ended_by: bob } });
  });

  it('changes nothing when the same command comes again, and is refused when its key carries another answer', () => {
    const command = { command_id: 'key-1', fingerprint: 'fp-1' };
    given(asked(), answered({ command })).when(answer({ command })).thenNothing();
    given(asked(), answered({ command })).when(answer({ command: { ...command, fingerprint: 'fp-2' } })).thenRefused('IDEMPOTENCY_KEY_REUSED');
    given(asked(), answered({ command })).when(answer({ command, responded_by: ada })).thenRefused('AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING');
  });

  it('is refused under an id that nothing is asked under, and for an escalation', () => {
    given(asked()).when(answer({ request_id: 'other' })).thenRefused('AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND');
    given(issued()).when(answer({ request_id: escalationId })).thenRefused('AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND');
    given(asked()).when(respond({ request_id: questionId })).thenRefused('AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND');
  });

  it('is refused from its deadline on, whether or not its timer has fired', () => {
    given(asked()).when(answer(), now + 999).thenTypes('question_answered', 'stateful_wait_woken_requeued');
    given(asked()).when(answer(), now + 1000).thenRefused('AUTOMATION_V2_HUMAN_REQUEST_EXPIRED', { expires_at_ms: now + 1000 });
  });
});

describe('the deadline of a question', () => {
  const wake = { type: 'wake_wait', wait_id: questionId } as const;

  it('takes the default, which nobody gave', () => {
    given(asked({ default: 1 })).when(wake, now + 1000).thenTypes('question_timed_out', 'stateful_wait_woken_requeued')
      .thenRun({ status: 'queued', checkpoint: { node_outputs: { ask: { content: 1, answer: { source: 'default', answered_at_ms: now + 1000 } } }, ended_requests: [{ status: 'answered' }] } });
  });

  it('takes a default of null, too', () => {
    given(asked({ default: null })).when(wake, now + 1000).thenRun({ checkpoint: { completed_nodes: ['ask'], node_outputs: { ask: { content: null } } } });
  });

  it('fails the node where there is none', () => {
    given(asked()).when(wake, now + 1000).thenTypes('question_timed_out', 'stateful_wait_woken_requeued', 'node_failed')
      .thenRun({ checkpoint: { last_failure: { kind: 'human_timeout' }, ended_requests: [{ status: 'timed_out' }] } });
  });

  it('does nothing before its time, a second time, or after the answer', () => {
    given(asked({ default: 1 })).when(wake, now + 999).thenRefused('wait_not_open');
    given(asked(), answered(), { event_type: 'stateful_wait_woken_requeued', data: { wait_id: questionId, node_id: 'ask', wait_kind: 'question', wake_idempotency_key: 'k' } }).when(wake, now + 1000).thenNothing();
  });

  it('comes after the reminders before it, and none comes after it', () => {
    const timeout = { timeout_at_ms: now + 400, on_timeout: 'remind' as const, remind_every_ms: 400 };
    given(asked({}, { timeout })).when(wake, now + 400).thenTypes('stateful_wait_timeout_reminded').thenRun({ checkpoint: { open_waits: [{ timeout: { timeout_at_ms: now + 800, reminder_count: 1 } }] } });
    given(asked({ default: 1 }, { timeout: { ...timeout, timeout_at_ms: now + 1200 } })).when(wake, now + 5000).thenTypes('question_timed_out', 'stateful_wait_woken_requeued');
  });
});

describe('an escalation', () => {
  const wake = { type: 'wake_wait', wait_id: escalationId } as const;
  const declinedBy = (responder: string, asked_now: number): RunEvent => ({
    event_type: 'escalation_declined', data: { request_id: escalationId, node_id: 'call', decline: { responder, declined_by: bob, declined_at_ms: now }, asked: asked_now, next_role: 'director', wake_at_ms: now + 1000 },
  });

  it('is over when somebody takes it on', () => {
    given(issued()).when(respond()).thenTypes('escalation_accepted', 'stateful_wait_woken_requeued').thenRun({
      status: 'queued', checkpoint: { node_outputs: { call: { content: { request_id: escalationId, role: 'lead', reason: 'stuck', status: 'accepted', reviewer: 'bob' } } } },
    });
  });

  it('stays open after a decline, and the next role is asked too with time of its own', () => {
    given(issued()).when(respond({ accepted: false, reason: 'on leave' }), now + 500).thenTypes('escalation_declined').thenRun({
      status: 'paused', checkpoint: { open_waits: [{ wake_at_ms: now + 1500, request: { asked: 2, declined: [{ responder: 'bob', reason: 'on leave' }] } }] },
    });
  });

  it('counts the decline of a person once', () => {
    given(issued(), declinedBy('bob', 2)).when(respond({ accepted: false })).thenNothing();
  });

  it('may be taken on by one who declined before', () => {
    given(issued(), declinedBy('bob', 2)).when(respond()).thenTypes('escalation_accepted', 'stateful_wait_woken_requeued');
  });

  it('asks the next role when time runs out, and fails the node after the last', () => {
    given(issued()).when(wake, now + 1000).thenTypes('escalation_passed_on').thenRun({ checkpoint: { open_waits: [{ wake_at_ms: now + 2000, request: { asked: 2 } }] } });
    given(issued({ asked: 2 })).when(wake, now + 1000).thenTypes('escalation_timed_out', 'stateful_wait_woken_requeued', 'node_failed').thenRun({ checkpoint: { last_failure: { kind: 'human_timeout' } } });
  });

  it('is taken on after the time of a role while another is to be asked, and not after the last', () => {
    given(issued()).when(respond(), now + 1000).thenTypes('escalation_accepted', 'stateful_wait_woken_requeued');
    given(issued({ asked: 2 })).when(respond(), now + 1000).thenRefused('AUTOMATION_V2_HUMAN_REQUEST_EXPIRED');
  });
});

describe('a request that nobody needs any more', () => {
  const cancelled = (reason: string): RunEvent => ({ event_type: 'human_request_cancelled', data: { request_id: questionId, node_id: 'ask', kind: 'question', reason } });

  it('is cancelled before its run is', () => {
    given(asked()).when({ type: 'cancel_run', reason: 'wrong order' }).thenTypes('human_request_cancelled', 'run_stopped').thenRun({ status: 'cancelled', checkpoint: { open_waits: [], ended_requests: [{ status: 'cancelled' }] } });
  });

  it('is cancelled when its node is sent back, and asked under a new id', () => {
    const target = { definition, hash: `sha256:${'0'.repeat(64)}`, version: 'v1' };
    given(asked()).when({ type: 'retry_task', node_id: 'ask', reason: 'again', target }).thenTypes('human_request_cancelled', 'run_task_retried').thenRun({ status: 'queued', checkpoint: { open_waits: [], node_generations: { ask: 1 } } });
    given(asked(), cancelled('node "ask" was sent back')).when(answer()).thenRefused('AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', { winningResponse: { status: 'cancelled' } });
  });

  it('stays when another node is sent back, or when its run is paused', () => {
    const target = { definition, hash: `sha256:${'0'.repeat(64)}`, version: 'v1' };
    given(asked()).when({ type: 'retry_task', node_id: 'call', reason: 'again', target }).thenTypes('run_task_retried').thenRun({ checkpoint: { open_waits: [{ wait_id: questionId }] } });
    given(asked()).when({ type: 'pause_run', reason: 'hold' }).thenRun({ status: 'paused', checkpoint: { open_waits: [{ wait_id: questionId }] } });
  });
});
