import { accept, isJsonObject } from '@cs/kernel';
import type { NodeOutput, PinnedDefinition, Run } from '@cs/contracts';
import { fanOutOf } from './fan-out.js';
import { flowGraph } from './flow-graph.js';
import { effectIdOf } from './node-generation.js';
import type { ContinueTask, ReconcileEffect, RepairRun, RequeueTask, RetryTask, SetDisposition, TargetDefinition } from './operator.commands.js';
import { isBlockedNode, isBusy, no, operated, reasonMissing, statusOf, type OperatorDecision } from './operator.decider.js';
import { planNodes, planReset } from './reset-plan.js';
import type { RunContext } from './run.commands.js';
import { itemOf, workName, type WorkRef } from './work-key.js';

const pinned = ({ definition, hash, version }: TargetDefinition): PinnedDefinition => ({
  workflow_definition_version: version, workflow_definition_snapshot_hash: hash, node_ids: definition.flow.nodes.map(({ node_id }) => node_id),
});

const task = (run: Run, node_id: string): Record<string, string> => ({ ...statusOf(run), nodeID: node_id });

const noSuchNode = (run: Run, node_id: string): OperatorDecision => no('AUTOMATION_V2_TASK_NODE_NOT_FOUND', `the definition has no node "${node_id}"`, task(run, node_id));

const reset = (command: RetryTask | RequeueTask, run: Run, { event_type, fallback }: { event_type: 'run_task_retried' | 'run_task_requeued'; fallback: string }): OperatorDecision => {
  const { node_id, target } = command;
  if (isBusy(run)) return no('AUTOMATION_V2_RUN_TASK_NOT_MUTABLE', `the run is ${run.status}; pause or cancel it first`, task(run, node_id));
  if (!flowGraph(target.definition).nodes.has(node_id)) return noSuchNode(run, node_id);
  const missing = reasonMissing(command, run, { definition: target.definition, node_ids: [node_id] });
  if (missing !== undefined) return missing;
  return accept({ event_type, data: { node_id, ...operated(command, fallback), ...planReset(run, target.definition, [node_id]), definition: pinned(target) } });
};

export const retryTask = (command: RetryTask, run: Run): OperatorDecision =>
  reset(command, run, { event_type: 'run_task_retried', fallback: `task "${command.node_id}" retried by operator` });

export const requeueTask = (command: RequeueTask, run: Run): OperatorDecision =>
  reset(command, run, { event_type: 'run_task_requeued', fallback: `task "${command.node_id}" requeued by operator` });

export const repairRun = (command: RepairRun, run: Run): OperatorDecision => {
  const { node_id, target, step, replaces } = command;
  if (isBusy(run)) return no('AUTOMATION_V2_RUN_NOT_REPAIRABLE', `the run is ${run.status}; pause or cancel it first`, task(run, node_id));
  if (!flowGraph(target.definition).nodes.has(node_id)) return no('AUTOMATION_V2_REPAIR_NODE_NOT_FOUND', `the definition has no node "${node_id}"`, task(run, node_id));
  const missing = reasonMissing(command, run, { definition: target.definition, node_ids: [node_id] });
  if (missing !== undefined) return missing;
  return accept({
    event_type: 'run_step_repaired',
    data: {
      node_id, ...operated(command, `step "${node_id}" repaired by operator`), ...planReset(run, target.definition, [node_id]), ...step, definition: pinned(target),
      ...(replaces === undefined ? {} : { automation: { automation_id: run.automation_id, replaces } }),
    },
  });
};

export const continueTask = (command: ContinueTask, run: Run, { definition }: RunContext): OperatorDecision => {
  const { node_id } = command;
  if (isBusy(run)) return no('AUTOMATION_V2_RUN_TASK_NOT_CONTINUEABLE', `the run is ${run.status}; pause or cancel it first`, task(run, node_id));
  if (!flowGraph(definition).nodes.has(node_id)) return noSuchNode(run, node_id);
  if (!isBlockedNode(run, node_id)) return no('AUTOMATION_V2_TASK_NOT_BLOCKED', `node "${node_id}" is not blocked`, task(run, node_id));
  const missing = reasonMissing(command, run, { definition, node_ids: [node_id] });
  if (missing !== undefined) return missing;
  return accept({ event_type: 'run_task_continued', data: { node_id, mode: 'minimal_reset', ...operated(command, `task "${node_id}" continued by operator`), ...planNodes(run, [node_id]) } });
};

export const setDisposition = (command: SetDisposition, run: Run): OperatorDecision => {
  const { node_id, disposition, reason, command: key } = command;
  if (!Object.hasOwn(run.checkpoint.node_outputs, node_id)) return no('AUTOMATION_V2_TASK_NODE_OUTPUT_NOT_FOUND', `node "${node_id}" has no output`, task(run, node_id));
  const previous = run.checkpoint.node_dispositions?.[node_id] ?? null;
  if (previous === disposition) return accept();
  return accept({
    event_type: 'node_disposition_set',
    data: { node_id, disposition, previous, ...(reason === undefined ? {} : { reason }), ...(key === undefined ? {} : { command: key }) },
  });
};

const unknownItem = (run: Run, node_id: string, item: number): { readonly effect_id?: string | undefined } | undefined => {
  const ended = fanOutOf(run, node_id)?.unsuccessful[String(item)];
  return ended?.status === 'blocked' ? ended : undefined;
};

/** A node that is amid a list has effects by item only. */
const unknownNode = (run: Run, node_id: string): { readonly effect_id?: string | undefined } | undefined => {
  const output = run.checkpoint.node_outputs[node_id];
  if (output?.status !== 'blocked' || fanOutOf(run, node_id) !== undefined) return undefined;
  const recorded = isJsonObject(output.content) ? output.content['effect_id'] : undefined;
  return typeof recorded === 'string' ? { effect_id: recorded } : {};
};

/** The effect that waits to be reconciled; `undefined` for none. */
const unknownEffect = (run: Run, { node_id, item }: WorkRef): string | undefined => {
  const found = item === undefined ? unknownNode(run, node_id) : unknownItem(run, node_id, item);
  return found && (found.effect_id ?? effectIdOf(run, { node_id, item }));
};

const outputOf = ({ node_id, outcome, output }: ReconcileEffect, reason: string, created_at_ms: number): NodeOutput | undefined => {
  if (outcome === 'retry') return undefined;
  if (outcome === 'succeeded') return { status: 'completed', contract_kind: 'operator_reconciled', summary: `node "${node_id}": ${reason}`, content: output ?? null, created_at_ms };
  return { status: 'failed', contract_kind: 'failure', summary: reason, content: { kind: 'reconciled_failed', message: reason }, created_at_ms };
};

/** A run that was cancelled sends nothing any more. */
const maySendAgain = ({ status }: Run): boolean => status !== 'cancelled';

export const reconcileEffect = (command: ReconcileEffect, run: Run, { at_ms }: RunContext): OperatorDecision => {
  const { node_id, outcome } = command;
  const effect_id = unknownEffect(run, command);
  if (effect_id === undefined) return no('AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN', `no effect of ${workName(command)} waits to be reconciled`, task(run, node_id));
  if (command.effect_id !== undefined && command.effect_id !== effect_id) {
    return no('AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN', `${workName(command)} waits for effect "${effect_id}" to be reconciled, not for "${command.effect_id}"`, task(run, node_id));
  }
  if (outcome === 'retry' && !maySendAgain(run)) return no('AUTOMATION_V2_RUN_TASK_NOT_MUTABLE', 'the run is cancelled and sends nothing any more; retry or repair the node instead', task(run, node_id));
  const why = operated(command, `effect reconciled by operator: ${outcome}`);
  const output = outputOf(command, why.reason, at_ms);
  return accept({ event_type: 'node_effect_reconciled', data: { node_id, ...itemOf(command), effect_id, outcome, ...(output === undefined ? {} : { output }), ...why } });
};
