import { listDueWaits, localImplicitTenant, type CallContext } from '@cs/contracts';
import { wakeWait, type WakeOptions } from '@cs/automation-application';
import type { Logger, RpcClient } from '@cs/platform';

interface SweepOptions {
  readonly rpc: RpcClient;
  readonly wake: WakeOptions;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** A wait this much overdue was missed by its timer. */
const overdueMs = 2000;
const intervalMs = 15_000;
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'timer-sweep' };

/**
 * The safety net behind the timers: their stream is not flushed to disk on every write, so a power cut
 * can lose one. Open waits that should have ended are found in the projection and ended.
 */
export class TimerSweep {
  readonly #options: SweepOptions;
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#sweeping = this.sweep().catch((error: unknown) => options.logger.warn({ err: error }, 'timer sweep failed'));
    }, intervalMs);
  }

  async sweep(): Promise<void> {
    const { rpc, wake, logger, clock } = this.#options;
    const reply = await rpc.call(listDueWaits, { context, payload: { due_before_ms: clock() - overdueMs, limit: 500 } });
    if (!reply.ok) return;
    for (const { org_id, workspace_id, run_id, wait_id } of reply.value.waits) {
      logger.info({ run_id, wait_id }, 'ending an overdue wait');
      await wakeWait(wake, { org_id, workspace_id, aggregate: 'run', id: run_id }, wait_id);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }
}
