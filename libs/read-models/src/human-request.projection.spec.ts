import type { EscalationRequest, OpenWait, QuestionRequest, RunEvent } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { auditFactsOf } from './audit-record.js';
import { toHumanRequestRecord } from './human-request-queries.port.js';
import type { HumanRequestRow } from './human-request-row.js';
import { LogHistory, newMemory, person, project } from './log-history.fixture.js';

const question: QuestionRequest = { kind: 'question', prompt: 'How many?', agent: 'clerk', default: null, ask: [{ kind: 'person', id: 'Bob' }, { kind: 'role', id: 'lead' }] };
const escalation: EscalationRequest = { kind: 'escalation', reason: 'stuck', roles: ['lead', 'director'], asked: 1, expires_after_ms: 1000, declined: [] };
const waitFor = (request: QuestionRequest | EscalationRequest, wait_id = 'q1'): OpenWait => ({ wait_id, node_id: 'charge', wait_kind: request.kind, created_at_ms: 1_000_020, wake_at_ms: 1_001_020, request });
const asked = (request: QuestionRequest | EscalationRequest, wait_id?: string): RunEvent => ({ event_type: request.kind === 'question' ? 'question_asked' : 'escalation_issued', data: { wait: waitFor(request, wait_id) } });
const about = { request_id: 'q1', node_id: 'charge' };
const answered: RunEvent = { event_type: 'question_answered', data: { ...about, answer: { count: 9 }, conversion: 'kept', answered_by: person, answered_at_ms: 1_000_040, reason: 'counted' } };
const woken: RunEvent = { event_type: 'stateful_wait_woken_requeued', data: { wait_id: 'q1', node_id: 'charge', wait_kind: 'question', wake_idempotency_key: 'question_answered:q1' } };

const log = (...commits: readonly (readonly RunEvent[])[]): LogHistory => {
  const history = new LogHistory();
  history.created('r1');
  history.claimed('r1', { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
  for (const events of commits) history.run('r1', ...events);
  return history;
};
const rows = (...commits: readonly (readonly RunEvent[])[]): readonly HumanRequestRow[] => project(log(...commits).entries).human_requests;
const shown = (row: HumanRequestRow | undefined) => row && toHumanRequestRecord({ ...row, workflow_name: 'Refund' });

describe('the list of questions and escalations', () => {
  it('A8: has an outstanding question once, as pending, of kind question, asked of nobody by name where it names nobody', () => {
    const { ask: _ask, ...open } = question;
    const requests = rows([asked(open), { event_type: 'run_parked', data: { wait_ids: ['q1'] } }]);
    expect(requests).toHaveLength(1);
    expect(shown(requests[0])).toMatchObject({ request_id: 'q1', kind: 'question', status: 'pending', ask: null, prompt: 'How many?', agent: 'clerk', default: null, expires_at_ms: 1_001_020, respond_endpoint: '/automations/v2/runs/r1/questions/q1/answer' });
    expect(shown(requests[0])).not.toHaveProperty('answer');
  });

  it('shows no credential that got into a prompt', () => {
    const secret = `ghp_${'a1b2'.repeat(9)}`;
    expect(shown(rows([asked({ ...question, prompt: `Is ${secret} yours?` })])[0])?.prompt).toBe('Is [redacted] yours?');
  });

  it('is seen by those who are asked, under one spelling', () => {
    expect(rows([asked(question)])[0]?.asked).toEqual(['["person","bob"]', '["role","lead"]']);
    expect(rows([asked(escalation)])[0]?.asked).toEqual(['["role","lead"]']);
  });

  it('given an answer, says what, who, when and why', () => {
    expect(shown(rows([asked(question)], [answered, woken])[0])).toMatchObject({ status: 'answered', answer: { count: 9 }, answer_source: 'person', conversion: 'kept', responded_by: person, ended_at_ms: 1_000_040, reason: 'counted' });
  });

  it('given its deadline, has the default as the answer of nobody, or has timed out', () => {
    const due = (used_default: boolean): RunEvent => ({ event_type: 'question_timed_out', data: { ...about, due_at_ms: 1_001_020, used_default } });
    expect(shown(rows([asked(question)], [due(true), woken])[0])).toMatchObject({ status: 'answered', answer: null, answer_source: 'default', responded_by: null });
    expect(shown(rows([asked(question)], [due(false), woken])[0])).toMatchObject({ status: 'timed_out', answer_source: null });
  });

  it('given a decline, shows the roles that are asked by then, and who declined', () => {
    const decline: RunEvent = { event_type: 'escalation_declined', data: { ...about, decline: { responder: 'ada', declined_by: person, declined_at_ms: 1_000_040 }, asked: 2, next_role: 'director', wake_at_ms: 1_002_000 } };
    const [row] = rows([asked(escalation)], [decline]);
    expect(shown(row)).toMatchObject({ status: 'pending', roles: ['lead', 'director'], declined: [{ responder: 'ada' }], expires_at_ms: 1_002_000 });
    expect(row?.asked).toEqual(['["role","lead"]', '["role","director"]']);
  });

  it('given a cancellation, says why', () => {
    const cancelled: RunEvent = { event_type: 'human_request_cancelled', data: { ...about, kind: 'question', reason: 'the run is cancelled' } };
    expect(shown(rows([asked(question)], [cancelled, { event_type: 'run_stopped', data: { reason: 'no', stop_kind: 'operator_stopped' } }])[0])).toMatchObject({ status: 'cancelled', reason: 'the run is cancelled' });
  });

  it('has one row of a question that was asked and answered in one batch, the same as commit by commit', () => {
    const history = log([asked(question)], [answered, woken]);
    const memory = newMemory();
    const last = history.entries.flatMap((entry) => project([entry], memory).human_requests).at(-1);
    expect(project(history.entries).human_requests).toEqual([last]);
  });

  it('is not touched by commits that are about something else', () => {
    const history = log([asked(question)]);
    const memory = newMemory();
    project(history.entries, memory);
    expect(project([history.run('r1', { event_type: 'run_parked', data: { wait_ids: ['q1'] } })], memory).human_requests).toEqual([]);
  });
});

describe('the list of waits', () => {
  it('has a question as a wait with its deadline, until it ends', () => {
    expect(project(log([asked(question)]).entries).waits).toEqual([expect.objectContaining({ wait_id: 'q1', wait_kind: 'question', status: 'waiting', wake_at_ms: 1_001_020 })]);
    expect(project(log([asked(question)], [answered, woken]).entries).waits).toEqual([expect.objectContaining({ wait_id: 'q1', status: 'woken' })]);
  });
});

describe('the audit', () => {
  it('keeps who asked whom, who answered and why, and never what was answered', () => {
    const history = log([asked(question)], [answered, woken]);
    const facts = history.entries.flatMap(({ stored }) => auditFactsOf(stored as StoredCommit, { org_id: 'acme', workspace_id: 'ops', deployment_id: '' }));
    const ofRequest = facts.filter(({ event_type }) => event_type.startsWith('automation.governance.question'));
    expect(ofRequest.map(({ event_type, payload }) => [event_type, payload])).toEqual([
      ['automation.governance.question_asked', expect.objectContaining({ requestID: 'q1', nodeID: 'charge', ask: question.ask, expires_at_ms: 1_001_020 })],
      ['automation.governance.question_answered', { runID: 'r1', automationID: 'refund', requestID: 'q1', nodeID: 'charge', conversion: 'kept', answeredBy: person, answered_at_ms: 1_000_040, reason: 'counted' }],
    ]);
    expect(JSON.stringify(ofRequest)).not.toContain('count"');
  });
});
