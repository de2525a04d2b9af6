import type { Run, RunEvent } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import { isVoting } from './gate-voting.js';
import { holds } from './run-invariants.fixture.js';
import type { RunState } from './run.state.js';
import type { RunWorld } from './run-world.fixture.js';
import { workKey } from './work-key.js';

type Named<Type extends RunEvent['event_type']> = Extract<RunEvent, { event_type: Type }>;
const allOf = <Type extends RunEvent['event_type']>({ events }: RunWorld, type: Type) => events.filter((event): event is Named<Type> & { readonly recorded_at_ms: number } => event.event_type === type);

/** Effects that were sent, as the log has them. */
const calls = (world: RunWorld): number => allOf(world, 'node_started').filter(({ data }) => data.effect !== undefined).length;
const tokens = (world: RunWorld): number => allOf(world, 'run_usage_recorded').reduce((sum, { data: { total_tokens = 0 } }) => sum + total_tokens, 0);

/** Computing, and asking a person, is no call. */
const isCall = (action: string | undefined): boolean => action !== 'transform' && action !== 'question' && action !== 'escalation';

const checkLimits = (world: RunWorld, before: Run, { data }: Named<'node_started'>): void => {
  const isRepeated = Object.hasOwn(before.checkpoint.in_progress, workKey(data));
  const action = flowGraph(world.definition).nodes.get(data.node_id)?.action?.kind;
  if (isRepeated) return;
  const { max_total_tool_calls = Infinity, max_total_tokens = Infinity } = { ...world.definition.execution, ...before.guardrail_overrides };
  // The event itself has been recorded.
  const called = calls(world) - (data.effect === undefined ? 0 : 1);
  holds(!isCall(action) || called < max_total_tool_calls, 'no effect is sent beyond the limit of calls', () => [called, max_total_tool_calls]);
  holds(tokens(world) < max_total_tokens, 'nothing starts beyond the limit of tokens', () => [tokens(world), max_total_tokens]);
};

const bookkeeping: ReadonlySet<string> = new Set(['run_execution_claimed', 'run_execution_claim_expired_requeued', 'run_queue_message_renewed']);

const checkReaped = (world: RunWorld, before: Run, events: readonly RunEvent[]): void => {
  const earlier = world.events.slice(0, world.events.length - events.length).filter(({ event_type }) => !bookkeeping.has(event_type));
  const idle = world.atMs - (earlier.at(-1)?.recorded_at_ms ?? 0);
  holds(before.status === 'running' && idle >= 600_000, 'only a run that was quiet for ten minutes is taken for stale', () => [before.status, idle]);
};

const checkVerdict = (before: Run, { data }: Named<'approval_gate_decided'>, { atMs }: RunWorld): void => {
  const gate = before.checkpoint.awaiting_gate;
  const isOver = gate?.expires_at_ms !== undefined && atMs >= gate.expires_at_ms;
  if (data.decided_by.kind === 'system') {
    holds(isOver && gate.expiry_policy?.on_expiry === (data.decision === 'expired' ? 'cancel' : 'resume'), 'time settles a gate only when it is over, as its policy says', () => [gate, data]);
    return;
  }
  const settles = gate?.expiry_policy?.on_expiry === 'cancel' || gate?.expiry_policy?.on_expiry === 'resume';
  holds(!isOver || !settles, 'nobody decides when the time is over', () => [gate, data]);
  if (gate === undefined || !isVoting(gate) || data.decision !== 'approve') return;
  const voters = new Set((data.votes ?? []).filter(({ decision }) => decision === 'approve').map(({ voter }) => voter));
  holds(voters.size >= (gate.approvals_required ?? 1), 'a gate that needs several is approved by so many people', () => data);
};

/** What holds of every commit under the eyes of limits, reports, time and people who vote. */
export const checkGuard = (world: RunWorld, { before, events }: { readonly before: RunState; readonly events: readonly RunEvent[] }): void => {
  const reports = allOf(world, 'run_usage_recorded').map(({ data }) => data.usage_id);
  holds(new Set(reports).size === reports.length, 'a report of usage counts once', () => reports);
  holds((world.run.usage?.total_tokens ?? 0) === tokens(world) && (world.run.usage?.tool_calls ?? 0) === calls(world), 'usage is the sum of what was reported and sent', () => world.run.usage);
  if (before === undefined) return;
  for (const event of events) {
    if (event.event_type === 'node_started') checkLimits(world, before, event);
    if (event.event_type === 'run_paused_stale_no_provider_activity' || event.event_type === 'run_failed_stale_no_provider_activity') checkReaped(world, before, events);
    if (event.event_type === 'approval_gate_decided') checkVerdict(before, event, world);
  }
};
