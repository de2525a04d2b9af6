import type { NodeFailure, NodeOutput, Run } from '@cs/contracts';
import type { Evolvers, RunEventNamed } from './run-evolvers.js';
import { withCheckpoint } from './run.state.js';

export const without = <Value>(record: Readonly<Record<string, Value>>, ...keys: readonly string[]): Record<string, Value> => {
  const rest = { ...record };
  for (const key of keys) delete rest[key];
  return rest;
};

const started = (run: Run, { data, recorded_at_ms }: RunEventNamed<'node_started'>): Run => {
  const { in_progress, node_attempts } = run.checkpoint;
  return withCheckpoint(run, {
    in_progress: {
      ...in_progress,
      [data.node_id]: { attempt: data.attempt, started_at_ms: recorded_at_ms, lease_epoch: run.execution_claim_epoch, ...(data.effect === undefined ? {} : { effect: data.effect }) },
    },
    node_attempts: { ...node_attempts, [data.node_id]: data.attempt },
  });
};

/** A node has its output, whoever gave it. */
export const completeNode = (run: Run, node_id: string, output: NodeOutput): Run => {
  const { checkpoint } = run;
  return withCheckpoint(run, {
    in_progress: without(checkpoint.in_progress, node_id),
    pending_nodes: checkpoint.pending_nodes.filter((id) => id !== node_id),
    completed_nodes: checkpoint.completed_nodes.includes(node_id) ? checkpoint.completed_nodes : [...checkpoint.completed_nodes, node_id],
    node_outputs: { ...checkpoint.node_outputs, [node_id]: output },
  });
};

const failureOutput = (status: 'failed' | 'blocked', failure: NodeFailure, created_at_ms: number): NodeOutput => ({
  status, contract_kind: 'failure', summary: failure.message, content: { ...failure }, created_at_ms,
});

const ended = (run: Run, { data, recorded_at_ms }: RunEventNamed<'node_failed' | 'node_blocked'>, status: 'failed' | 'blocked'): Run => {
  const { checkpoint } = run;
  const blocked = status === 'blocked' && !checkpoint.blocked_nodes.includes(data.node_id);
  return withCheckpoint(run, {
    in_progress: without(checkpoint.in_progress, data.node_id),
    node_outputs: { ...checkpoint.node_outputs, [data.node_id]: failureOutput(status, data.failure, recorded_at_ms) },
    last_failure: { ...data.failure, node_id: data.node_id, failed_at_ms: recorded_at_ms },
    ...(blocked ? { blocked_nodes: [...checkpoint.blocked_nodes, data.node_id] } : {}),
  });
};

const retryScheduled = (run: Run, { data, recorded_at_ms }: RunEventNamed<'node_retry_backoff_scheduled'>): Run =>
  withCheckpoint(run, {
    in_progress: without(run.checkpoint.in_progress, data.node_id),
    open_waits: [...run.checkpoint.open_waits, data.wait],
    last_failure: { ...data.failure, node_id: data.node_id, failed_at_ms: recorded_at_ms },
  });

/** Events that concern one node and leave the run's status alone. */
export const nodeEvolvers: Evolvers<'node_started' | 'node_completed' | 'node_failed' | 'node_blocked' | 'node_retry_backoff_scheduled'> = {
  node_started: started,
  node_completed: (run, { data }) => completeNode(run, data.node_id, data.output),
  node_failed: (run, event) => ended(run, event, 'failed'),
  node_blocked: (run, event) => ended(run, event, 'blocked'),
  node_retry_backoff_scheduled: retryScheduled,
};

/** Sends nodes back to pending: outputs, attempts and waits go, and their next effects are new ones. */
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
    node_attempts: without(checkpoint.node_attempts, ...nodes),
    node_generations: generations,
    in_progress: without(checkpoint.in_progress, ...nodes),
    open_waits: checkpoint.open_waits.filter(({ node_id }) => !reset.has(node_id)),
  });
};
