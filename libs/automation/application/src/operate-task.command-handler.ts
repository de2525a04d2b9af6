import { planReset, type OperatorCommandOfRun, type ResetPlan } from '@cs/automation-domain';
import { nodeDispositionSchema, type CallContext } from '@cs/contracts';
import { accepted, refused, type Json, type Result } from '@cs/kernel';
import { commandOf, operable, operate, type Operable, type OperatedRun, type OperatorOptions, type RunRequested } from './operate-run.command-handler.js';

export interface TaskRequested extends RunRequested {
  readonly node_id: string;
}

export interface OperatedTask extends OperatedRun {
  readonly node_id: string;
  readonly reset_nodes: readonly string[];
  readonly cleared_outputs: readonly string[];
}

const nodeRequired = ({ run_id, node_id }: TaskRequested): Result<never> | undefined =>
  node_id.trim() === '' ? refused('AUTOMATION_V2_TASK_NODE_REQUIRED', 'name a node', { runID: run_id }) : undefined;

type Command = OperatorCommandOfRun extends infer Each ? (Each extends { readonly node_id: string } ? Each : never) : never;

const operateTask = async (options: OperatorOptions, context: CallContext, { request, build }: { request: TaskRequested; build: (found: Operable) => Command }): Promise<Result<OperatedRun & { readonly found: Operable }>> => {
  const required = nodeRequired(request);
  if (required !== undefined) return required;
  const found = await operable(options, context, request.run_id);
  if (!found.ok) return found;
  const done = await operate(options, context, { found: found.value, command: build(found.value) });
  return done.ok ? accepted({ ...done.value, found: found.value }) : done;
};

/** What was reset; a command that had its effect before says what it resets, and that it cleared nothing now. */
export const resetOf = ({ events }: OperatedRun, repeated: () => Pick<ResetPlan, 'reset_nodes'>): Pick<ResetPlan, 'reset_nodes' | 'cleared_outputs'> => {
  for (const { data } of events) if ('reset_nodes' in data && 'cleared_outputs' in data) return { reset_nodes: data.reset_nodes, cleared_outputs: data.cleared_outputs };
  return { reset_nodes: repeated().reset_nodes, cleared_outputs: [] };
};

const resetTask = async (options: OperatorOptions, context: CallContext, request: TaskRequested & { readonly type: 'retry_task' | 'requeue_task' | 'continue_task' }): Promise<Result<OperatedTask>> => {
  const { type, node_id, reason } = request;
  const common = { node_id, ...(reason === undefined ? {} : { reason }), ...commandOf(options, context, request) };
  const done = await operateTask(options, context, { request, build: ({ target }) => (type === 'continue_task' ? { type, ...common } : { type, ...common, target }) });
  if (!done.ok) return done;
  const { found, ...operated } = done.value;
  const repeated = () => (type === 'continue_task' ? { reset_nodes: [node_id] } : planReset(found.run, found.target.definition, [node_id]));
  return accepted({ ...operated, node_id, ...resetOf(operated, repeated) });
};

export const retryTask = (options: OperatorOptions, context: CallContext, request: TaskRequested): Promise<Result<OperatedTask>> => resetTask(options, context, { ...request, type: 'retry_task' });
export const requeueTask = (options: OperatorOptions, context: CallContext, request: TaskRequested): Promise<Result<OperatedTask>> => resetTask(options, context, { ...request, type: 'requeue_task' });
export const continueTask = (options: OperatorOptions, context: CallContext, request: TaskRequested): Promise<Result<OperatedTask>> => resetTask(options, context, { ...request, type: 'continue_task' });

/** What retrying the node would reset now. Changes nothing. */
export const previewReset = async (options: OperatorOptions, context: CallContext, request: TaskRequested): Promise<Result<ResetPlan & { readonly run_id: string; readonly node_id: string }>> => {
  const required = nodeRequired(request);
  if (required !== undefined) return required;
  const { run_id, node_id } = request;
  const found = await operable(options, context, run_id);
  if (!found.ok) return found;
  const { run, target } = found.value;
  if (!target.definition.flow.nodes.some((node) => node.node_id === node_id)) return refused('AUTOMATION_V2_TASK_NODE_NOT_FOUND', `the definition has no node "${node_id}"`, { runID: run_id, nodeID: node_id });
  return accepted({ run_id, node_id, ...planReset(run, target.definition, [node_id]) });
};

export const setDisposition = async (options: OperatorOptions, context: CallContext, request: TaskRequested & { readonly disposition: string }): Promise<Result<OperatedRun>> => {
  const { node_id, reason } = request;
  const disposition = nodeDispositionSchema.safeParse(request.disposition.trim());
  if (!disposition.success) {
    return refused('AUTOMATION_V2_TASK_DISPOSITION_INVALID', `"${request.disposition}" is no disposition; use ${nodeDispositionSchema.options.join(', ')}`, { runID: request.run_id, nodeID: node_id });
  }
  return await operateTask(options, context, {
    request, build: () => ({ type: 'set_disposition', node_id, disposition: disposition.data, ...(reason === undefined ? {} : { reason }), ...commandOf(options, context, { type: 'set_disposition', ...request }) }),
  });
};

interface Reconciliation extends TaskRequested {
  readonly outcome: 'succeeded' | 'failed' | 'retry';
  readonly output?: Json | undefined;
  readonly item?: number | undefined;
  readonly effect_id?: string | undefined;
}

/** Says what became of an effect whose outcome nobody knew. */
export const reconcileEffect = (options: OperatorOptions, context: CallContext, request: Reconciliation): Promise<Result<OperatedRun>> => {
  const { node_id, outcome, output, item, effect_id, reason } = request;
  return operateTask(options, context, {
    request,
    build: () => ({
      type: 'reconcile_effect', node_id, outcome, ...(output === undefined ? {} : { output }), ...(item === undefined ? {} : { item }), ...(effect_id === undefined ? {} : { effect_id }),
      ...(reason === undefined ? {} : { reason }), ...commandOf(options, context, { type: 'reconcile_effect', ...request }),
    }),
  });
};
