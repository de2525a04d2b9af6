import { accept, refuse, type Decision } from '@cs/kernel';
import type { FanOut, NodeOutput, Run, RunEvent } from '@cs/contracts';
import { decisiveItem, fanOutOf, fanOutOutputs, planFanOut } from './fan-out.js';
import { flowGraph, isApprovalNode } from './flow-graph.js';
import { notReady, startableNode } from './node.decider.js';
import { isStartable } from './run-plan.js';
import type { ExecutionRefusal, RunContext } from './run.commands.js';
import type { FinishFanOut, RejectNode, SkipNode, StartFanOut } from './step.commands.js';

type StepDecision = Decision<RunEvent, ExecutionRefusal>;

/** Gates and waits too are judged before they open. */
const isDue = (run: Run, { definition }: RunContext, node_id: string): boolean => run.status === 'running' && isStartable(run, definition, node_id);

export const skipNode = ({ node_id, reason }: SkipNode, run: Run, context: RunContext): StepDecision => {
  if (!isDue(run, context, node_id)) return notReady({ node_id });
  const output: NodeOutput = { status: 'skipped', contract_kind: 'skipped', summary: reason, content: null, created_at_ms: context.at_ms };
  return accept({ event_type: 'node_skipped_no_work', data: { node_id, reason, output } });
};

export const rejectNode = ({ node_id, failure }: RejectNode, run: Run, context: RunContext): StepDecision => {
  if (!isDue(run, context, node_id)) return notReady({ node_id });
  return accept({ event_type: 'node_failed', data: { node_id, attempt: nextAttempt(run, node_id), failure } });
};

const nextAttempt = ({ checkpoint }: Run, node_id: string): number => (checkpoint.node_attempts[node_id] ?? 0) + 1;

export const startFanOut = ({ node_id, items }: StartFanOut, run: Run, context: RunContext): StepDecision => {
  const node = startableNode(run, context, node_id);
  if (node?.for_each === undefined || isApprovalNode(node)) return notReady({ node_id });
  return accept({ event_type: 'node_fan_out_started', data: { node_id, attempt: nextAttempt(run, node_id), items } });
};

/** The node ends as its items did: with the list of their outputs, or as the first that did not succeed. */
const endOf = (fanOut: FanOut, { node_id, attempt, contract_kind, at_ms }: { node_id: string; attempt: number; contract_kind: string; at_ms: number }): RunEvent => {
  const decisive = decisiveItem(fanOut);
  if (decisive === undefined) return { event_type: 'node_completed', data: { node_id, attempt, output: { status: 'completed', contract_kind, content: fanOutOutputs(fanOut), created_at_ms: at_ms } } };
  const { item, ended } = decisive;
  const failure = { ...ended.failure, message: `item ${item} of ${fanOut.items.length}: ${ended.failure.message}` };
  if (ended.status === 'blocked') return { event_type: 'node_blocked', data: { node_id, attempt, effect_id: ended.effect_id ?? '', failure } };
  return { event_type: 'node_failed', data: { node_id, attempt, failure } };
};

export const finishFanOut = ({ node_id, contract_kind }: FinishFanOut, run: Run, { definition, at_ms }: RunContext): StepDecision => {
  const node = flowGraph(definition).nodes.get(node_id);
  const fanOut = fanOutOf(run, node_id);
  if (run.status !== 'running' || fanOut === undefined || node === undefined || planFanOut(run, node)?.isOver !== true) {
    return refuse({ code: 'work_left', message: `items of node "${node_id}" are running or could start` });
  }
  return accept(endOf(fanOut, { node_id, attempt: run.checkpoint.node_attempts[node_id] ?? 1, contract_kind, at_ms }));
};
