import type { NodeFailure, NodeOutput, Run } from '@cs/contracts';
import { completeItem, endItemWithout, fanOutStarted, itemStarted, withoutWorkOf } from './fan-out-evolution.js';
import type { Evolvers, RunEventNamed } from './run-evolvers.js';
import { withoutHolds } from './policy-evolution.js';
import { supersede } from './recovery-supersession.js';
import { abandonChildren, withCheckpoint } from './run.state.js';
import { without } from './without.js';
import { isLost, knownEffect, unknownEffect } from './unknown-effects.js';
import { workKey, type WorkRef } from './work-key.js';

const started = (run: Run, { data, recorded_at_ms }: RunEventNamed<'node_started'>): Run => {
  const { in_progress, node_attempts, node_outputs, first_started_at_ms } = run.checkpoint;
  const key = workKey(data);
  const interrupted = in_progress[key]?.effect;
  const begun = withCheckpoint(run, {
    ...unknownEffect(run.checkpoint, data, isLost(interrupted) ? interrupted.effect_id : undefined),
    in_progress: {
      ...in_progress,
      [key]: { attempt: data.attempt, started_at_ms: recorded_at_ms, lease_epoch: run.execution_claim_epoch, ...(data.effect === undefined ? {} : { effect: data.effect }) },
    },
    node_attempts: { ...node_attempts, [key]: data.attempt },
    // What failed and is tried again has no output any more.
    node_outputs: without(node_outputs, data.node_id),
    first_started_at_ms: { [key]: recorded_at_ms, ...first_started_at_ms },
  });
  return data.item === undefined ? begun : itemStarted(begun, data.node_id, data.item);
};

/** A node, or an item of its fan-out, has its output, whoever gave it. */
export const completeNode = (run: Run, { node_id, item }: WorkRef, output: NodeOutput): Run => {
  if (item !== undefined) return completeItem(run, node_id, { item, output });
  const { checkpoint } = run;
  return withCheckpoint(run, {
    ...knownEffect(checkpoint, { node_id }),
    // The output holds what the items yielded.
    ...(checkpoint.fan_outs === undefined ? {} : { fan_outs: without(checkpoint.fan_outs, node_id) }),
    in_progress: without(checkpoint.in_progress, node_id),
    pending_nodes: checkpoint.pending_nodes.filter((id) => id !== node_id),
    completed_nodes: checkpoint.completed_nodes.includes(node_id) ? checkpoint.completed_nodes : [...checkpoint.completed_nodes, node_id],
    node_outputs: { ...checkpoint.node_outputs, [node_id]: output },
  });
};

/** The work has succeeded, whatever was given up of it before. */
const completed = (run: Run, { data, recorded_at_ms }: RunEventNamed<'node_completed'>): Run => {
  const effect = run.checkpoint.in_progress[workKey(data)]?.effect;
  return supersede(completeNode(run, data, data.output), data, { effect_id: effect?.effect_id ?? '', at_ms: recorded_at_ms });
};

const failureOutput = (status: 'failed' | 'blocked', { failure, effect_id }: { readonly failure: NodeFailure; readonly effect_id?: string }, created_at_ms: number): NodeOutput => ({
  status, contract_kind: 'failure', summary: failure.message, content: { ...failure, ...(effect_id === undefined ? {} : { effect_id }) }, created_at_ms,
});

const ended = (run: Run, { data, recorded_at_ms }: RunEventNamed<'node_failed' | 'node_blocked'>, status: 'failed' | 'blocked'): Run => {
  const { checkpoint } = run;
  const last_failure = { ...data.failure, node_id: data.node_id, failed_at_ms: recorded_at_ms };
  if (data.item !== undefined) {
    const effect = 'effect_id' in data ? { effect_id: data.effect_id } : {};
    return withCheckpoint(endItemWithout(run, data.node_id, { item: data.item, ended: { status, attempt: data.attempt, failure: data.failure, ...effect } }), { last_failure });
  }
  const blocked = status === 'blocked' && !checkpoint.blocked_nodes.includes(data.node_id);
  return withCheckpoint(run, {
    in_progress: without(checkpoint.in_progress, data.node_id),
    node_outputs: { ...checkpoint.node_outputs, [data.node_id]: failureOutput(status, data, recorded_at_ms) },
    last_failure,
    ...(blocked ? { blocked_nodes: [...checkpoint.blocked_nodes, data.node_id] } : {}),
  });
};

const retryScheduled = (run: Run, { data, recorded_at_ms }: RunEventNamed<'node_retry_backoff_scheduled'>): Run =>
  withCheckpoint(run, {
    ...unknownEffect(run.checkpoint, data, data.unknown_effect_id),
    in_progress: without(run.checkpoint.in_progress, workKey(data)),
    open_waits: [...run.checkpoint.open_waits, data.wait],
    last_failure: { ...data.failure, node_id: data.node_id, failed_at_ms: recorded_at_ms },
  });

/** Events that concern one node and leave the run's status alone. */
export const nodeEvolvers: Evolvers<'node_started' | 'node_completed' | 'node_failed' | 'node_blocked' | 'node_retry_backoff_scheduled' | 'node_fan_out_started' | 'node_skipped_no_work'> = {
  node_started: started,
  node_completed: completed,
  node_failed: (run, event) => ended(run, event, 'failed'),
  node_blocked: (run, event) => ended(run, event, 'blocked'),
  node_retry_backoff_scheduled: retryScheduled,
  node_fan_out_started: fanOutStarted,
  node_skipped_no_work: (run, { data }) => completeNode(run, { node_id: data.node_id }, data.output),
};

/** Sends nodes back to pending: outputs, attempts, judgements and waits go, and their next effects are new ones. */
export const resetNodes = (run: Run, nodes: readonly string[]): Run => {
  const { checkpoint } = run;
  const reset = new Set(nodes);
  const generations = { ...checkpoint.node_generations };
  for (const node of nodes) generations[node] = (generations[node] ?? 0) + 1;
  return withCheckpoint(run, {
    completed_nodes: checkpoint.completed_nodes.filter((id) => !reset.has(id)),
    pending_nodes: [...new Set([...checkpoint.pending_nodes, ...nodes])].sort(),
    blocked_nodes: checkpoint.blocked_nodes.filter((id) => !reset.has(id)),
    node_outputs: without(checkpoint.node_outputs, ...nodes),
    node_generations: generations,
    ...withoutWorkOf(checkpoint, reset),
    ...withoutHolds(checkpoint, nodes),
    ...abandonChildren(checkpoint, ({ node_id }) => reset.has(node_id)),
    open_waits: checkpoint.open_waits.filter(({ node_id }) => !reset.has(node_id)),
    ...(checkpoint.node_dispositions === undefined ? {} : { node_dispositions: without(checkpoint.node_dispositions, ...nodes) }),
  });
};
