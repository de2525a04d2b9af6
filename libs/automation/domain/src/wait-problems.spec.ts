import type { Binding, FlowNode, WaitSpec } from '@cs/contracts';
import { definitionProblems } from './definition-problems.js';
import { definitionOf, nodes, type NodeInput } from './run-scenario.fixture.js';

const { transform, gate } = nodes;
const timeout = { expires_after_ms: 1000, on_timeout: 'cancel' } as const;
const output = (node_id: string, json_pointer?: string): Binding => ({ node_output: { node_id, ...(json_pointer === undefined ? {} : { json_pointer }) } });

const problemsOf = (...flow: readonly NodeInput[]): readonly (readonly [string, string])[] => definitionProblems(definitionOf(...flow)).map(({ path, code }) => [path, code]);
/** Problems of a node that waits, after `a`, and beside `b`. */
const waiting = (wait: WaitSpec, extra: Partial<FlowNode> = {}) => problemsOf(transform('a'), transform('b'), { node_id: 'w', depends_on: ['a'], wait, ...extra }).map(([path, code]) => [path.replace('flow.nodes[2].', ''), code]);

describe('a wait that can be waited for has no problems', () => {
  it.each<[string, WaitSpec]>([
    ['a delay', { kind: 'timer', delay_ms: 1 }],
    ['an instant', { kind: 'timer', wake_at: '2026-01-31T09:00:00Z', timeout: { ...timeout, on_timeout: 'remind', remind_every_ms: 5 } }],
    ['an instant that an expression or another node gives', { kind: 'timer', wake_at: '{{ input.when }}' }],
    ['an instant of an output', { kind: 'timer', wake_at: output('a', '/due/0/a~1b') }],
    ['a webhook', { kind: 'webhook', trigger_id: 't', correlation: { field: 'provider_event_id', value: output('a') }, timeout }],
    ['a condition', { kind: 'external_condition', condition_key: { literal: 'paid' }, timeout: { ...timeout, on_timeout: 'escalate', escalate_to: 'lead' } }],
    ['an approval', { kind: 'approval', decisions: ['approve', 'Request_changes'] }],
    ['the first of several, of which one ends by itself', { kind: 'any', of: [{ kind: 'timer', delay_ms: 5 }, { kind: 'webhook', trigger_id: 't' }] }],
  ])('%s', (_what, wait) => expect(waiting(wait)).toEqual([]));
});

describe('a wait is refused with its place and code', () => {
  const external = (condition_key: Binding): WaitSpec => ({ kind: 'external_condition', condition_key, timeout });

  it('wait_gate_conflict: beside a gate, or on a node that is one', () => {
    const wait: WaitSpec = { kind: 'timer', delay_ms: 1 };
    expect(problemsOf({ ...gate('g'), wait })).toEqual([['flow.nodes[0].wait', 'wait_gate_conflict']]);
    expect(problemsOf({ node_id: 'g', stage_kind: 'approval', wait })).toEqual([['flow.nodes[0].wait', 'wait_gate_conflict']]);
    expect(problemsOf({ ...gate('g'), wait: { kind: 'approval', decisions: ['approve'] } })).toEqual([['flow.nodes[0].wait', 'wait_gate_conflict']]);
  });

  it('wait_node_has_execution_policy: what is not executed is not retried', () => {
    expect(waiting({ kind: 'timer', delay_ms: 1 }, { retry_policy: { max_attempts: 2 }, timeout_ms: 5 })).toEqual([['retry_policy', 'wait_node_has_execution_policy'], ['timeout_ms', 'wait_node_has_execution_policy']]);
  });

  it('wait_binding_unknown_node: of a node that is not there', () => expect(waiting(external(output('x')))).toEqual([['wait.condition_key.node_output.node_id', 'wait_binding_unknown_node']]));
  it('wait_binding_not_dependency: of a node that may come later', () => {
    expect(waiting(external(output('b')))).toEqual([['wait.condition_key.node_output.node_id', 'wait_binding_not_dependency']]);
    expect(waiting(external(output('w')))).toEqual([['wait.condition_key.node_output.node_id', 'wait_binding_not_dependency']]);
  });
  it('wait_binding_invalid_json_pointer: into an output', () => expect(waiting(external(output('a', 'id')))).toEqual([['wait.condition_key.node_output.json_pointer', 'wait_binding_invalid_json_pointer']]));

  it('timer_wake_conflict: both or none of its times', () => {
    expect(waiting({ kind: 'timer' })).toEqual([['wait', 'timer_wake_conflict']]);
    expect(waiting({ kind: 'timer', delay_ms: 1, wake_at: 5 })).toEqual([['wait', 'timer_wake_conflict']]);
  });
  it.each([0, -1, 1.5, 367 * 24 * 3_600_000])('timer_delay_invalid: %d', (delay_ms) => expect(waiting({ kind: 'timer', delay_ms })).toEqual([['wait.delay_ms', 'timer_delay_invalid']]));
  it.each<[number | string | Binding]>([[-1], [1.5], ['tomorrow'], ['2026-01-02T03:04:05'], [{ literal: 'tomorrow' }], [{ literal: null }]])('timer_wake_at_invalid: %j', (wake_at) =>
    expect(waiting({ kind: 'timer', wake_at })).toEqual([['wait.wake_at', 'timer_wake_at_invalid']]));

  it('wait_timeout_invalid: none where only others could end the wait', () => {
    expect(waiting({ kind: 'webhook', trigger_id: 't' })).toEqual([['wait.timeout', 'wait_timeout_invalid']]);
    expect(waiting({ kind: 'external_condition', condition_key: 'k' })).toEqual([['wait.timeout', 'wait_timeout_invalid']]);
    expect(waiting({ kind: 'any', of: [{ kind: 'webhook', trigger_id: 't' }, { kind: 'external_condition', condition_key: 'k' }] })).toEqual([['wait.of[0].timeout', 'wait_timeout_invalid']]);
  });
  it('wait_timeout_invalid: one that cannot be, or says what nothing acts on', () => {
    const timer = (change: object): WaitSpec => ({ kind: 'timer', delay_ms: 1, timeout: { ...timeout, ...change } });
    expect(waiting(timer({ expires_after_ms: 0 }))).toEqual([['wait.timeout.expires_after_ms', 'wait_timeout_invalid']]);
    expect(waiting(timer({ remind_every_ms: 5 }))).toEqual([['wait.timeout.remind_every_ms', 'wait_timeout_invalid']]);
    expect(waiting(timer({ on_timeout: 'remind', remind_every_ms: 0.5 }))).toEqual([['wait.timeout.remind_every_ms', 'wait_timeout_invalid']]);
    expect(waiting(timer({ escalate_to: 'lead' }))).toEqual([['wait.timeout.escalate_to', 'wait_timeout_invalid']]);
    expect(waiting({ kind: 'any', of: [{ kind: 'timer', delay_ms: 0 }, { kind: 'timer', delay_ms: 1 }] })).toEqual([['wait.of[0].delay_ms', 'timer_delay_invalid']]);
  });

  const approval = (change: object): WaitSpec => ({ kind: 'approval', decisions: ['approve'], ...change });
  it('approval_decisions_invalid: none, twice the same, or no decision', () => {
    expect(waiting(approval({ decisions: [] }))).toEqual([['wait.decisions', 'approval_decisions_invalid']]);
    expect(waiting(approval({ decisions: ['approve', 'cancel', 'approve', 'maybe'] }))).toEqual([['wait.decisions[2]', 'approval_decisions_invalid'], ['wait.decisions[3]', 'approval_decisions_invalid']]);
  });
  it('approval_expiry_invalid, approval_timeout_conflict, approval_timeout_resume_forbidden', () => {
    expect(waiting(approval({ expires_after_ms: 0 }))).toEqual([['wait.expires_after_ms', 'approval_expiry_invalid']]);
    expect(waiting(approval({ expires_after_ms: 5, timeout }))).toEqual([['wait', 'approval_timeout_conflict']]);
    expect(waiting(approval({ timeout: { ...timeout, on_timeout: 'resume' } }))).toEqual([['wait.timeout.on_timeout', 'approval_timeout_resume_forbidden']]);
  });
});
