import type { ExecutionClaim, Run, RunUsage, UsageDelta } from '@cs/contracts';
import type { RecordedRunEvent, RunEventType } from './run-evolvers.js';

const nothing: RunUsage = { tool_calls: 0, prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, estimated_cost_usd: 0, runtime_ms: 0 };

/** What a run has consumed so far. */
export const usageOf = ({ usage }: Run): RunUsage => usage ?? nothing;

const withUsage = (run: Run, delta: Partial<RunUsage>): Run => {
  const usage = { ...usageOf(run) };
  for (const [name, amount] of Object.entries(delta) as [keyof RunUsage, number][]) usage[name] += amount;
  return { ...run, usage };
};

/** Counters only grow, and survive resets (domain 3.8). */
export const addUsage = (run: Run, { prompt_tokens = 0, completion_tokens = 0, total_tokens = prompt_tokens + completion_tokens, tool_calls = 0, estimated_cost_usd = 0 }: UsageDelta): Run =>
  withUsage(run, { prompt_tokens, completion_tokens, total_tokens, tool_calls, estimated_cost_usd });

const claimOf = (run: Run): ExecutionClaim | undefined => ('execution_claim' in run ? run.execution_claim : undefined);

/** Claims whose runner was gone: nobody executed between the last thing that happened and the end of the claim. */
const abandonments: ReadonlySet<RunEventType> = new Set([
  'run_execution_claim_expired_requeued', 'run_paused_stale_no_provider_activity', 'run_failed_stale_no_provider_activity', 'run_pausing_settled_on_restart',
]);

const isAbandoned = ({ event_type }: RecordedRunEvent): boolean => abandonments.has(event_type);

/** Time under the claim that the event ended; 0 when it ended none. A takeover ends the claim before it claims. */
const executedMs = (before: Run, event: RecordedRunEvent, after: Run): number => {
  const claim = claimOf(before);
  if (claim === undefined || (claimOf(after) !== undefined && event.event_type !== 'run_execution_claim_expired_requeued')) return 0;
  const end = isAbandoned(event) ? before.updated_at_ms : after.updated_at_ms;
  return Math.max(0, end - claim.claimed_at_ms);
};

/** Time that a run has executed, waiting not included, in ms. */
export const runtimeMs = (run: Run, at_ms: number): number => {
  const claim = claimOf(run);
  return usageOf(run).runtime_ms + (claim === undefined ? 0 : Math.max(0, at_ms - claim.claimed_at_ms));
};

/** Bookkeeping of the engine, which says nothing about whether work gets on (domain 3.9). */
const bookkeeping: ReadonlySet<RunEventType> = new Set(['run_execution_claimed', 'run_execution_claim_expired_requeued', 'run_queue_message_renewed']);

const withActivity = (run: Run, event: RecordedRunEvent): Run => (bookkeeping.has(event.event_type) ? run : { ...run, last_activity_at_ms: run.updated_at_ms });

/** When something last happened in the run itself: its newest event that counts, else its start (domain 3.7). */
export const lastActivityMs = ({ last_activity_at_ms, started_at_ms, created_at_ms }: Run): number => last_activity_at_ms ?? started_at_ms ?? created_at_ms;

/** Counts what an event means for the run's usage and activity, after the event has been folded. */
export const account = (before: Run, event: RecordedRunEvent, after: Run): Run => {
  const executed = executedMs(before, event, after);
  const called = event.event_type === 'node_started' && event.data.effect !== undefined ? 1 : 0;
  const counted = executed + called === 0 ? after : withUsage(after, { runtime_ms: executed, tool_calls: called });
  return withActivity(counted, event);
};
