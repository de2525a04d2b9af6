import { listDueWaits, localImplicitTenant, type CallContext, type DueWait } from '@cs/contracts';
import { wakeWait, type WakeOptions } from '@cs/automation-application';
import type { Logger, RpcClient } from '@cs/platform';

interface SweepOptions {
  readonly rpc: RpcClient;
  readonly wake: WakeOptions;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly everyMs: number;
  readonly onRepaired: () => void;
}

/** A wait this much overdue was missed by its timer. */
const overdueMs = 2000;
const pageSize = 500;
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'timer-sweep' };

/**
 * The safety net behind the timers: their stream is not flushed to disk on every write, so a power cut
 * can lose one. Open waits that should have ended are found in the projection and ended.
 */
export class TimerSweep {
  readonly #options: SweepOptions;
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#sweeping = this.sweep().catch((error: unknown) => options.logger.warn({ err: error }, 'timer sweep failed'));
    }, options.everyMs);
  }

  /** Ends everything that is overdue, page by page. One wait that cannot be ended does not keep the others. */
  async sweep(): Promise<void> {
    const { rpc, clock } = this.#options;
    const due_before_ms = clock() - overdueMs;
    let after: DueWait | undefined;
    for (;;) {
      const reply = await rpc.call(listDueWaits, { context, payload: { due_before_ms, limit: pageSize, after } });
      if (!reply.ok || this.#stopped) return;
      for (const wait of reply.value.waits) await this.#end(wait);
      if (reply.value.waits.length < pageSize) return;
      after = reply.value.waits.at(-1);
    }
  }

  async #end({ org_id, workspace_id, run_id, wait_id }: DueWait): Promise<void> {
    const { wake, logger, onRepaired } = this.#options;
    if (this.#stopped) return;
    logger.info({ run_id, wait_id }, 'ending an overdue wait');
    try {
      await wakeWait(wake, { org_id, workspace_id, aggregate: 'run', id: run_id }, wait_id);
      onRepaired();
    } catch (error) {
      logger.warn({ err: error, run_id, wait_id }, 'an overdue wait was not ended');
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#sweeping;
  }
}
