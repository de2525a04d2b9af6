import { createHash, randomUUID } from 'node:crypto';
import { createAutomation, DefinitionLibrary, requestRun, runAggregate, RunExecutor, type HttpStep, type HttpStepRunner, type AutomationStatuses, type OperatorOptions, type RunExecutorOptions, type StepOutcome } from '@cs/automation-application';
import { localImplicitTenant, type AggregateRef, type CallContext, type Run } from '@cs/contracts';
import { loadAggregate, type Eventing } from '@cs/eventing';
import { connectNats, Consumers, ensureStreams, JetStreamEventStore, RunSignals, TimerSchedule, type RunningConsumer } from '@cs/jetstream';
import { toPosition, type Json, type Result } from '@cs/kernel';
import { JsonataEvaluator } from '@cs/step-runners';
import { eventually, startTestNats, type TestNats } from '@cs/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import { runQueue } from './run-queue.js';

export const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'human', actor_id: 'ada' }, correlation_id: 'test' };

const valueOf = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};

/** The outside: does an effect once for each key, or each time where there is none, and answers unless it hangs. */
export class Peer implements HttpStepRunner {
  readonly sent: HttpStep[] = [];
  /** How often each effect was done, by address and key. */
  readonly done = new Map<string, number>();
  hangs = false;
  /** What it takes to answer, beside what the process has to do. */
  takesMs = 0;
  /** Steps that wait for an answer. */
  hanging = 0;

  async run(step: HttpStep, signal: AbortSignal): Promise<StepOutcome> {
    this.sent.push(step);
    const effect = `${step.url} ${step.idempotency?.key ?? ''}`;
    const times = this.done.get(effect) ?? 0;
    if (step.idempotency === undefined || times === 0) this.done.set(effect, times + 1);
    if (!this.hangs) return this.#answerLate(signal);
    this.hanging += 1;
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
    this.hanging -= 1;
    return { kind: 'aborted' };
  }

  async #answerLate(signal: AbortSignal): Promise<StepOutcome> {
    for (const end = performance.now() + this.takesMs; performance.now() < end && !signal.aborted; ) await new Promise((resolve) => setImmediate(resolve));
    return signal.aborted ? { kind: 'aborted' } : { kind: 'succeeded', output: 'paid' };
  }

  sentTo(part: string): readonly HttpStep[] {
    return this.sent.filter(({ url }) => url.includes(part));
  }

  /** Times that an effect of this address was done, over all keys. */
  timesDone(part: string): number {
    return [...this.done].filter(([effect]) => effect.includes(part)).reduce((sum, [, times]) => sum + times, 0);
  }
}

/** A runner that takes its queue, and an operator elsewhere: each with a connection of its own to a real log. */
export class RealLogRunner {
  readonly peer = new Peer();
  readonly #connections: NatsConnection[] = [];
  readonly #evaluator = new JsonataEvaluator();
  readonly #signals: RunSignals[] = [];
  readonly #stopping = new AbortController();
  #nats: TestNats | undefined;
  #queue: RunningConsumer | undefined;
  #executor: RunExecutor | undefined;
  #operator: OperatorOptions | undefined;

  /** `deaf`: the runner asks whether its runs may execute, but hears of no change of an automation. */
  static async start({ deaf = false }: { readonly deaf?: boolean } = {}): Promise<RealLogRunner> {
    const world = new RealLogRunner();
    world.#nats = await startTestNats({ syncInterval: '2m' });
    const nc = await world.#connect();
    await ensureStreams(nc);
    world.#startRunner(nc, deaf);
    const parts = world.#parts(await world.#connect());
    world.#operator = { ...parts, evaluator: world.#evaluator };
    return world;
  }

  get operator(): OperatorOptions {
    if (this.#operator === undefined) throw new Error('not started');
    return this.#operator;
  }

  /** Runs that the runner executes right now. */
  get executing(): number {
    return this.#executor?.executing ?? 0;
  }

  async define(definition: Json): Promise<void> {
    valueOf(await createAutomation(this.operator, context, definition));
  }

  async request(automation_id: string): Promise<string> {
    return valueOf(await requestRun({ ...this.operator, newId: randomUUID }, context, { automation_id, input: {} })).run.run_id;
  }

  async load(run_id: string): Promise<Run> {
    const ref: AggregateRef = { org_id: 'local', workspace_id: 'local', aggregate: 'run', id: run_id };
    const { state } = await loadAggregate({ store: this.operator.eventing.store, aggregate: runAggregate }, ref);
    if (state === undefined) throw new Error(`no run ${run_id}`);
    return state;
  }

  /** Position of the commit that first claimed the run, if it was ever claimed. */
  async claimPosition(run_id: string): Promise<number | undefined> {
    const { store } = this.operator.eventing;
    let commit = await store.last({ org_id: 'local', workspace_id: 'local', aggregate: 'run', id: run_id });
    let claimed: number | undefined;
    while (commit !== undefined) {
      if (commit.commit.events.some(({ event_type }) => event_type === 'run_execution_claimed')) claimed = commit.position;
      commit = commit.commit.previous === 0 ? undefined : await store.at(toPosition(commit.commit.previous));
    }
    return claimed;
  }

  /** The run once it has this status, and nothing of it executes any more. */
  async settled(run_id: string, ...statuses: readonly Run['status'][]): Promise<Run> {
    return await eventually(async () => {
      const run = await this.load(run_id);
      return this.executing === 0 && statuses.includes(run.status) ? run : undefined;
    }, { timeoutMs: 20_000, intervalMs: 5 });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#queue?.stop();
    for (const signals of this.#signals) signals.stop();
    await this.#evaluator.close();
    await Promise.all(this.#connections.map((nc) => nc.close()));
    await this.#nats?.stop();
  }

  async #connect(): Promise<NatsConnection> {
    const nc = await connectNats({ url: this.#nats?.url ?? '', name: 'test' });
    this.#connections.push(nc);
    return nc;
  }

  #parts(nc: NatsConnection): Pick<RunExecutorOptions, 'eventing' | 'definitions' | 'changes'> {
    const eventing: Eventing = { store: new JetStreamEventStore(nc), clock: Date.now, digest: (text) => createHash('sha256').update(text).digest('hex') };
    const changes = new RunSignals(nc);
    this.#signals.push(changes);
    return { eventing, changes, definitions: new DefinitionLibrary(eventing) };
  }

  #startRunner(nc: NatsConnection, deaf: boolean): void {
    const parts = this.#parts(nc);
    const automations: AutomationStatuses = { statusOf: () => Promise.resolve('active'), readStatus: async (tenant, id) => (await parts.eventing.store.last({ ...tenant, aggregate: 'automation', id }))?.status ?? 'absent' };
    this.#executor = new RunExecutor({ ...parts, ...(deaf ? { automations } : {}), evaluator: this.#evaluator, http: this.peer, secrets: new Map(), timers: new TimerSchedule(nc), newId: randomUUID, claimantId: 'runner-1', leaseMs: 2000 });
    const consumers = new Consumers({ nc, eventing: parts.eventing, onError: () => undefined });
    this.#queue = consumers.startTenantQueues(
      runQueue({ executor: this.#executor, eventing: parts.eventing, config: { RUNNER_LEASE_MS: 2000, RUNNER_MAX_RUNS: 16, RUNNER_MAX_RUNS_PER_TENANT: undefined }, stopping: this.#stopping.signal }),
    );
  }
}
