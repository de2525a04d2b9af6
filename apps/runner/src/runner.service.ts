import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { RunAdmission, RunExecutor, WakeOptions } from '@cs/automation-application';
import type { AutomationStatusCache, Consumers, QueueProgress, RunningConsumer, RunSignals } from '@cs/jetstream';
import { systemClock, type Logger, type RpcClient } from '@cs/platform';
import { setMaxListeners } from 'node:events';
import type { RunnerConfig } from './config.js';
import { runnerConsumers } from './consumers.js';
import { runQueue } from './run-queue.js';
import { pausedAutomations } from './paused-automations.js';
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
  readonly admission: RunAdmission;
  readonly signals: RunSignals;
  readonly queues: QueueProgress;
  readonly rpc: RpcClient;
  readonly logger: Logger;
  readonly automations: AutomationStatusCache;
  /** Closed after the last step. */
  readonly closing: readonly Closing[];
}

/** Starts and stops what the runner listens to. */
export class RunnerService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #parts: RunnerParts;
  readonly #stopping = new AbortController();
  #consumers: readonly RunningConsumer[] = [];
  #sweep: TimerSweep | undefined;
  #supervision: SupervisionSweep | undefined;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  onApplicationBootstrap(): void {
    const { executor, wake, admission, config, consumers, rpc, logger, automations } = this.#parts;
    // Every executing run listens.
    setMaxListeners(0, this.#stopping.signal);
    const queue = runQueue({ executor, eventing: wake.eventing, config, stopping: this.#stopping.signal });
    this.#consumers = [consumers.startTenantQueues(queue), ...[...runnerConsumers({ executor, wake, admission }), pausedAutomations({ ...wake, automations, rpc })].map((definition) => consumers.start(definition))];
    this.#sweep = new TimerSweep({ rpc, wake, logger, clock: systemClock });
    this.#supervision = new SupervisionSweep({ rpc, runs: wake, queues: this.#parts.queues, logger, clock: systemClock });
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#consumers.map((consumer) => consumer.stop()), this.#sweep?.stop(), this.#supervision?.stop()]);
    this.#parts.signals.stop();
    this.#parts.automations.stop();
    await Promise.all(this.#parts.closing.map((part) => part.close()));
  }
}
