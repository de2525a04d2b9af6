import type { Run, RunSupervision } from '@cs/contracts';
import { makeRepairable } from './repair-evolution.js';
import { repairableOutput, unfitOutput } from './repairable-output.js';
import { addUsage } from './run-accounting.js';
import type { Evolvers, RunEventNamed } from './run-evolvers.js';
import { toFinished, toPaused, toQueued, withCheckpoint } from './run.state.js';
import { without } from './without.js';

/** Reports of usage that a run remembers, so that none counts twice. */
export const rememberedUsages = 200;

/** A commit that leaves a run queued is a message to the runners: only the newest may count. */
const queuedAnew = (run: Run): Run => (run.status === 'queued' ? { ...run, queued_at_version: run.version } : run);

const supervised = (run: Run, change: RunSupervision): Run => ({ ...run, supervision: { ...run.supervision, ...change } });

const withoutStop = (run: Run): Run => {
  const { stop_kind: _kind, stop_reason: _reason, pause_reason: _pause, ...rest } = run;
  return rest;
};

const usageRecorded = (run: Run, { data }: RunEventNamed<'run_usage_recorded'>): Run => {
  const recent_usage_ids = [...(run.recent_usage_ids ?? []), data.usage_id].slice(-rememberedUsages);
  return queuedAnew({ ...addUsage(run, data), recent_usage_ids });
};

const autoResumed = (run: Run, { data }: RunEventNamed<'run_auto_resumed'>): Run => {
  const resumed = withoutStop(toQueued(run, data.reason));
  return data.cause === 'guardrail_override' ? resumed : supervised(resumed, { stale_auto_resumes: (run.supervision?.stale_auto_resumes ?? 0) + 1 });
};

/** Steps that nobody heard of fail; of a fan-out, the items stay in progress and are judged by the next claim. */
const endSteps = (run: Run, node_ids: readonly string[], { kind, message, at_ms }: { kind: string; message: string; at_ms: number }): Run => {
  const { in_progress, node_outputs } = run.checkpoint;
  const ended = node_ids.filter((id) => Object.hasOwn(in_progress, id));
  const outputs = Object.fromEntries(ended.map((id) => [id, repairableOutput({ kind, message }, at_ms)]));
  return withCheckpoint(run, { in_progress: without(in_progress, ...ended), node_outputs: { ...node_outputs, ...outputs } });
};

const pausedStale = (run: Run, { data, recorded_at_ms }: RunEventNamed<'run_paused_stale_no_provider_activity'>): Run => {
  const message = `nothing had happened for ${Math.floor(data.idle_ms / 1000)} s`;
  const ended = endSteps(run, data.repairable_nodes, { kind: data.reason, message, at_ms: recorded_at_ms });
  return supervised({ ...toPaused(ended, data.reason), stop_kind: 'stale_reaped' }, { stale_reaped_at_ms: recorded_at_ms });
};

const failedStale = (run: Run, { data, recorded_at_ms }: RunEventNamed<'run_failed_stale_no_provider_activity'>): Run => {
  const failure = { kind: 'stale_no_provider_activity', message: data.detail };
  const ended = withCheckpoint(endSteps(run, data.failed_nodes, { ...failure, at_ms: recorded_at_ms }), { last_failure: { ...failure, node_id: data.node_id, failed_at_ms: recorded_at_ms } });
  return { ...toFinished(ended, 'failed', data.detail), stop_kind: 'stale_reaped' };
};

const unfit = (run: Run, { data, recorded_at_ms }: RunEventNamed<'node_schema_validation_paused'>): Run =>
  withCheckpoint(run, {
    in_progress: without(run.checkpoint.in_progress, data.node_id),
    node_outputs: { ...run.checkpoint.node_outputs, [data.node_id]: unfitOutput(data.failure, recorded_at_ms) },
    last_failure: { ...data.failure, node_id: data.node_id, failed_at_ms: recorded_at_ms },
  });

/** Its runner stops: the claim is over, and the next runner does not wait for it to expire. */
const handedBack = (run: Run, { data, recorded_at_ms }: RunEventNamed<'run_interrupted_shutdown'>): Run =>
  run.status === 'running' && run.execution_claim.claim_id === data.claim_id ? { ...run, execution_claim: { ...run.execution_claim, lease_expires_at_ms: recorded_at_ms } } : run;

/** Events of limits, usage, runs that went quiet, and restarts. */
export const supervisionEvolvers: Evolvers<
  | 'run_usage_recorded' | 'run_guardrail_override_approved' | 'run_auto_resumed' | 'node_repair_requested' | 'node_schema_validation_paused'
  | 'run_paused_stale_no_provider_activity' | 'run_failed_stale_no_provider_activity' | 'run_pausing_settled_on_restart' | 'run_interrupted_shutdown' | 'run_queue_message_renewed'
> = {
  run_usage_recorded: usageRecorded,
  run_guardrail_override_approved: (run, { data }) => queuedAnew({ ...run, guardrail_overrides: { ...run.guardrail_overrides, ...data.limits } }),
  run_auto_resumed: autoResumed,
  node_repair_requested: (run, { data }) => makeRepairable(run, data.node_ids),
  node_schema_validation_paused: unfit,
  run_paused_stale_no_provider_activity: pausedStale,
  run_failed_stale_no_provider_activity: failedStale,
  run_pausing_settled_on_restart: (run, { data }) => toPaused(run, data.reason),
  run_interrupted_shutdown: handedBack,
  run_queue_message_renewed: (run, { data }) => queuedAnew(supervised(run, { renewals: data.renewal })),
};
