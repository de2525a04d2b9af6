import { flowGraph, workKey, type NodeResult, type WorkRef } from '@cs/automation-domain';
import type { EffectIntent, FlowNode } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { childRunIdOf } from './child-run-id.js';
import { scopeOf, type NodeContext } from './node-context.js';
import { failedBy, nothingToDo } from './node-failure.js';
import type { OutputBudget } from './output-budget.js';
import { checkOutput } from './output-contract.js';
import { RunningSteps } from './running-steps.js';
import { executorOf, type PreparedStep, type StepExecutors } from './step-executor.port.js';
import type { StepOutcome } from './step-runner.port.js';
import type { Digest } from '@cs/eventing';

export interface StepAttemptsOptions extends NodeContext {
  readonly executors: StepExecutors;
  readonly outputs: OutputBudget;
  readonly digest: Digest;
  /** Effects of this run that are under way at a time. */
  readonly maxParallel: number;
}

/** One attempt of one node, or of one item of its fan-out. */
interface Attempt {
  readonly key: string;
  readonly work: WorkRef;
  readonly node: FlowNode;
  readonly attempt: number;
}

interface Prepared {
  readonly of: Attempt;
  readonly perform: (signal: AbortSignal) => Promise<StepOutcome>;
}

type Failed = Extract<NodeResult, { kind: 'failed' }>;

const succeeded = ({ action }: FlowNode, content: Json): NodeResult => ({ kind: 'succeeded', contract_kind: action?.kind ?? 'none', content });

/** Attempts that this runner makes: from their recorded intent to their recorded result. */
export class StepAttempts {
  readonly running = new RunningSteps<Attempt>();
  readonly #options: StepAttemptsOptions;
  #prepared: Prepared[] = [];

  constructor(options: StepAttemptsOptions) {
    this.#options = options;
  }

  isIdle(): boolean {
    return this.running.isIdle() && this.#prepared.length === 0;
  }

  /** False for an effect while as many are under way as may be. A list begins in any case. */
  hasRoom(node: FlowNode): boolean {
    return node.for_each !== undefined || this.#fits(this.#modeOf(node));
  }

  /** Starts an attempt, unless as many effects are under way as may be. */
  async start(node: FlowNode, item?: number): Promise<void> {
    const { session } = this.#options;
    const mode = this.#modeOf(node);
    if (!this.#fits(mode)) return;
    const work = { node_id: node.node_id, ...(item === undefined ? {} : { item }) };
    if (session.apply({ type: 'start_node', ...work, ...(mode === undefined ? {} : { mode }) })) await this.#prepare(node, work);
  }

  /** Work whose runner died: started again with the same key, or given to a person. */
  async recover(work: WorkRef): Promise<void> {
    const { session, definition } = this.#options;
    if (!session.apply({ type: 'recover_node', ...work })) return;
    const node = flowGraph(definition).nodes.get(work.node_id);
    if (node !== undefined) await this.#prepare(node, work);
  }

  /** Records what a node came to that did not even begin to execute. */
  fail(node: FlowNode, failure: Failed): void {
    this.#options.session.apply({ type: 'reject_node', node_id: node.node_id, failure: failure.failure });
  }

  /** Sends the prepared steps whose intents are durable now; one that a reload refused never leaves. */
  launch(): void {
    const { in_progress } = this.#options.session.run.checkpoint;
    const prepared = this.#prepared.filter(({ of }) => in_progress[of.key]?.attempt === of.attempt);
    this.#prepared = [];
    for (const { of, perform } of prepared) this.running.launch(of, perform);
  }

  /** Records the steps that ended. Of an aborted attempt nothing is known, and nothing recorded. */
  recordEnded(): void {
    for (const { work, outcome } of this.running.takeEnded()) {
      if (outcome.kind === 'aborted') continue;
      this.#record(work, outcome.kind === 'failed' ? outcome : succeeded(work.node, outcome.output));
    }
  }

  #modeOf({ action }: FlowNode): EffectIntent['mode'] | undefined {
    return action === undefined ? undefined : executorOf(this.#options.executors, action)?.effectMode(action);
  }

  #fits(mode: EffectIntent['mode'] | undefined): boolean {
    return mode === undefined || this.running.size + this.#prepared.length < this.#options.maxParallel;
  }

  async #prepare(node: FlowNode, work: WorkRef): Promise<void> {
    const key = workKey(work);
    const progress = this.#options.session.run.checkpoint.in_progress[key];
    if (progress === undefined) return;
    const of: Attempt = { key, work, node, attempt: progress.attempt };
    const step = await this.#resolve(of);
    switch (step.kind) {
      case 'effect':
        return void this.#prepared.push({ of, perform: step.perform });
      case 'value':
        return this.#record(of, succeeded(node, step.content));
      case 'child_run':
        return this.#waitForChild(of);
      case 'person':
        return void this.#options.session.apply({ type: 'ask_person', ...work, attempt: of.attempt, ...step.asks });
      case 'failed':
        return this.#record(of, step);
    }
  }

  /** The child itself is requested once the wait for it is durable. */
  #waitForChild({ work, attempt }: Attempt): void {
    const { session, digest } = this.#options;
    session.apply({ type: 'wait_for_child', ...work, attempt, child_run_id: childRunIdOf(session.run, { work, attempt, digest }) });
  }

  async #resolve({ key, node, work }: Attempt): Promise<PreparedStep | Failed> {
    const { session, executors } = this.#options;
    const executor = node.action === undefined ? undefined : executorOf(executors, node.action);
    if (executor === undefined || node.action === undefined) return nothingToDo(node);
    try {
      return await executor.prepare(node.action, { node, effect: session.run.checkpoint.in_progress[key]?.effect, scope: scopeOf(this.#options, work) });
    } catch (error) {
      return failedBy(error);
    }
  }

  #record({ work, attempt }: Attempt, result: NodeResult): void {
    const { session, outputs, definition } = this.#options;
    session.apply({ type: 'finish_node', ...work, attempt, result: checkOutput(work.node_id, definition, outputs.charge(session.run, result)) });
  }
}
