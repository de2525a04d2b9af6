import { decideRun, flowGraph, isFinished, type NodeResult, type WorkRef } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, CallContext, FlowNode, OpenWait, Run } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing } from '@cs/eventing';
import type { Json, Refusal } from '@cs/kernel';
import { childOutcome } from './child-outcome.js';
import type { DefinitionLibrary } from './definition-library.js';
import { failedBy, nothingToDo } from './node-failure.js';
import { OutputBudget } from './output-budget.js';
import { requestRun, type RequestRunOptions } from './request-run.command-handler.js';
import { runAggregate } from './run.aggregate.js';
import { runScope } from './run-scope.js';
import { executorOf, type PreparedStep, type StepExecutors } from './step-executor.port.js';
import type { RunChanges } from './timers.port.js';

export interface ChildRunsOptions extends RequestRunOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly changes: RunChanges;
}

type Failed = Extract<NodeResult, { kind: 'failed' }>;

/** Runs that ask for runs that ask for runs: no deeper than this, so that one that asks for itself comes to an end. */
export const maxRunDepth = 16;

const failed = (kind: string, message: string, path?: string): Failed => ({
  kind: 'failed', failure: { kind, message, ...(path === undefined ? {} : { path }) }, effect: 'not_sent', retryable: false,
});

const refOf = ({ tenant_context: { org_id, workspace_id } }: Run, id: string): AggregateRef => ({ org_id, workspace_id, aggregate: 'run', id });

const refusalKinds: Readonly<Record<string, readonly [kind: string, path: string]>> = {
  AUTOMATION_V2_NOT_FOUND: ['child_run_automation_not_found', 'action.automation_id'],
  AUTOMATION_V2_NOT_RUNNABLE: ['child_run_automation_not_runnable', 'action.automation_id'],
  AUTOMATION_V2_VERSION_NOT_FOUND: ['child_run_version_not_found', 'action.version'],
};

/** Problems of the input have their path in it. */
const inputPath = ({ details }: Refusal): string => {
  const problems: Json | undefined = details?.['problems'];
  const [first]: readonly Json[] = Array.isArray(problems) ? problems : [];
  return typeof first === 'object' && first !== null && 'path' in first ? `action.${String(first['path'])}` : 'action.input';
};

const refusedBy = (refusal: Refusal): Failed => {
  if (refusal.code === 'AUTOMATION_V2_INPUT_INVALID') return failed('child_run_input_invalid', refusal.message, inputPath(refusal));
  const known = refusalKinds[refusal.code];
  // Anything else is about this moment, not about the definition: the message comes again.
  if (known === undefined) throw new Error(`The child run could not be requested: ${refusal.message}`);
  return failed(known[0], refusal.message, known[1]);
};

const parentOf = (run: Run, { node_id, wait_id }: OpenWait) => ({
  run_id: run.run_id, node_id, wait_id, root_run_id: run.parent?.root_run_id ?? run.run_id, depth: (run.parent?.depth ?? 0) + 1,
});

/** Runs and the runs that they wait for. Everything here can be repeated: whoever finds a message again does it again. */
export class ChildRuns {
  readonly #options: ChildRunsOptions;
  readonly #executors: StepExecutors;

  constructor(options: ChildRunsOptions, executors: StepExecutors) {
    this.#options = options;
    this.#executors = executors;
  }

  /** Sees to it that the child exists that a wait is for, or that the wait ends. */
  async request(run: Run, wait: OpenWait, definition: AutomationDefinition): Promise<void> {
    const failure = await this.#create(run, wait, definition);
    if (failure !== undefined) await this.#endWait(refOf(run, run.run_id), { wait_id: wait.wait_id, child_run_id: wait.child_run_id ?? '', result: failure });
  }

  /** Tells the parent of a run that it ended. A child that is blocked has not: its parent waits on. */
  async reportEnd(run: Run): Promise<void> {
    const result = run.parent === undefined ? undefined : childOutcome(run);
    if (run.parent === undefined || result === undefined) return;
    await this.#endWait(refOf(run, run.parent.run_id), { wait_id: run.parent.wait_id, child_run_id: run.run_id, result });
  }

  /** Cancels children that a run waits for no more. */
  async cancelAbandoned(run: Run): Promise<void> {
    for (const id of run.checkpoint.abandoned_children ?? []) {
      await this.cancel(refOf(run, id), run.run_id, isFinished(run.status) ? `its parent run ${run.run_id} is ${run.status}` : `its parent run ${run.run_id} waits for it no more`);
    }
  }

  /** True when no parent waits for this child (any more): it was asked for too late. */
  async isOrphan(run: Run): Promise<boolean> {
    if (run.parent === undefined) return false;
    const { wait_id } = run.parent;
    const { state } = await loadAggregate({ store: this.#options.eventing.store, aggregate: runAggregate }, refOf(run, run.parent.run_id));
    return state?.checkpoint.open_waits.some((wait) => wait.wait_id === wait_id && wait.child_run_id === run.run_id) !== true;
  }

  async cancel(ref: AggregateRef, parent_run_id: string, reason: string): Promise<void> {
    const { eventing, definitions, changes } = this.#options;
    const loaded = await loadAggregate({ store: eventing.store, aggregate: runAggregate }, ref);
    if (loaded.state === undefined) return;
    const definition = await definitions.get(ref, loaded.state.workflow_definition_snapshot_hash);
    const result = await executeCommand(ref, {
      eventing, aggregate: runAggregate, loaded, context: { causation_id: parent_run_id, correlation_id: loaded.state.automation_id },
      decide: (state, at_ms) => decideRun({ type: 'cancel_child', parent_run_id, reason }, state, { at_ms, definition }),
    });
    if (result.kind === 'contended') throw new Error(`run ${ref.id} is being written to`);
    if (result.kind === 'accepted' && result.changed) changes.announce(ref.id);
  }

  async #create(run: Run, wait: OpenWait, definition: AutomationDefinition): Promise<Failed | undefined> {
    const run_id = wait.child_run_id ?? '';
    const { state } = await loadAggregate({ store: this.#options.eventing.store, aggregate: runAggregate }, refOf(run, run_id));
    if (state !== undefined) return undefined;
    const parent = parentOf(run, wait);
    if (parent.depth > maxRunDepth) return failed('child_run_depth_exceeded', `runs may wait for runs ${maxRunDepth} deep at most`, 'action.automation_id');
    const step = await this.#resolve(run, wait, definition);
    if (step.kind === 'failed') return step;
    if (step.kind !== 'child_run') return failed('unsupported_step', `node "${wait.node_id}" asks for no run`);
    const context: CallContext = { tenant: run.tenant_context, actor: run.requested_by, correlation_id: run.run_id };
    const requested = await requestRun(this.#options, context, { ...step.child, run_id, parent, trigger_type: 'automation', trigger_reason: `node "${wait.node_id}" of run ${run.run_id}` });
    return requested.ok ? undefined : refusedBy(requested.refusal);
  }

  /** As pure as what it reads: resolved again after a crash, it is the same. */
  async #resolve(run: Run, work: WorkRef, definition: AutomationDefinition): Promise<PreparedStep | Failed> {
    const node: FlowNode | undefined = flowGraph(definition).nodes.get(work.node_id);
    if (node?.action === undefined) return failed('unsupported_step', `the definition has no node "${work.node_id}" with an action`);
    const executor = executorOf(this.#executors, node.action);
    try {
      return executor === undefined ? nothingToDo(node) : await executor.prepare(node.action, { node, effect: undefined, scope: runScope(run, definition, work) });
    } catch (error) {
      return failedBy(error);
    }
  }

  async #endWait(ref: AggregateRef, { wait_id, child_run_id, result }: { wait_id: string; child_run_id: string; result: NodeResult }): Promise<void> {
    const { eventing, definitions, changes } = this.#options;
    const loaded = await loadAggregate({ store: eventing.store, aggregate: runAggregate }, ref);
    if (loaded.state === undefined) return;
    const definition = await definitions.get(ref, loaded.state.workflow_definition_snapshot_hash);
    const ended = await executeCommand(ref, {
      eventing, aggregate: runAggregate, loaded, context: { causation_id: child_run_id, correlation_id: loaded.state.automation_id },
      decide: (state, at_ms) => decideRun({ type: 'end_child_wait', wait_id, child_run_id, result: state === undefined ? result : new OutputBudget().charge(state, result) }, state, { at_ms, definition }),
    });
    if (ended.kind === 'contended') throw new Error(`run ${ref.id} is being written to`);
    // A parked run became queued, which the runners hear; one that is executing has to be told.
    if (ended.kind === 'accepted' && ended.changed) changes.announce(ref.id);
  }
}
