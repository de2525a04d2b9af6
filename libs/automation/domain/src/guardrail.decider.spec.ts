import type { AutomationDefinition, ExecutionPolicy, RunEvent, UsageDelta } from '@cs/contracts';
import { ada, claimBy, effectOf, history, runId, succeeded } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now, scenario } from './run-scenario.fixture.js';
import type { OverrideGuardrails } from './supervision.commands.js';

const limited = (execution: ExecutionPolicy): AutomationDefinition => ({ ...definitionOf(nodes.http('a'), nodes.http('b', ['a']), nodes.transform('c', ['b'])), execution });
const usage = (usage_id: string, delta: UsageDelta): RunEvent => ({ event_type: 'run_usage_recorded', data: { usage_id, ...delta } });
const override = (limits: OverrideGuardrails['limits'], extra: Partial<OverrideGuardrails> = {}): OverrideGuardrails => ({ type: 'override_guardrails', limits, approved_by: ada, ...extra });
const stopped: RunEvent = { event_type: 'run_paused', data: { reason: 'guardrail reached', stop_kind: 'guardrail_stopped' } };

const called = limited({ max_total_tool_calls: 1 });
const { created, claimed, started, completed } = history(called);
const afterFirstCall = [created, claimed(), started('a', effectOf('a')), completed('a')];

describe('a run that has used up a limit', () => {
  it('pauses before its next node starts, and says which limit it was', () => {
    const { given } = scenario(called);
    given(afterFirstCall).when({ type: 'start_node', node_id: 'b', mode: 'keyed' }).thenRefused('node_not_ready');
    given(afterFirstCall).when({ type: 'settle' }).then([
      { event_type: 'run_paused', data: { reason: 'guardrail reached: max_total_tool_calls is 1, and the run has used 1', stop_kind: 'guardrail_stopped' } },
    ]).thenRun({ status: 'paused', stop_kind: 'guardrail_stopped' });
  });

  it('lets a node in flight end by itself before it pauses', () => {
    const { given } = scenario(limited({ max_total_tokens: 10 }));
    const inFlight = [created, claimed(), started('a', effectOf('a')), usage('u', { total_tokens: 10 })];
    given(inFlight).when({ type: 'settle' }).thenRefused('work_left');
    given(inFlight).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: succeeded }).thenTypes('node_completed');
  });

  it.each<[string, ExecutionPolicy, UsageDelta]>([
    ['tokens', { max_total_tokens: 100 }, { prompt_tokens: 60, completion_tokens: 40 }], ['cost', { max_total_cost_usd: 0.5 }, { estimated_cost_usd: 0.5 }], ['calls', { max_total_tool_calls: 3 }, { tool_calls: 2 }],
  ])('is stopped by its %s', (_what, execution, delta) => {
    const { given } = scenario(limited(execution));
    given(afterFirstCall, usage('u', delta)).when({ type: 'settle' }).thenTypes('run_paused');
    given(afterFirstCall).when({ type: 'start_node', node_id: 'b', mode: 'keyed' }).thenTypes('node_started');
  });

  it('is stopped by the time it has executed, and not by the time it has waited', () => {
    const { given } = scenario(limited({ max_total_runtime_ms: 60_000 }));
    const ready = [created, claimed(), started('a', effectOf('a')), completed('a')];
    given(ready).when({ type: 'start_node', node_id: 'b', mode: 'keyed' }, now + 59_999).thenTypes('node_started');
    given(ready).when({ type: 'start_node', node_id: 'b', mode: 'keyed' }, now + 60_000).thenRefused('node_not_ready');
    // Parked at once and taken up an hour later: the hour does not count.
    const later = foldEvents([...ready, { event_type: 'run_parked', data: { wait_ids: [] } }]);
    expect(later?.usage?.runtime_ms ?? 0).toBe(0);
  });

  it('may still do what is no call, so that it ends after its last one', () => {
    const { given } = scenario(limited({ max_total_tool_calls: 2 }));
    given(afterFirstCall, started('b', effectOf('b')), completed('b')).when({ type: 'start_node', node_id: 'c' }).thenTypes('node_started');
  });

  it('counts every attempt that left as a call, also over resets', () => {
    const run = foldEvents([...afterFirstCall, history(called).rolledBack('a'), started('a', effectOf('a', 'keyed', 1))]);
    expect(run?.usage).toMatchObject({ tool_calls: 2 });
  });

  it('pauses again when it is resumed without more', () => {
    const { given } = scenario(called);
    const resumed: RunEvent = { event_type: 'run_resumed', data: { reason: 'again' } };
    given(afterFirstCall, stopped, resumed, claimed(2)).when({ type: 'settle' }).thenTypes('run_paused');
  });
});

describe('raising the limits of a run', () => {
  const { given } = scenario(called);

  it('lets a guardrail-stopped run auto-resume after quota approval', () => {
    given(afterFirstCall, stopped).when(override({ max_total_tool_calls: 5 }, { reason: ' month end ' })).then([
      { event_type: 'run_guardrail_override_approved', data: { limits: { max_total_tool_calls: 5 }, previous: { max_total_tool_calls: 1 }, reason: 'month end', approved_by: ada } },
      { event_type: 'run_auto_resumed', data: { reason: 'guardrail override approved', cause: 'guardrail_override' } },
    ]).thenRun({ status: 'queued', guardrail_overrides: { max_total_tool_calls: 5 } });
    const run = foldEvents([...afterFirstCall, stopped, { event_type: 'run_auto_resumed', data: { reason: 'x', cause: 'guardrail_override' } }]);
    expect(run).not.toHaveProperty('stop_kind');
    expect(run).not.toHaveProperty('pause_reason');
  });

  it('counts for the runs after it', () => {
    const raised: RunEvent = { event_type: 'run_guardrail_override_approved', data: { limits: { max_total_tool_calls: 5 }, previous: {}, reason: 'x', approved_by: ada } };
    given(afterFirstCall, raised).when({ type: 'start_node', node_id: 'b', mode: 'keyed' }).thenTypes('node_started');
    given(created, raised).when(claimBy('runner-1', 1)).thenRefused('queue_message_stale');
    given(created, raised).when(claimBy('runner-1', 2)).thenTypes('run_execution_claimed');
  });

  it('is refused when it would not help, to an agent, and for a run that has ended', () => {
    given(afterFirstCall, stopped).when(override({ max_total_tool_calls: 1 })).thenRefused('AUTOMATION_V2_GUARDRAIL_OVERRIDE_TOO_LOW', { reached: [{ limit: 'max_total_tool_calls', allowed: 1, used: 1 }] });
    given(afterFirstCall, stopped).when(override({ max_total_tokens: 10 })).thenRefused('AUTOMATION_V2_GUARDRAIL_OVERRIDE_TOO_LOW');
    given(afterFirstCall, stopped).when(override({ max_total_tool_calls: 5 }, { approved_by: { kind: 'agent', actor_id: 'bot' } })).thenRefused('AUTOMATION_V2_ACCESS_DENIED');
    given(created, claimed(), history(called).finished).when(override({ max_total_tool_calls: 5 })).thenRefused('AUTOMATION_V2_RUN_FINISHED');
  });

  it('changes nothing when it comes again', () => {
    const raised: RunEvent = { event_type: 'run_guardrail_override_approved', data: { limits: { max_total_tool_calls: 5 }, previous: {}, reason: 'x', approved_by: ada } };
    given(afterFirstCall, raised).when(override({ max_total_tool_calls: 5 })).thenNothing();
  });
});

describe('usage', () => {
  const { given } = scenario(called);
  const report = { type: 'record_usage', usage_id: 'u1', usage: { prompt_tokens: 5, completion_tokens: 2 } } as const;

  it('attributed by correlation id without a session: the effect that the provider saw names its node, also after it ended', () => {
    given(afterFirstCall).when({ ...report, correlation_id: `${runId}:a:0` }).then([{ event_type: 'run_usage_recorded', data: { usage_id: 'u1', prompt_tokens: 5, completion_tokens: 2, node_id: 'a', correlation_id: `${runId}:a:0` } }])
      .thenRun({ usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7, tool_calls: 1 } });
  });

  it('is refused when it belongs to no node of the run', () => {
    for (const correlation_id of ['another-run:a:0', `${runId}:z:0`, 'nonsense']) given(afterFirstCall).when({ ...report, correlation_id }).thenRefused('AUTOMATION_V2_USAGE_CORRELATION_UNKNOWN');
    given(afterFirstCall).when({ ...report, node_id: 'z' }).thenRefused('AUTOMATION_V2_USAGE_CORRELATION_UNKNOWN');
  });

  it('counts once when its report comes twice', () => {
    given(afterFirstCall, usage('u1', { total_tokens: 7 })).when(report).thenNothing();
  });

  it('is taken in any state and leaves that state alone', () => {
    given(afterFirstCall, stopped).when(report).thenRun({ status: 'paused', stop_kind: 'guardrail_stopped' });
    given(created, claimed(), history(called).finished).when(report).thenRun({ status: 'completed', usage: { total_tokens: 7 } });
    // A queued run is offered anew by the commit: the message before it is stale.
    given(created).when(report).thenRun({ status: 'queued', queued_at_version: 2 });
  });

  it('comes with the result of an attempt', () => {
    given(created, claimed(), started('a', effectOf('a'))).when({ type: 'finish_node', node_id: 'a', attempt: 1, result: { ...succeeded, usage: { total_tokens: 9 } } })
      .thenTypes('node_completed', 'run_usage_recorded').thenRun({ usage: { total_tokens: 9 } });
  });
});
