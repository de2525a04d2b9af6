import { appendEvents, loadAggregate, type ConsumerOutcome, type StoredCommit } from '@cs/eventing';
import type { AutomationDefinition } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { pauseWithAutomation } from './automation-pause.js';
import { automation, callBy, InMemoryApplication, tenant, valueOf } from './in-memory-application.fixture.js';
import { requestRun } from './request-run.command-handler.js';
import { runAggregate } from './run.aggregate.js';
import { RunExecutor, type RunExecutorOptions } from './run-executor.js';
import type { HttpStep, HttpStepRunner, StepOutcome } from './step-runner.port.js';
import { createAutomation } from './store-automation.command-handler.js';
import type { Timers } from './timers.port.js';
import { wakeWait } from './wake-wait.command-handler.js';

/** Executes runs over the log in memory; what steps answer, and when timers fire, is up to the test. */
export class InMemoryExecution implements HttpStepRunner {
  readonly app = new InMemoryApplication();
  readonly sent: HttpStep[] = [];
  readonly timers = new Map<string, number>();
  readonly schedule: Timers = { schedule: (_ref, waitId, dueAtMs) => Promise.resolve(void this.timers.set(waitId, dueAtMs)) };
  answer: (step: HttpStep) => StepOutcome | Promise<StepOutcome> = () => ({ kind: 'succeeded', output: 1 });

  async run(step: HttpStep): Promise<StepOutcome> {
    this.sent.push(step);
    return await this.answer(step);
  }

  executor(claimantId: string, options: Partial<RunExecutorOptions> = {}): RunExecutor {
    const { eventing, definitions, evaluator, newId } = this.app;
    return new RunExecutor({
      eventing, definitions, evaluator, http: this, newId, claimantId, leaseMs: 15_000, secrets: new Map<string, string>(),
      timers: this.schedule,
      changes: { announce: () => undefined, listen: () => () => undefined },
      ...options,
    });
  }

  async start(flow: readonly Json[]): Promise<string> {
    valueOf(await createAutomation(this.app, callBy(), automation(flow)));
    return await this.request();
  }

  /** A run of a definition that no release would have stored. */
  async startDamaged(definition: AutomationDefinition): Promise<string> {
    valueOf(await createAutomation(this.app, callBy(), automation([{ node_id: 'a', objective: 'a', action: { kind: 'transform', expression: '1' } }])));
    this.app.definitions.get = () => Promise.resolve(definition);
    return await this.request();
  }

  /** Messages of the runners' queue, oldest first. */
  messages(run_id: string): readonly StoredCommit[] {
    return this.app.store.all().filter(({ ref, status }) => ref.id === run_id && status === 'queued');
  }

  async execute(message: StoredCommit | undefined, { by = 'runner-1', redelivered = false }: { by?: string; redelivered?: boolean } = {}): Promise<ConsumerOutcome> {
    if (message === undefined) throw new Error('no message');
    return await this.executor(by).execute(message, { redelivered, signal: new AbortController().signal });
  }

  async fireTimers(run_id: string): Promise<void> {
    const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id } as const;
    for (const [waitId, due] of [...this.timers]) {
      this.timers.delete(waitId);
      this.app.now = Math.max(this.app.now, due);
      await wakeWait({ eventing: this.app.eventing, definitions: this.app.definitions, changes: { announce: () => undefined, listen: () => () => undefined }, timers: this.schedule }, ref, waitId);
    }
  }

  /** What another writer may do to a run at any time. */
  async completeByHand(run_id: string, node_id: string): Promise<void> {
    const { eventing, now } = this.app;
    const loaded = await loadAggregate({ store: eventing.store, aggregate: runAggregate }, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id });
    const output = { status: 'completed', contract_kind: 'http', content: 'by hand', created_at_ms: now } as const;
    await appendEvents({ eventing, aggregate: runAggregate }, loaded, { events: [{ event_type: 'node_completed', data: { node_id, attempt: 0, output } }], context: { at_ms: now + 1 } });
  }

  /** Time passes until claims of now have expired. */
  expireClaims(): void {
    this.app.now += 20_000;
  }

  /** Tells a run that executes to pause, as the pause of its automation does; its runner does not hear of it. */
  async requestPause(run_id: string): Promise<void> {
    const { eventing, definitions } = this.app;
    const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id } as const;
    const { automation_id, workflow_definition_snapshot_hash } = await this.app.run(run_id);
    await pauseWithAutomation({ eventing, definitions, changes: { announce: () => undefined, listen: () => () => undefined } }, { ref, automation_id, definition: await definitions.get(ref, workflow_definition_snapshot_hash) });
  }

  async request(): Promise<string> {
    return valueOf(await requestRun(this.app, callBy(), { automation_id: 'refunds' })).run.run_id;
  }
}

export const eventually = async (condition: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 1000 && !condition(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
  if (!condition()) throw new Error('the condition did not come true');
};
