import { accept, refuse, type Decision } from '@cs/kernel';
import type { EffectIntent, FlowNode, NodeInProgress, Run, RunEvent } from '@cs/contracts';
import { flowGraph, isApprovalNode } from './flow-graph.js';
import { decideRetry, type RetryDecision } from './retry-policy.js';
import { isStartable } from './run-plan.js';
import type { ExecutionRefusal, FinishNode, NodeResult, RecoverNode, RegisterTimer, RunContext, StartNode } from './run.commands.js';

type NodeDecision = Decision<RunEvent, ExecutionRefusal>;
type Failed = Extract<NodeResult, { kind: 'failed' }>;

const notReady = (node_id: string): NodeDecision => refuse({ code: 'node_not_ready', message: `node "${node_id}" cannot start now` });

/** Same run, node and generation: the same effect, whatever the attempt. */
const effectIntent = (run: Run, node_id: string, mode: EffectIntent['mode']): EffectIntent => {
  const effect_id = `${run.run_id}:${node_id}:${run.checkpoint.node_generations[node_id] ?? 0}`;
  return { effect_id, idempotency_key: effect_id, mode };
};

const startedEvent = (run: Run, node_id: string, effect: EffectIntent | undefined): RunEvent => ({
  event_type: 'node_started',
  data: { node_id, attempt: (run.checkpoint.node_attempts[node_id] ?? 0) + 1, ...(effect === undefined ? {} : { effect }) },
});

/** A node that an executor may work on now; a gate's node is completed by a person only. */
const startableNode = (run: Run, { definition }: RunContext, node_id: string): FlowNode | undefined => {
  const node = flowGraph(definition).nodes.get(node_id);
  if (node === undefined || isApprovalNode(node)) return undefined;
  return run.status === 'running' && isStartable(run, definition, node_id) ? node : undefined;
};

export const startNode = ({ node_id, mode }: StartNode, run: Run, context: RunContext): NodeDecision => {
  if (startableNode(run, context, node_id) === undefined) return notReady(node_id);
  return accept(startedEvent(run, node_id, mode === undefined ? undefined : effectIntent(run, node_id, mode)));
};

/** The id that the wait of a node has; back-off waits name their attempt. */
const waitIdOf = (run: Run, node_id: string, attempt?: number): string =>
  attempt === undefined
    ? `automation-v2:${run.run_id}:${node_id}:${run.checkpoint.node_generations[node_id] ?? 0}:wait`
    : `automation-v2:${run.run_id}:${node_id}:${run.checkpoint.node_generations[node_id] ?? 0}:backoff:${attempt}`;

export const registerTimer = ({ node_id, wake_at_ms }: RegisterTimer, run: Run, context: RunContext): NodeDecision => {
  if (startableNode(run, context, node_id)?.wait === undefined) return notReady(node_id);
  const wait = { wait_id: waitIdOf(run, node_id), node_id, wait_kind: 'timer', wake_at_ms, created_at_ms: context.at_ms } as const;
  return accept({ event_type: 'wait_node_registered', data: { wait } });
};

const backoffScheduled = (run: Run, { result, node_id, retry, attempt, at_ms }: { result: Failed; node_id: string; retry: Extract<RetryDecision, { kind: 'retry' }>; attempt: number; at_ms: number }): RunEvent => {
  const retry_after_ms = at_ms + retry.backoff_ms;
  return {
    event_type: 'node_retry_backoff_scheduled',
    data: {
      node_id, attempt, next_attempt: attempt + 1, max_attempts: retry.max_attempts, backoff_ms: retry.backoff_ms, retry_after_ms,
      reason: result.failure.message.slice(0, 500), failure: result.failure, retry_decision: 'retry_scheduled',
      wait: { wait_id: waitIdOf(run, node_id, attempt), node_id, wait_kind: 'retry_backoff', wake_at_ms: retry_after_ms, created_at_ms: at_ms },
    },
  };
};

const failNode = (run: Run, node: FlowNode, { result, progress, at_ms }: { result: Failed; progress: NodeInProgress; at_ms: number }): NodeDecision => {
  const { node_id } = node;
  const { attempt, effect } = progress;
  const retry = decideRetry(node, { result, mode: effect?.mode, attempt });
  switch (retry.kind) {
    case 'retry':
      return accept(backoffScheduled(run, { result, node_id, retry, attempt, at_ms }));
    case 'unknown':
      return accept({ event_type: 'node_blocked', data: { node_id, attempt, effect_id: effect?.effect_id ?? '', failure: result.failure } });
    case 'give_up':
      return accept({ event_type: 'node_failed', data: { node_id, attempt, failure: result.failure } });
  }
};

export const finishNode = ({ node_id, attempt, result }: FinishNode, run: Run, { definition, at_ms }: RunContext): NodeDecision => {
  const progress = run.checkpoint.in_progress[node_id];
  const node = flowGraph(definition).nodes.get(node_id);
  // Every write of an executor is fenced by its epoch: what an earlier claim began has to be recovered first.
  const isOwn = progress?.attempt === attempt && progress.lease_epoch === run.execution_claim_epoch;
  if (run.status !== 'running' || node === undefined || !isOwn) {
    return refuse({ code: 'node_not_in_progress', message: `attempt ${attempt} of node "${node_id}" is not in progress` });
  }
  if (result.kind === 'failed') return failNode(run, node, { result, progress, at_ms });
  const { contract_kind, content, summary } = result;
  const output = { status: 'completed', contract_kind, content, created_at_ms: at_ms, ...(summary === undefined ? {} : { summary }) } as const;
  return accept({ event_type: 'node_completed', data: { node_id, attempt, output } });
};

/** Interruptions of one node before it is taken for what ends its runners. */
const maxInterruptedAttempts = 10;

/**
 * A node in progress whose runner is gone: nobody knows whether its effect happened. With the same
 * key, or when repeating changes nothing, it starts again; otherwise a person has to reconcile it.
 */
export const recoverNode = ({ node_id }: RecoverNode, run: Run, { definition }: RunContext): NodeDecision => {
  const progress = run.checkpoint.in_progress[node_id];
  const node = flowGraph(definition).nodes.get(node_id);
  if (run.status !== 'running' || !node || !progress || progress.lease_epoch >= run.execution_claim_epoch) {
    return refuse({ code: 'node_not_in_progress', message: `node "${node_id}" was not interrupted` });
  }
  const { attempt, effect } = progress;
  const failure = { kind: 'interrupted', message: `the runner of attempt ${attempt} is gone; what became of the attempt is not known` };
  if (effect?.mode === 'none') return accept({ event_type: 'node_blocked', data: { node_id, attempt, effect_id: effect.effect_id, failure } });
  if (attempt >= maxInterruptedAttempts) return accept({ event_type: 'node_failed', data: { node_id, attempt, failure } });
  return accept(startedEvent(run, node_id, effect));
};
