import { createHash, randomUUID } from 'node:crypto';
import { automationAggregate, createAutomation, DefinitionLibrary, requestRun, RunExecutor, runAggregate, type RunExecutorOptions, wakeWait, type HttpStep, type HttpStepRunner, type StepOutcome, type Timers } from '@cs/automation-application';
import { decideRun, type AutomationState } from '@cs/automation-domain';
import { localImplicitTenant, type CallContext, type GovernanceActor, type Run } from '@cs/contracts';
import { executeCommand, InMemoryEventStore, loadAggregate, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { JsonataEvaluator } from '@cs/step-runners';

/** Answers http steps as the test says; counts what left the process. */
export class ScriptedHttp implements HttpStepRunner {
  readonly sent: HttpStep[] = [];
  answer: (step: HttpStep) => StepOutcome | Promise<StepOutcome> = (step) => ({ kind: 'succeeded', output: { status: 200, headers: {}, body: { url: step.url } } });

  async run(step: HttpStep, signal: AbortSignal): Promise<StepOutcome> {
    this.sent.push(step);
    if (signal.aborted) return { kind: 'aborted' };
    return await this.answer(step);
  }
}

export const human: GovernanceActor = { kind: 'human', actor_id: 'ada', source: 'test' };
export const context: CallContext = { tenant: localImplicitTenant, actor: human, correlation_id: 'test' };

const value = <Value>(result: { ok: true; value: Value } | { ok: false; refusal: unknown }): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};

/** A runner over the in-memory log, with a clock and timers that the test moves. */
export class InMemoryRunner {
  readonly store = new InMemoryEventStore();
  readonly http = new ScriptedHttp();
  readonly timers = new Map<string, { readonly ref: StoredCommit['ref']; readonly waitId: string; readonly dueAtMs: number }>();
  readonly schedule: Timers = { schedule: (ref, waitId, dueAtMs) => Promise.resolve(void this.timers.set(waitId, { ref, waitId, dueAtMs })) };
  readonly announced: string[] = [];
  readonly listeners = new Map<string, () => void>();
  now = 1_000_000;
  readonly eventing: Eventing = { store: this.store, clock: () => this.now, digest: (text) => createHash('sha256').update(text).digest('hex') };
  readonly definitions = new DefinitionLibrary(this.eventing);
  readonly evaluator = new JsonataEvaluator();
  readonly executor = this.newExecutor('runner-1');

  newExecutor(claimantId: string, extra: Partial<RunExecutorOptions> = {}): RunExecutor {
    return new RunExecutor({
      eventing: this.eventing, definitions: this.definitions, evaluator: this.evaluator, http: this.http, newId: randomUUID, claimantId, leaseMs: 15_000, ...extra,
      secrets: new Map([['TOKEN', 'tok-secret']]),
      timers: this.schedule,
      changes: {
        announce: (runId) => void (this.announced.push(runId), this.listeners.get(runId)?.()),
        listen: (runId, callback) => {
          this.listeners.set(runId, callback);
          return () => this.listeners.delete(runId);
        },
      },
    });
  }

  /** Time passes until claims of now have expired. */
  expireClaims(): void {
    this.now += 20_000;
  }

  async define(definition: Json): Promise<void> {
    value(await createAutomation({ eventing: this.eventing, definitions: this.definitions, evaluator: this.evaluator }, context, definition));
  }

  async start(automation_id: string, input: Json = {}): Promise<string> {
    return value(await requestRun({ eventing: this.eventing, definitions: this.definitions, newId: randomUUID }, context, { automation_id, input })).run.run_id;
  }

  async load(run_id: string): Promise<Run> {
    const { state } = await loadAggregate({ store: this.store, aggregate: runAggregate }, this.ref(run_id));
    if (state === undefined) throw new Error(`no run ${run_id}`);
    return state;
  }

  runIds(): readonly string[] {
    return [...new Set(this.store.all().filter(({ ref }) => ref.aggregate === 'run').map(({ ref }) => ref.id))];
  }

  async automation(id: string): Promise<AutomationState> {
    return (await loadAggregate({ store: this.store, aggregate: automationAggregate }, { ...this.ref(id), aggregate: 'automation' })).state;
  }

  ref(run_id: string): StoredCommit['ref'] {
    return { org_id: 'local', workspace_id: 'local', aggregate: 'run', id: run_id };
  }

  /** The messages of the runner's queue: commits that left a run queued. */
  queued(run_id: string): readonly StoredCommit[] {
    return this.store.all().filter((commit) => commit.ref.id === run_id && commit.status === 'queued');
  }

  async execute(run_id: string, options: { redelivered?: boolean; executor?: RunExecutor; signal?: AbortSignal } = {}): Promise<ConsumerOutcome> {
    const message = this.queued(run_id).at(-1);
    if (message === undefined) throw new Error(`run ${run_id} was never queued`);
    const { executor = this.executor, redelivered = false, signal = new AbortController().signal } = options;
    return await executor.execute(message, { redelivered, signal });
  }

  async fireTimers(): Promise<void> {
    for (const [id, { ref, waitId, dueAtMs }] of [...this.timers]) {
      this.timers.delete(id);
      this.now = Math.max(this.now, dueAtMs + 5);
      await wakeWait({ eventing: this.eventing, definitions: this.definitions, changes: { announce: (runId) => void this.announced.push(runId), listen: () => () => undefined }, timers: this.schedule }, ref, waitId);
    }
  }

  async decide(run_id: string, decision: string): Promise<void> {
    const run = await this.load(run_id);
    const definition = await this.definitions.get(this.ref(run_id), run.workflow_definition_snapshot_hash);
    const result = await executeCommand(this.ref(run_id), {
      eventing: this.eventing, aggregate: runAggregate, context: { actor: human },
      decide: (state, at_ms) => decideRun({ type: 'decide_gate', decision, decided_by: human }, state, { at_ms, definition }),
    });
    if (result.kind !== 'accepted') throw new Error(JSON.stringify(result));
  }

  eventTypes(run_id: string): readonly string[] {
    return this.store.all().filter((commit) => commit.ref.id === run_id).flatMap((commit) => commit.commit.events.map((event) => event.event_type));
  }

  commits(run_id: string): number {
    return this.store.all().filter((commit) => commit.ref.id === run_id).length;
  }
}

const transform = (node_id: string, expression: string, depends_on: readonly string[] = []): Json => ({ node_id, objective: node_id, depends_on, action: { kind: 'transform', expression } });
const post = (node_id: string, extra: Record<string, Json> = {}, depends_on: readonly string[] = []): Json => ({
  node_id, objective: node_id, depends_on, action: { kind: 'http', method: 'POST', url: `http://peer/${node_id}`, ...extra },
});
export const steps = { transform, post };

export const automation = (nodes: readonly Json[], extra: Record<string, Json> = {}): Json => ({ automation_id: 'a', name: 'a', status: 'active', flow: { nodes }, ...extra });
