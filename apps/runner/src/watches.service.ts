import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { evaluateWatch, type WatchOptions } from '@cs/automation-application';
import { listWatchTargets, localImplicitTenant, type CallContext } from '@cs/contracts';
import type { Consumers, RunningConsumer } from '@cs/jetstream';
import type { Logger, RpcClient } from '@cs/platform';
import { Periodic } from './periodic.js';
import { automationRef } from './schedule-consumers.js';
import { watchConsumers } from './watch-consumers.js';

export interface WatchesParts {
  readonly consumers: Consumers;
  readonly options: WatchOptions;
  readonly rpc: RpcClient;
  readonly logger: Logger;
  readonly sweepEveryMs: number;
}

const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'watch-sweep' };

/** Starts and stops what looks after watch conditions. The sweep finds what no event led to, such as a run that stopped for a signature. */
export class WatchesService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #parts: WatchesParts;
  #consumers: readonly RunningConsumer[] = [];
  #sweep: Periodic | undefined;

  constructor(parts: WatchesParts) {
    this.#parts = parts;
  }

  onApplicationBootstrap(): void {
    const { consumers, options, logger, sweepEveryMs } = this.#parts;
    this.#consumers = watchConsumers(options).map((definition) => consumers.start(definition));
    this.#sweep = new Periodic({ everyMs: sweepEveryMs, call: () => this.sweep(), onError: (error) => logger.warn({ err: error }, 'watch sweep failed') });
  }

  async sweep(): Promise<void> {
    const { rpc, options } = this.#parts;
    const reply = await rpc.call(listWatchTargets, { context, payload: {} });
    if (!reply.ok) return;
    for (const target of reply.value.targets) await evaluateWatch(options, automationRef(target), { position: 0 });
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.#consumers.map((consumer) => consumer.stop()), this.#sweep?.stop()]);
  }
}
