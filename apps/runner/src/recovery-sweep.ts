import { listRetryDue, localImplicitTenant, type AggregateRef, type CallContext, type RetryDue } from '@cs/contracts';
import { executeCompensation, superviseRun, type CompensationOptions, type SupervisionOptions } from '@cs/automation-application';
import type { Logger, RpcClient } from '@cs/platform';
import { Periodic } from './periodic.js';

interface SweepOptions {
  readonly rpc: RpcClient;
  readonly runs: SupervisionOptions;
  readonly compensations: CompensationOptions;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly everyMs: number;
  readonly onRepaired: () => void;
}

const pageSize = 200;
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'recovery-sweep' };

/** Shortest time between two looks: back-offs begin with a second. */
const shortestMs = 1000;

/**
 * Dispatches retries of dead letters that are due, and executes compensations that were approved and that
 * nobody executes. The projection only names candidates; each is decided on the log, under the append.
 */
export class RecoverySweep {
  readonly #options: SweepOptions;
  readonly #periodic: Periodic;
  readonly #stopping = new AbortController();

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#periodic = new Periodic({ everyMs: Math.min(options.everyMs, 2 * shortestMs), call: () => this.sweep(), onError: (err) => options.logger.warn({ err }, 'recovery sweep failed') });
  }

  async sweep(): Promise<void> {
    const due_before_ms = this.#options.clock();
    let after: RetryDue | undefined;
    for (;;) {
      const reply = await this.#options.rpc.call(listRetryDue, { context, payload: { due_before_ms, limit: pageSize, after } });
      if (!reply.ok || this.#stopping.signal.aborted) return;
      await Promise.all(reply.value.due.map((due) => this.#do(due)));
      if (reply.value.due.length < pageSize) return;
      after = reply.value.due.at(-1);
    }
  }

  async #do({ org_id, workspace_id, run_id, kind, id }: RetryDue): Promise<void> {
    const { runs, compensations, logger, onRepaired } = this.#options;
    const ref: AggregateRef = { org_id, workspace_id, aggregate: 'run', id: run_id };
    try {
      const done = kind === 'dead_letter' ? await superviseRun(runs, ref, { type: 'dispatch_retry', dead_letter_id: id }) : await executeCompensation(compensations, ref, { compensation_id: id, signal: this.#stopping.signal });
      if (done) onRepaired();
    } catch (err) {
      // One that cannot be judged does not keep the others from it.
      logger.warn({ err, run_id, kind, id }, 'recovery could not do what is due');
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#periodic.stop();
  }
}
