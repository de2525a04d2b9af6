import { flowGraph, planRun, type NodeResult } from '@cs/automation-domain';
import type { FlowNode } from '@cs/contracts';
import type { LaunchGuard } from './launch-guard.js';
import { scopeOf, type NodeContext } from './node-context.js';
import { failedBy, nothingToDo } from './node-failure.js';
import { openGate } from './open-gate.js';
import { OutputBudget } from './output-budget.js';
import { registerWait } from './register-wait.js';
import { RunningSteps } from './running-steps.js';
import { executorOf, type PreparedStep, type StepExecutors } from './step-executor.port.js';
import type { StepOutcome } from './step-runner.port.js';

export interface NodeWorkOptions extends NodeContext {
  readonly executors: StepExecutors;
  /** Asked in this order before nodes start. */
  readonly guards: readonly LaunchGuard[];
  readonly maxParallel: number;
}

/** One attempt of one node. */
interface Attempt {
  readonly key: string;
  readonly node: FlowNode;
  readonly attempt: number;
}

interface Prepared {
  readonly work: Attempt;
  readonly perform: (signal: AbortSignal) => Promise<StepOutcome>;
}

/** The nodes of one run that this runner executes: starts what is ready, hands over what finished. */
export class NodeWork {
  readonly #options: NodeWorkOptions;
  readonly #outputs = new OutputBudget();
  readonly #running = new RunningSteps<Attempt>();
  #prepared: Prepared[] = [];

  constructor(options: NodeWorkOptions) {
    this.#options = options;
  }

  /** Someone else wrote to the run, or the process stops: `next` returns. */
  nudge(): void {
    this.#running.nudge();
  }

  abort(): void {
    this.#running.abort();
  }

  isIdle(): boolean {
    return this.#running.isIdle() && this.#prepared.length === 0;
  }

  /** Starts everything that is ready, again and again: a pure node's output may make others ready at once. */
  async startReady(): Promise<void> {
    const { session, definition } = this.#options;
    this.#recordEnded();
    for (;;) {
      if (this.#isStopped()) return;
      const plan = planRun(session.run, definition);
      const before = session.run.version;
      for (const { node_id } of plan.interrupted) await this.#recover(node_id);
      for (const node of plan.waits) await this.#registerWait(node);
      for (const node of plan.ready) await this.#start(node);
      if (session.run.version === before) return;
    }
  }

  /** Sends the prepared steps whose intents are durable now; one that a reload refused never leaves. */
  launch(): void {
    const { in_progress } = this.#options.session.run.checkpoint;
    const prepared = this.#prepared.filter(({ work }) => in_progress[work.key]?.attempt === work.attempt);
    this.#prepared = [];
    for (const { work, perform } of prepared) this.#running.launch(work, perform);
  }

  /** Waits for a step to end or for a nudge. False when the run is no longer ours. */
  async next(): Promise<boolean> {
    return (await this.#running.next()) === 'nudged' ? await this.#options.session.reload() : true;
  }

  /** Waits, bounded, for what is under way; aborts the rest. */
  async drain(): Promise<void> {
    await this.#running.drain();
    this.#recordEnded();
    this.abort();
  }

  /** False when the gate may not open. */
  openGate(node: FlowNode): Promise<boolean> {
    return openGate(this.#options, node);
  }

  /** A guard stopped the run: nothing starts any more. */
  #isStopped(): boolean {
    const { session, guards, definition } = this.#options;
    return guards.some((guard) => {
      const command = session.run.status === 'running' ? guard(session.run, { definition, at_ms: session.atMs }) : undefined;
      return command !== undefined && session.apply(command);
    });
  }

  #recordEnded(): void {
    for (const { work, outcome } of this.#running.takeEnded()) {
      // Of an aborted attempt nothing is known, and nothing recorded.
      if (outcome.kind === 'aborted') continue;
      this.#record(work, outcome.kind === 'failed' ? outcome : this.#succeeded(work.node, outcome.output));
    }
  }

  #succeeded({ action }: FlowNode, content: Extract<NodeResult, { kind: 'succeeded' }>['content']): NodeResult {
    return { kind: 'succeeded', contract_kind: action?.kind ?? 'none', content };
  }

  async #start(node: FlowNode): Promise<void> {
    const { session, executors, maxParallel } = this.#options;
    const mode = node.action === undefined ? undefined : executorOf(executors, node.action)?.effectMode(node.action);
    if (mode !== undefined && this.#running.size + this.#prepared.length >= maxParallel) return;
    if (session.apply({ type: 'start_node', node_id: node.node_id, ...(mode === undefined ? {} : { mode }) })) await this.#prepare(node);
  }

  /** A node whose runner died: started again with the same key, or given to a person. */
  async #recover(node_id: string): Promise<void> {
    const { session, definition } = this.#options;
    if (!session.apply({ type: 'recover_node', node_id })) return;
    const node = flowGraph(definition).nodes.get(node_id);
    if (node !== undefined) await this.#prepare(node);
  }

  async #prepare(node: FlowNode): Promise<void> {
    const progress = this.#options.session.run.checkpoint.in_progress[node.node_id];
    if (progress === undefined) return;
    const work: Attempt = { key: node.node_id, node, attempt: progress.attempt };
    const step = await this.#resolve(work);
    if (step.kind === 'effect') this.#prepared.push({ work, perform: step.perform });
    else this.#record(work, step.kind === 'value' ? this.#succeeded(node, step.content) : step.kind === 'failed' ? step : nothingToDo(node));
  }

  async #resolve({ key, node }: Attempt): Promise<PreparedStep | Extract<NodeResult, { kind: 'failed' }>> {
    const { session, executors } = this.#options;
    const executor = node.action === undefined ? undefined : executorOf(executors, node.action);
    if (executor === undefined || node.action === undefined) return nothingToDo(node);
    try {
      return await executor.prepare(node.action, { node, effect: session.run.checkpoint.in_progress[key]?.effect, scope: scopeOf(this.#options, node) });
    } catch (error) {
      return failedBy(error);
    }
  }

  #record({ node, attempt }: Attempt, result: NodeResult): void {
    const { session } = this.#options;
    session.apply({ type: 'finish_node', node_id: node.node_id, attempt, result: this.#outputs.charge(session.run, result) });
  }

  async #registerWait(node: FlowNode): Promise<void> {
    const { session } = this.#options;
    const failure = await registerWait(this.#options, node);
    if (failure === undefined || !session.apply({ type: 'start_node', node_id: node.node_id })) return;
    this.#record({ key: node.node_id, node, attempt: session.run.checkpoint.in_progress[node.node_id]?.attempt ?? 0 }, failure);
  }
}
