import { fanOutOf, planRun, type FanOutPlan } from '@cs/automation-domain';
import type { FlowNode } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { isAsApproved } from './approved-arguments.js';
import type { AutonomyBudgets } from './autonomy-budgets.js';
import { EffectClearance, type PolicyOfWorkspace } from './effect-clearance.js';
import { itemsOf } from './fan-out-items.js';
import type { LaunchGuard } from './launch-guard.js';
import { NodeConditions } from './node-condition.js';
import type { NodeContext } from './node-context.js';
import { failedBy } from './node-failure.js';
import { openGate } from './open-gate.js';
import { OutputBudget } from './output-budget.js';
import { registerWait } from './register-wait.js';
import { StepAttempts } from './step-attempts.js';
import type { StepExecutors } from './step-executor.port.js';

export interface NodeWorkOptions extends NodeContext {
  readonly executors: StepExecutors;
  readonly digest: Digest;
  /** Asked in this order before nodes start. */
  readonly guards: readonly LaunchGuard[];
  /** Asked before nodes with an effect start. Absent: nothing is judged. */
  readonly policy?: PolicyOfWorkspace | undefined;
  readonly budgets: AutonomyBudgets;
  readonly maxParallel: number;
}

/** Events of one commit at most, nearly: a fan-out of pure steps is written in several. */
const maxDraftEvents = 200;

/** The nodes of one run that this runner executes: starts what is ready, hands over what finished. */
export class NodeWork {
  readonly #options: NodeWorkOptions;
  readonly #outputs = new OutputBudget();
  readonly #conditions: NodeConditions;
  readonly #attempts: StepAttempts;
  readonly #clearance: EffectClearance;

  constructor(options: NodeWorkOptions) {
    this.#options = options;
    this.#conditions = new NodeConditions(options);
    this.#attempts = new StepAttempts({ ...options, outputs: this.#outputs });
    this.#clearance = new EffectClearance(options);
  }

  /** Someone else wrote to the run, or the process stops: `next` returns. */
  nudge(): void {
    this.#attempts.running.nudge();
  }

  abort(): void {
    this.#attempts.running.abort();
  }

  isIdle(): boolean {
    return this.#attempts.isIdle();
  }

  /**
   * Starts everything that is ready, again and again: a pure node's output may make others ready at once.
   * `full` when the draft has to be written before the rest may start.
   */
  async startReady(): Promise<'started' | 'full'> {
    const { session } = this.#options;
    this.#attempts.recordEnded();
    for (;;) {
      if (this.#isStopped()) return 'started';
      const before = session.run.version;
      await this.#turn();
      if (session.draftLength >= maxDraftEvents) return 'full';
      if (session.run.version === before) return 'started';
    }
  }

  /** Sends the prepared steps whose intents are durable now. */
  launch(): void {
    this.#attempts.launch();
  }

  /** Waits for a step to end or for a nudge. False when the run is no longer ours. */
  async next(): Promise<boolean> {
    return (await this.#attempts.running.next()) === 'nudged' ? await this.#options.session.reload() : true;
  }

  /** Waits, bounded, for what is under way; aborts the rest. */
  async drain(): Promise<void> {
    await this.#attempts.running.drain();
    this.#attempts.recordEnded();
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

  /** Each thing that could be done now, once. */
  async #turn(): Promise<void> {
    const { session, definition } = this.#options;
    const plan = planRun(session.run, definition);
    for (const work of plan.interrupted) await this.#attempts.recover(work);
    for (const fanOut of plan.fanOuts) await this.#advance(fanOut);
    for (const node of plan.waits) if (await this.#conditions.holds(node)) await this.#registerWait(node);
    for (const node of plan.ready) if (await this.#conditions.holds(node)) await this.#begin(node);
    // Gates open when nothing else is left; one that is skipped lets others go on now.
    for (const node of plan.gates) await this.#conditions.holds(node);
  }

  /** Nothing goes out under an approval of something else, nor against the policy. It is judged when it can start at once. */
  async #begin(node: FlowNode): Promise<void> {
    if (!this.#attempts.hasRoom(node)) return;
    if (!(await isAsApproved(this.#options, node)) || !(await this.#clearance.isCleared(node))) return;
    await (node.for_each === undefined ? this.#attempts.start(node) : this.#beginFanOut(node));
  }

  /** The list is evaluated once and pinned. */
  async #beginFanOut(node: FlowNode): Promise<void> {
    const { session } = this.#options;
    try {
      const items = await itemsOf(this.#options, node);
      const failure = this.#outputs.chargeItems(session.run, items);
      if (failure !== undefined) return this.#attempts.fail(node, failure);
      session.apply({ type: 'start_fan_out', node_id: node.node_id, items });
    } catch (error) {
      this.#attempts.fail(node, failedBy(error));
    }
  }

  async #advance({ node, items, isOver }: FanOutPlan): Promise<void> {
    const { session } = this.#options;
    await this.#startItems(node, items);
    if (!isOver) return;
    const pinned = fanOutOf(session.run, node.node_id)?.items ?? [];
    if (session.apply({ type: 'finish_fan_out', node_id: node.node_id, contract_kind: node.action?.kind ?? 'none' })) this.#outputs.releaseItems(pinned);
  }

  async #startItems(node: FlowNode, items: readonly number[]): Promise<void> {
    if (items.length === 0 || !(await this.#clearance.isCleared(node))) return;
    for (const item of items) await this.#attempts.start(node, item);
  }

  async #registerWait(node: FlowNode): Promise<void> {
    const failure = await registerWait(this.#options, node);
    if (failure !== undefined) this.#attempts.fail(node, failure);
  }
}
