import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { CompensationOptions, RunAdmission, RunExecutor, WakeOptions } from '@cs/automation-application';
import { Precedence, type AutomationStatusCache, type Consumers, type QueueProgress, type RunningConsumer, type RunSignals } from '@cs/jetstream';
import { systemClock, type Logger, type RpcClient } from '@cs/platform';
import { setMaxListeners } from 'node:events';
import type { RunnerConfig } from './config.js';
import { runnerConsumers } from './consumers.js';
import { runQueue } from './run-queue.js';
import { governanceConsumers } from './governance-consumers.js';
import { GovernanceSweep } from './governance-sweep.js';
import { pausedAutomations } from './paused-automations.js';
import { RecoverySweep } from './recovery-sweep.js';
import { RepairSweep } from './repair-sweep.js';
import type { RunnerMetrics } from './runner-metrics.js';
import { SupervisionSweep } from './supervision-sweep.js';
import { TimerSweep } from './timer-sweep.js';

/** Holds connections or threads that outlive single steps. */
export interface Closing {
  close(): Promise<void>;
}

export interface RunnerParts {
  readonly config: RunnerConfig;
  readonly consumers: Consumers;
  readonly executor: RunExecutor;
  readonly wake: WakeOptions;
  readonly compensations: CompensationOptions;
  readonly admission: RunAdmission;
  readonly signals: RunSignals;
  readonly queues: QueueProgress;
  readonly rpc: RpcClient;
  readonly logger: Logger;
  readonly automations: AutomationStatusCache;
  readonly metrics: RunnerMetrics;
  /** Closed after the last step. */
  readonly closing: readonly Closing[];
}

/** Fewer timers than this at a time delay nobody; more of them are through in about a second. */
const timersFirst = { burst: 16, longestMs: 2000 } as const;

/** Starts and stops what the runner listens to. */
export class RunnerService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #parts: RunnerParts;
  readonly #stopping = new AbortController();
  #consumers: readonly RunningConsumer[] = [];
  #sweeps: readonly { stop(): Promise<void> }[] = [];

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  onApplicationBootstrap(): void {
    const { executor, wake, admission, config, consumers, rpc, automations, metrics } = this.#parts;
    // Every executing run listens.
    setMaxListeners(0, this.#stopping.signal);
    const precedence = new Precedence(timersFirst);
    const queue = runQueue({ executor, eventing: wake.eventing, config, precedence, stopping: this.#stopping.signal });
    this.#consumers = [consumers.startTenantQueues(queue), ...[...runnerConsumers({ executor, wake, admission, metrics, precedence, stopping: this.#stopping.signal }), pausedAutomations({ ...wake, automations, rpc }), ...governanceConsumers({ ...wake, automations, rpc })].map((definition) => consumers.start(definition))];
    this.#consumers = [...this.#consumers, consumers.startRetries('runner')];
    metrics.watch({ slots: config.RUNNER_MAX_RUNS, executing: () => executor.executing });
    this.#sweeps = this.#startSweeps();
  }

  #startSweeps(): readonly { stop(): Promise<void> }[] {
    const { config, executor, wake, compensations, admission, automations, queues, rpc, logger, metrics } = this.#parts;
    const shared = { rpc, logger, clock: systemClock, everyMs: config.RUNNER_SWEEP_MS };
    return [
      new TimerSweep({ ...shared, wake, onRepaired: () => metrics.repaired('wait') }),
      new RecoverySweep({ ...shared, runs: wake, compensations, onRepaired: () => metrics.repaired('recovery') }),
      new SupervisionSweep({ ...shared, runs: wake, queues, onRepaired: () => metrics.repaired('supervised_run') }),
      new RepairSweep({ ...shared, held: { ...wake, automations, admission }, children: executor.childRepair, onRepaired: (kind) => metrics.repaired(kind) }),
      new GovernanceSweep({ ...shared, eventing: wake.eventing }),
    ];
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#consumers.map((consumer) => consumer.stop()), ...this.#sweeps.map((sweep) => sweep.stop())]);
    this.#parts.signals.stop();
    this.#parts.automations.stop();
    await Promise.all(this.#parts.closing.map((part) => part.close()));
  }
}
