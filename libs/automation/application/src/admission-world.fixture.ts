import type { Run } from '@cs/contracts';
import { done, type ConsumerOutcome, type Eventing, type EventStore, type StoredCommit } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { automation, callBy, InMemoryApplication, tenant, valueOf } from './in-memory-application.fixture.js';
import { requestRun } from './request-run.command-handler.js';
import { holdTimerId, RunAdmission } from './run-admission.js';
import { RunExecutor } from './run-executor.js';
import { createAutomation } from './store-automation.command-handler.js';
import type { WakeOptions } from './wait-ending.js';
import { wakeWait } from './wake-wait.command-handler.js';


class Death extends Error {
  override readonly name = 'Death';
}

interface Timer {
  readonly runId: string;
  readonly waitId: string;
  readonly dueAtMs: number;
}

interface Process extends WakeOptions {
  readonly executor: RunExecutor;
  readonly admission: RunAdmission;
  readonly isDead: () => boolean;
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Two runners over the log in memory, which share the deliveries. One that dies takes with it everything it was doing, and is replaced. */
export class AdmissionWorld {
  readonly app = new InMemoryApplication();
  readonly timers = new Map<string, Timer>();
  /** Runs whose step is under way, and the most there ever were at a time. */
  readonly inside = new Set<string>();
  most = 0;
  /** When each run began its step. */
  readonly begun: { readonly runId: string; readonly atMs: number }[] = [];
  writes = 0;
  /** The writer dies just before or just after its write of this number, from 1. */
  death: { readonly at: number; readonly after: boolean } | undefined;
  readonly #handled = new Set<number>();
  readonly #runners = [this.#process(), this.#process()];
  readonly #queued: StoredCommit[] = [];
  #deliveries = 0;

  constructor() {
    const { store } = this.app;
    const append = store.append.bind(store);
    store.append = async (ref, status, commit) => {
      const result = await append(ref, status, commit);
      if (result.kind === 'appended' && ref.aggregate === 'run' && status === 'queued') this.#queued.push({ ref, status, commit, position: result.position, size: 0 });
      return result;
    };
  }

  async define(extra: Record<string, Json>, automation_id = 'refunds', nodes: readonly Json[] = [{ node_id: 'pay', objective: 'pay', action: { kind: 'http', method: 'POST', url: 'http://peer/{{ run.run_id }}' } }]): Promise<void> {
    valueOf(await createAutomation(this.app, callBy(), { ...automation(nodes, extra), automation_id }));
  }

  async start(count: number, automation_id = 'refunds'): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let at = 0; at < count; at += 1) {
      this.app.now += 1;
      ids.push(valueOf(await requestRun(this.app, callBy(), { automation_id })).run.run_id);
    }
    return ids;
  }

  runs(ids: readonly string[]): Promise<readonly Run[]> {
    return Promise.all(ids.map((id) => this.app.run(id)));
  }

  /** Delivers everything there is, at once; what a dead process left comes again. Then fires timers, until nothing happens any more. */
  async drive({ timers = true }: { readonly timers?: boolean } = {}): Promise<void> {
    for (let round = 0; round < 2000; round += 1) {
      const messages = this.#next();
      await Promise.all(messages.map((message) => this.deliver(message)));
      if (messages.length === 0 && !(timers && (await this.#fireNext()))) return;
    }
    throw new Error('it does not come to rest');
  }

  async deliver(message: StoredCommit): Promise<void> {
    this.#handled.add(message.position);
    await this.#insist((process, redelivered) => process.executor.execute(message, { redelivered, signal: new AbortController().signal }));
  }

  #next(): readonly StoredCommit[] {
    return this.#queued.splice(0).filter(({ position }) => !this.#handled.has(position));
  }

  async #fireNext(): Promise<boolean> {
    const [next] = [...this.timers.values()].sort((a, b) => a.dueAtMs - b.dueAtMs);
    if (next === undefined) return false;
    const { runId, waitId, dueAtMs } = next;
    this.timers.delete(`${runId} ${waitId}`);
    this.app.now = Math.max(this.app.now, dueAtMs);
    const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: runId } as const;
    await this.#insist((process) => (waitId === holdTimerId ? process.admission.recheck(ref) : wakeWait(process, ref, waitId)));
    return true;
  }

  async #insist(handle: (process: Process, redelivered: boolean) => Promise<ConsumerOutcome>): Promise<void> {
    for (let delivery = 1; delivery <= 20; delivery += 1) {
      try {
        const outcome = await handle(this.#runner(), delivery > 1);
        if (outcome.kind === done.kind) return;
      } catch (error) {
        if (!(error instanceof Death)) throw error;
      }
    }
    throw new Error('the message cannot be handled');
  }

  #runner(): Process {
    this.#deliveries += 1;
    const at = this.#deliveries % this.#runners.length;
    const runner = this.#runners[at];
    if (runner !== undefined && !runner.isDead()) return runner;
    return (this.#runners[at] = this.#process());
  }

  #process(): Process {
    const { app } = this;
    let isDead = false;
    const alive = (): void => {
      if (isDead) throw new Death();
    };
    const append: EventStore['append'] = async (...commit) => {
      alive();
      this.writes += 1;
      isDead = isDead || this.death?.at === this.writes;
      if (this.death?.at === this.writes && !this.death.after) throw new Death();
      const result = await app.store.append(...commit);
      alive();
      return result;
    };
    const store: EventStore = { last: (ref) => (alive(), app.store.last(ref)), at: (position) => (alive(), app.store.at(position)), append };
    const eventing: Eventing = { ...app.eventing, store };
    const timers = { schedule: async (ref: { readonly id: string }, waitId: string, dueAtMs: number) => (alive(), void this.timers.set(`${ref.id} ${waitId}`, { runId: ref.id, waitId, dueAtMs })) };
    const changes = { announce: () => undefined, listen: () => () => undefined };
    const { definitions, evaluator, newId } = app;
    const admission = new RunAdmission({ eventing, definitions, timers });
    const executor = new RunExecutor({
      eventing, definitions, evaluator, newId, admission, timers, changes, claimantId: 'runner', leaseMs: 15_000, secrets: new Map<string, string>(),
      http: { run: (step) => this.#work(step.url.split('/').at(-1) ?? '') },
    });
    return { executor, admission, eventing, definitions, timers, changes, isDead: () => isDead };
  }

  async #work(runId: string) {
    this.inside.add(runId);
    this.most = Math.max(this.most, this.inside.size);
    this.begun.push({ runId, atMs: this.app.now });
    for (let turn = 0; turn < 8; turn += 1) await turnOfLoop();
    this.inside.delete(runId);
    return { kind: 'succeeded', output: 1 } as const;
  }
}
