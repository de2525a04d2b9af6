import { examineHeld, type ChildRepair, type HeldRunsOptions } from '@cs/automation-application';
import { listChildWaits, listHeldRuns, listOrphanRuns, localImplicitTenant, type AggregateRef, type CallContext, type SweepKey, type SweptRun, type SweptWait } from '@cs/contracts';
import type { Logger, RpcClient } from '@cs/platform';
import { Periodic } from './periodic.js';
import type { Repair } from './runner-metrics.js';

export interface RepairSweepOptions {
  readonly rpc: RpcClient;
  readonly held: HeldRunsOptions;
  readonly children: ChildRepair;
  readonly onRepaired: (kind: Repair) => void;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly clock: () => number;
  readonly everyMs: number;
}

const kinds = ['held_run', 'child_wait', 'orphan_run'] as const;
type Kind = (typeof kinds)[number];
type Swept = SweptRun | SweptWait;

const methods = { held_run: listHeldRuns, child_wait: listChildWaits, orphan_run: listOrphanRuns } as const;

const pageSize = 200;
/** A sweep looks at so many pages of a kind at most; the next one goes on behind them. */
const maxPages = 5;
/** What is younger than two sweeps is on its way. */
const quietSweeps = 2;
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'repair-sweep' };

/**
 * The safety net behind the messages between runs, and from what runs share to those that are held. The
 * projection only names candidates; each is decided on its log, under the append.
 */
export class RepairSweep {
  readonly #options: RepairSweepOptions;
  readonly #periodic: Periodic;
  readonly #after: Partial<Record<Kind, SweepKey>> = {};
  #stopped = false;

  constructor(options: RepairSweepOptions) {
    this.#options = options;
    this.#periodic = new Periodic({ everyMs: options.everyMs, call: () => this.sweep(), onError: (err) => options.logger.warn({ err }, 'repair sweep failed') });
  }

  async sweep(): Promise<void> {
    for (const kind of kinds) await this.#sweepKind(kind);
  }

  async #sweepKind(kind: Kind): Promise<void> {
    const { rpc, clock, everyMs } = this.#options;
    for (let page = 0; page < maxPages && !this.#stopped; page += 1) {
      const reply = await rpc.call(methods[kind], { context, payload: { before_ms: clock() - quietSweeps * everyMs, limit: pageSize, after: this.#after[kind] } });
      if (!reply.ok) return;
      for (const item of reply.value.items) await this.#repair(kind, item);
      const { next } = reply.value;
      if (next === undefined) {
        delete this.#after[kind];
        return;
      }
      this.#after[kind] = next;
    }
  }

  async #repair(kind: Kind, item: Swept): Promise<void> {
    const { logger, onRepaired } = this.#options;
    if (this.#stopped) return;
    try {
      if (!(await this.#examine(kind, item))) return;
      onRepaired(kind);
      logger.info({ run_id: item.run_id, kind }, 'a sweep did what a lost message would have led to');
    } catch (err) {
      // One run that cannot be judged does not keep the others from it.
      logger.warn({ err, run_id: item.run_id, kind }, 'a run could not be repaired');
    }
  }

  #examine(kind: Kind, item: Swept): Promise<boolean> {
    const { held, children } = this.#options;
    const ref: AggregateRef = { org_id: item.org_id, workspace_id: item.workspace_id, aggregate: 'run', id: item.run_id };
    if (kind === 'held_run') return examineHeld(held, ref);
    return kind === 'orphan_run' ? children.cancelOrphan(ref) : children.endWait(ref, 'wait_id' in item ? item.wait_id : '');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#periodic.stop();
  }
}
