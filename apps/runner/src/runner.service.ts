import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { RunExecutor, WakeOptions } from '@cs/automation-application';
import { CONSUMERS, type Consumers, type RunningConsumer, type RunSignals } from '@cs/jetstream';
import { LOGGER, RPC_CLIENT, systemClock, type Logger, type RpcClient } from '@cs/platform';
import { setMaxListeners } from 'node:events';
import type { RunnerConfig } from './config.js';
import { runnerConsumers } from './consumers.js';
import { TimerSweep } from './timer-sweep.js';
import { CLOSING, RUN_EXECUTOR, RUN_SIGNALS, RUNNER_OPTIONS, WAKE_OPTIONS } from './tokens.js';

/** Holds connections or threads that outlive single steps. */
export interface Closing {
  close(): Promise<void>;
}

/** Starts and stops what the runner listens to. */
@Injectable()
export class RunnerService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #stopping = new AbortController();
  #consumers: readonly RunningConsumer[] = [];
  #sweep: TimerSweep | undefined;

  constructor(
    @Inject(CONSUMERS) private readonly consumers: Consumers,
    @Inject(RUN_EXECUTOR) private readonly executor: RunExecutor,
    @Inject(WAKE_OPTIONS) private readonly wake: WakeOptions,
    @Inject(RUN_SIGNALS) private readonly signals: RunSignals,
    @Inject(RUNNER_OPTIONS) private readonly config: RunnerConfig,
    @Inject(RPC_CLIENT) private readonly rpc: RpcClient,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CLOSING) private readonly closing: readonly Closing[],
  ) {}

  onApplicationBootstrap(): void {
    // Every executing run listens.
    setMaxListeners(0, this.#stopping.signal);
    const { executor, wake, config } = this;
    const definitions = runnerConsumers({ executor, wake, leaseMs: config.RUNNER_LEASE_MS, maxRuns: config.RUNNER_MAX_RUNS, stopping: this.#stopping.signal });
    this.#consumers = definitions.map((definition) => this.consumers.start(definition));
    this.#sweep = new TimerSweep({ rpc: this.rpc, wake, logger: this.logger, clock: systemClock });
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#consumers.map((consumer) => consumer.stop()), this.#sweep?.stop()]);
    this.signals.stop();
    await Promise.all(this.closing.map((part) => part.close()));
  }
}
