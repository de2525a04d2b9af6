import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { evaluateWatch, type WatchOptions } from '@cs/automation-application';
import { listWatchTargets, localImplicitTenant, type CallContext, type WatchTarget } from '@cs/contracts';
import type { Consumers, RunningConsumer } from '@cs/jetstream';
import type { Logger, RpcClient } from '@cs/platform';
import { Periodic } from './periodic.js';
import { automationRef } from './schedule-consumers.js';
import { watchConsumers } from './watch-consumers.js';

export interface WatchesParts {
  readonly consumers: Pick<Consumers, 'start'>;
  readonly options: WatchOptions;
  readonly rpc: Pick<RpcClient, 'call'>;
  readonly logger: Pick<Logger, 'warn'>;
  readonly sweepEveryMs: number;
}

const pageSize = 200;
/** A sweep looks at so many pages at most; the next one goes on behind them. */
const maxPages = 25;
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'watch-sweep' };

/** Starts and stops what looks after watch conditions. The sweep finds what no event led to, such as a run that stopped for a signature. */
export class WatchesService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #parts: WatchesParts;
  #consumers: readonly RunningConsumer[] = [];
  #sweep: Periodic | undefined;
  #after: WatchTarget | undefined;

  constructor(parts: WatchesParts) {
    this.#parts = parts;
  }

  onApplicationBootstrap(): void {
    const { consumers, options, logger, sweepEveryMs } = this.#parts;
    this.#consumers = watchConsumers(options).map((definition) => consumers.start(definition));
    this.#sweep = new Periodic({ everyMs: sweepEveryMs, call: () => this.sweep(), onError: (error) => logger.warn({ err: error }, 'watch sweep failed') });
  }

  async sweep(): Promise<void> {
    for (let page = 0; page < maxPages; page += 1) {
      const reply = await this.#parts.rpc.call(listWatchTargets, { context, payload: { limit: pageSize, after: this.#after } });
      if (!reply.ok) return;
      const { targets } = reply.value;
      for (const target of targets) await this.#look(target);
      this.#after = targets.length < pageSize ? undefined : targets.at(-1);
      if (this.#after === undefined) return;
    }
  }

  /** One that cannot be looked at does not keep the others from it. */
  async #look(target: WatchTarget): Promise<void> {
    const { options, logger } = this.#parts;
    try {
      await evaluateWatch(options, automationRef(target), { position: 0 });
    } catch (err) {
      logger.warn({ err, automation_id: target.automation_id }, 'a watch condition could not be looked at');
    }
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.#consumers.map((consumer) => consumer.stop()), this.#sweep?.stop()]);
  }
}
