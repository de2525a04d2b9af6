import { accept, refuse, type Decision } from '@cs/kernel';
import type { EffectIntent, FlowNode, NodeInProgress, NodeOutput, Run, RunEvent } from '@cs/contracts';
import { earlierAttempts } from './counted-attempts.js';
import { describedEffect } from './described-effect.js';
import { flowGraph, isApprovalNode } from './flow-graph.js';
import { effectIdOf, generationOf } from './node-generation.js';
import { guardrailAgainst } from './guardrails.js';
import { decideRetry, type RetryDecision } from './retry-policy.js';
import { isItemStartable, isStartable } from './run-plan.js';
import type { ExecutionRefusal, FinishNode, NodeResult, RecoverNode, RunContext, StartNode } from './run.commands.js';
import { isLost } from './unknown-effects.js';
import { itemOf, workKey, workName, type WorkRef } from './work-key.js';

type NodeDecision = Decision<RunEvent, ExecutionRefusal>;
type Failed = Extract<NodeResult, { kind: 'failed' }>;

/** Failure of an attempt whose output does not fit its contract: a person looks at it before it is tried again (domain 3.6, 7). */
export const unfitFailure = 'output_schema_invalid';

export const notReady = (work: WorkRef): NodeDecision => refuse({ code: 'node_not_ready', message: `${workName(work)} cannot start now` });

const effectIntent = (run: Run, node: FlowNode | undefined, { work, mode }: { readonly work: WorkRef; readonly mode: EffectIntent['mode'] }): EffectIntent => {
  const effect_id = effectIdOf(run, work);
  return { effect_id, idempotency_key: effect_id, mode, ...describedEffect(node) };
};

const startedEvent = (run: Run, work: WorkRef, effect: EffectIntent | undefined): RunEvent => ({
  event_type: 'node_started',
  data: { node_id: work.node_id, ...itemOf(work), attempt: (run.checkpoint.node_attempts[workKey(work)] ?? 0) + 1, ...(effect === undefined ? {} : { effect }) },
});

/** A node that an executor may work on now; a gate's node is completed by a person only. */
export const startableNode = (run: Run, { definition }: RunContext, node_id: string): FlowNode | undefined => {
  const node = flowGraph(definition).nodes.get(node_id);
  if (node === undefined || isApprovalNode(node)) return undefined;
  return run.status === 'running' && isStartable(run, definition, node_id) ? node : undefined;
};

const isReady = (run: Run, context: RunContext, { node_id, item }: WorkRef): boolean =>
  item === undefined ? startableNode(run, context, node_id) !== undefined : run.status === 'running' && isItemStartable(run, context.definition, { node_id, item });

/** A limit of the run keeps the node from starting. */
const isLimited = (run: Run, context: RunContext, { node_id }: WorkRef): boolean => {
  const node = flowGraph(context.definition).nodes.get(node_id);
  return node !== undefined && guardrailAgainst(run, node, context) !== undefined;
};

export const startNode = (command: StartNode, run: Run, context: RunContext): NodeDecision => {
  if (!isReady(run, context, command) || isLimited(run, context, command)) return notReady(command);
  return accept(startedEvent(run, command, command.mode === undefined ? undefined : effectIntent(run, flowGraph(context.definition).nodes.get(command.node_id), { work: command, mode: command.mode })));
};

/** The id that a wait of a node or an item has; all but those of wait nodes name their attempt. */
export const waitIdOf = (run: Run, work: WorkRef, what: 'wait' | `${'backoff' | 'child' | 'question' | 'escalation'}:${number}`): string =>
  `automation-v2:${run.run_id}:${work.node_id}:${generationOf(run, work)}:${what}`;

interface FailedWork {
  readonly work: WorkRef;
  readonly result: Failed;
  readonly attempt: number;
  readonly effect: EffectIntent | undefined;
  readonly at_ms: number;
}

const backoffScheduled = (run: Run, { result, work, attempt, effect, at_ms }: FailedWork, retry: Extract<RetryDecision, { kind: 'retry' }>): RunEvent => {
  const unknown = result.effect === 'unknown' && isLost(effect) ? { unknown_effect_id: effect.effect_id } : {};
  const retry_after_ms = at_ms + retry.backoff_ms;
  return {
    event_type: 'node_retry_backoff_scheduled',
    data: {
      node_id: work.node_id, ...itemOf(work), attempt, next_attempt: attempt + 1, max_attempts: retry.max_attempts, backoff_ms: retry.backoff_ms, retry_after_ms,
      reason: result.failure.message.slice(0, 500), failure: result.failure, retry_decision: 'retry_scheduled',
      wait: { wait_id: waitIdOf(run, work, `backoff:${attempt}`), node_id: work.node_id, ...itemOf(work), wait_kind: 'retry_backoff', wake_at_ms: retry_after_ms, created_at_ms: at_ms },
      ...unknown,
    },
  };
};

/** An output that does not fit its contract pauses the run; any other failure is repeated after its delay. */
const repeated = (run: Run, failed: FailedWork, retry: Extract<RetryDecision, { kind: 'retry' }>): RunEvent => {
  const { work, result, attempt } = failed;
  return result.failure.kind === unfitFailure && work.item === undefined
    ? { event_type: 'node_schema_validation_paused', data: { node_id: work.node_id, attempt, max_attempts: retry.max_attempts, failure: result.failure } }
    : backoffScheduled(run, failed, retry);
};

/** What becomes of work whose attempt failed: it is repeated later, a person reconciles it, or it failed for good. */
export const failWork = (run: Run, node: FlowNode, failed: FailedWork): RunEvent => {
  const { work, result, attempt, effect, at_ms } = failed;
  const retry = decideRetry(node, { result, mode: effect?.mode, attempt, earlier: earlierAttempts(run, work), at_ms, first_started_at_ms: run.checkpoint.first_started_at_ms?.[workKey(work)] });
  const ended = { node_id: work.node_id, ...itemOf(work), attempt, failure: result.failure };
  switch (retry.kind) {
    case 'retry':
      return repeated(run, failed, retry);
    case 'unknown':
      return { event_type: 'node_blocked', data: { ...ended, effect_id: effect?.effect_id ?? '' } };
    case 'give_up':
      return { event_type: 'node_failed', data: { ...ended, retry_decision: retry.reason } };
  }
};

/** The attempt, if this claim began it: what an earlier claim began has to be recovered first. */
export const ownProgress = (run: Run, work: WorkRef, attempt: number): NodeInProgress | undefined => {
  const progress = run.checkpoint.in_progress[workKey(work)];
  return run.status === 'running' && progress?.attempt === attempt && progress.lease_epoch === run.execution_claim_epoch ? progress : undefined;
};

/** What the attempt consumed, once for each attempt. */
const usedBy = (run: Run, { result: { usage }, attempt, ...work }: FinishNode): readonly RunEvent[] =>
  usage === undefined ? [] : [{ event_type: 'run_usage_recorded', data: { usage_id: `${workKey(work)}:${generationOf(run, work)}:${attempt}`, node_id: work.node_id, ...usage } }];

export const finishNode = (command: FinishNode, run: Run, { definition, at_ms }: RunContext): NodeDecision => {
  const { node_id, attempt, result } = command;
  const progress = ownProgress(run, command, attempt);
  const node = flowGraph(definition).nodes.get(node_id);
  if (node === undefined || progress === undefined) return refuse({ code: 'node_not_in_progress', message: `attempt ${attempt} of ${workName(command)} is not in progress` });
  const used = usedBy(run, command);
  if (result.kind === 'failed') return accept(failWork(run, node, { work: command, result, attempt, effect: progress.effect, at_ms }), ...used);
  return accept<RunEvent>({ event_type: 'node_completed', data: { node_id, ...itemOf(command), attempt, output: outputOf(result, at_ms) } }, ...used);
};

/** The output of a step that succeeded. */
export const outputOf = ({ contract_kind, content, summary }: Extract<NodeResult, { kind: 'succeeded' }>, created_at_ms: number): NodeOutput => ({
  status: 'completed', contract_kind, content, created_at_ms, ...(summary === undefined ? {} : { summary }),
});

/** Interruptions of one node before it is taken for what ends its runners. */
const maxInterruptedAttempts = 10;

/**
 * A node in progress whose runner is gone: nobody knows whether its effect happened. With the same
 * key, or when repeating changes nothing, it starts again; otherwise a person has to reconcile it.
 */
export const recoverNode = (command: RecoverNode, run: Run, { definition }: RunContext): NodeDecision => {
  const { node_id } = command;
  const progress = run.checkpoint.in_progress[workKey(command)];
  const node = flowGraph(definition).nodes.get(node_id);
  if (run.status !== 'running' || !node || !progress || progress.lease_epoch >= run.execution_claim_epoch) {
    return refuse({ code: 'node_not_in_progress', message: `${workName(command)} was not interrupted` });
  }
  const { attempt, effect } = progress;
  const failure = { kind: 'interrupted', message: `the runner of attempt ${attempt} is gone; what became of the attempt is not known` };
  const ended = { node_id, ...itemOf(command), attempt, failure };
  if (effect?.mode === 'none') return accept({ event_type: 'node_blocked', data: { ...ended, effect_id: effect.effect_id } });
  if (attempt - earlierAttempts(run, command) >= maxInterruptedAttempts) return accept({ event_type: 'node_failed', data: ended });
  return accept(startedEvent(run, command, effect));
};
