import { flowGraph, planRun, type NodeResult } from '@cs/automation-domain';
import type { AutomationDefinition, FlowNode, HttpAction } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { ExpressionError, type ExpressionEvaluator } from './expression.port.js';
import { effectModeOf, resolveHttpStep } from './http-step.js';
import { OutputBudget } from './output-budget.js';
import { runScope } from './run-scope.js';
import type { RunSession } from './run-session.js';
import type { Secrets } from './secrets.port.js';
import type { HttpStep, HttpStepRunner } from './step-runner.port.js';
import { asText, resolveTemplate, TemplateError } from './template.js';
import { wakeAtOf } from './timer-wait.js';

export interface NodeWorkOptions {
  readonly session: RunSession;
  readonly definition: AutomationDefinition;
  readonly evaluator: ExpressionEvaluator;
  readonly http: HttpStepRunner;
  readonly secrets: Secrets;
  readonly maxParallel: number;
}

interface Finished {
  readonly node_id: string;
  readonly attempt: number;
  /** Absent when the attempt was aborted: nothing is known and nothing recorded. */
  readonly result: NodeResult | undefined;
}

interface Prepared {
  readonly node_id: string;
  readonly attempt: number;
  readonly step: HttpStep;
}

/** How long a stopping process waits for steps that are under way. */
const drainMs = 5000;

const failedBy = (error: unknown): NodeResult => {
  const path = error instanceof TemplateError ? { path: error.path } : {};
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', failure: { kind: 'expression_failed', message, ...path }, effect: 'not_sent', retryable: false };
};

/** A definition like this is refused when it is stored; a run of one that got through ends with the reason. */
const nothingToDo = ({ node_id }: FlowNode): NodeResult => ({
  kind: 'failed', failure: { kind: 'unsupported_step', message: `node "${node_id}" has no action that this release can execute` }, effect: 'not_sent', retryable: false,
});

/** The nodes of one run that this runner executes: starts what is ready, hands over what finished. */
export class NodeWork {
  readonly #options: NodeWorkOptions;
  readonly #abort = new AbortController();
  readonly #outputs = new OutputBudget();
  readonly #running = new Map<string, Promise<void>>();
  #prepared: Prepared[] = [];
  #finished: Finished[] = [];
  #nudged = false;
  #wake: (() => void) | undefined;

  constructor(options: NodeWorkOptions) {
    this.#options = options;
  }

  /** Someone else wrote to the run, or the process stops: `next` returns. */
  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  abort(): void {
    if (this.#running.size > 0) this.#abort.abort();
  }

  isIdle(): boolean {
    return this.#running.size === 0 && this.#prepared.length === 0 && this.#finished.length === 0;
  }

  /** Starts everything that is ready, again and again: a pure node's output may make others ready at once. */
  async startReady(): Promise<void> {
    const { session, definition } = this.#options;
    this.#recordFinished();
    for (;;) {
      const plan = planRun(session.run, definition);
      const before = session.run.version;
      for (const node_id of plan.interrupted) await this.#recover(node_id);
      for (const node of plan.waits) await this.#registerTimer(node);
      for (const node of plan.ready) await this.#start(node);
      if (session.run.version === before) return;
    }
  }

  /** Sends the prepared steps whose intents are durable now; one that a reload refused never leaves. */
  launch(): void {
    const { in_progress } = this.#options.session.run.checkpoint;
    const prepared = this.#prepared.filter(({ node_id, attempt }) => in_progress[node_id]?.attempt === attempt);
    this.#prepared = [];
    for (const { node_id, attempt, step } of prepared) {
      const run = this.#options.http.run(step, this.#abort.signal).then((outcome) => {
        const result: NodeResult | undefined = outcome.kind === 'aborted' ? undefined : outcome.kind === 'failed' ? outcome : { kind: 'succeeded', contract_kind: 'http', content: outcome.output };
        this.#running.delete(node_id);
        this.#finished.push({ node_id, attempt, result });
        this.#wake?.();
      });
      this.#running.set(node_id, run);
    }
  }

  /** Waits for a step to end or for a nudge. False when the run is no longer ours. */
  async next(): Promise<boolean> {
    while (this.#finished.length === 0 && !this.#nudged && this.#running.size > 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const nudged = this.#nudged;
    this.#nudged = false;
    return nudged ? await this.#options.session.reload() : true;
  }

  /** Waits, bounded, for what is under way; aborts the rest. */
  async drain(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, drainMs)));
    await Promise.race([Promise.all(this.#running.values()), late]);
    clearTimeout(timer);
    this.#recordFinished();
    this.abort();
  }

  /** False when the gate may not open. When its texts cannot be resolved, the run fails. */
  async openGate(node: FlowNode): Promise<boolean> {
    const { session } = this.#options;
    try {
      const title = asText(await this.#resolve(node, node.objective, 'objective'));
      const instructions = node.gate?.instructions === undefined ? undefined : asText(await this.#resolve(node, node.gate.instructions, 'gate.instructions'));
      return session.apply({ type: 'open_gate', node_id: node.node_id, title, ...(instructions === undefined ? {} : { instructions }) });
    } catch (error) {
      return session.apply({ type: 'fail_run', detail: `gate "${node.node_id}" cannot be shown: ${failureText(error)}` });
    }
  }

  #resolve(node: FlowNode, value: Json, path: string): Promise<Json> {
    const { session, definition, evaluator } = this.#options;
    return resolveTemplate(value, path, { evaluator, scope: runScope(session.run, definition, node.node_id) });
  }

  #recordFinished(): void {
    const finished = this.#finished;
    this.#finished = [];
    for (const { node_id, attempt, result } of finished) {
      if (result !== undefined) this.#record(node_id, attempt, result);
    }
  }

  async #start(node: FlowNode): Promise<void> {
    const { action, node_id } = node;
    if (action?.kind === 'http') return await this.#startHttp(node, action);
    if (!this.#options.session.apply({ type: 'start_node', node_id })) return;
    this.#finish(node_id, action?.kind === 'transform' ? await this.#transform(node, action.expression) : nothingToDo(node));
  }

  async #transform(node: FlowNode, expression: string): Promise<NodeResult> {
    const { session, definition, evaluator } = this.#options;
    try {
      const content = (await evaluator.evaluate(expression, runScope(session.run, definition, node.node_id))) ?? null;
      return { kind: 'succeeded', contract_kind: 'transform', content };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return failedBy(new TemplateError('action.expression', error));
    }
  }

  async #startHttp(node: FlowNode, action: HttpAction): Promise<void> {
    if (this.#running.size + this.#prepared.length >= this.#options.maxParallel) return;
    if (this.#options.session.apply({ type: 'start_node', node_id: node.node_id, mode: effectModeOf(action) })) await this.#prepare(node, action);
  }

  /** A node whose runner died: started again with the same key, or given to a person. */
  async #recover(node_id: string): Promise<void> {
    const { session, definition } = this.#options;
    if (!session.apply({ type: 'recover_node', node_id })) return;
    const restarted = session.run.checkpoint.in_progress[node_id] !== undefined;
    const node = flowGraph(definition).nodes.get(node_id);
    // Only effects can be found in progress: a pure node starts and ends within one commit.
    if (restarted && node?.action?.kind === 'http') await this.#prepare(node, node.action);
  }

  async #prepare(node: FlowNode, action: HttpAction): Promise<void> {
    const { session, definition, evaluator, secrets } = this.#options;
    const progress = session.run.checkpoint.in_progress[node.node_id];
    if (progress === undefined) return;
    try {
      const step = await resolveHttpStep(node, action, { evaluator, secrets, effect: progress.effect, scope: runScope(session.run, definition, node.node_id) });
      this.#prepared.push({ node_id: node.node_id, attempt: progress.attempt, step });
    } catch (error) {
      this.#finish(node.node_id, failedBy(error));
    }
  }

  #finish(node_id: string, result: NodeResult): void {
    const attempt = this.#options.session.run.checkpoint.in_progress[node_id]?.attempt ?? 0;
    this.#record(node_id, attempt, result);
  }

  #record(node_id: string, attempt: number, result: NodeResult): void {
    const { session } = this.#options;
    session.apply({ type: 'finish_node', node_id, attempt, result: this.#outputs.charge(session.run, result) });
  }

  async #registerTimer(node: FlowNode): Promise<void> {
    const { session, definition, evaluator } = this.#options;
    const scope = { evaluator, scope: runScope(session.run, definition, node.node_id) };
    try {
      session.apply({ type: 'register_timer', node_id: node.node_id, wake_at_ms: await wakeAtOf(node, session.atMs, scope) });
    } catch (error) {
      if (session.apply({ type: 'start_node', node_id: node.node_id })) this.#finish(node.node_id, failedBy(error));
    }
  }
}

const failureText = (error: unknown): string => (error instanceof TemplateError ? `${error.path}: ${error.message}` : error instanceof Error ? error.message : String(error));
