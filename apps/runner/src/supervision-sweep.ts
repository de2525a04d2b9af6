import { listWatchedRuns, localImplicitTenant, type AggregateRef, type CallContext, type WatchedRun } from '@cs/contracts';
import { superviseRun, type SupervisionOptions } from '@cs/automation-application';
import type { QueueProgress } from '@cs/jetstream';
import type { Logger, RpcClient } from '@cs/platform';
import { Periodic } from './periodic.js';

interface SweepOptions {
  readonly rpc: RpcClient;
  readonly runs: SupervisionOptions;
  readonly queues: Pick<QueueProgress, 'settledThrough'>;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly onRepaired: () => void;
}

const minute = 60_000;
const everyMs = 30_000;
const staleAfterMs = 10 * minute;
/** What is queued or pausing for less is on its way. */
const quietAfterMs = minute;
const resumeWithinMs = 20 * minute;
const pageSize = 200;
/** A sweep looks at so many runs at most; the next one goes on behind them. */
const maxPages = 25;
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'supervision-sweep' };

type Commands = Readonly<Record<string, (run: WatchedRun) => Parameters<typeof superviseRun>[2]>>;

/** What is done to a run of each status; the run itself decides whether it needs it. */
const commands: Commands = {
  running: () => ({ type: 'reap_stale' }),
  pausing: () => ({ type: 'settle_pausing_on_restart', quiet_ms: quietAfterMs }),
  paused: () => ({ type: 'auto_resume' }),
  queued: ({ version }) => ({ type: 'renew_queue_message', version }),
};

/**
 * Looks after runs in which nothing happens. The projection only names candidates; each is decided on
 * its log, under the append. A queued run counts as lost when the queue of its tenant is past its
 * message: one that only waits its turn, however long, is left alone.
 */
export class SupervisionSweep {
  readonly #options: SweepOptions;
  readonly #periodic: Periodic;
  #after: { readonly created_at_ms: number; readonly run_id: string } | undefined;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#periodic = new Periodic({ everyMs, call: () => this.sweep(), onError: (err) => options.logger.warn({ err }, 'supervision sweep failed') });
  }

  async sweep(): Promise<void> {
    const settled = new Map<string, Promise<number | undefined>>();
    for (let page = 0; page < maxPages; page += 1) {
      const runs = await this.#page();
      // The next sweep asks for this page again.
      if (runs === undefined) return;
      for (const run of runs) await this.#look(run, settled);
      const last = runs.at(-1);
      this.#after = runs.length < pageSize || last === undefined ? undefined : { created_at_ms: last.created_at_ms, run_id: last.run_id };
      if (this.#after === undefined) return;
    }
  }

  async #page(): Promise<readonly WatchedRun[] | undefined> {
    const { rpc, clock } = this.#options;
    const now = clock();
    const payload = { running_before_ms: now - staleAfterMs, queued_before_ms: now - quietAfterMs, paused_after_ms: Math.max(0, now - resumeWithinMs), limit: pageSize, after: this.#after };
    const reply = await rpc.call(listWatchedRuns, { context, payload });
    return reply.ok ? reply.value.runs : undefined;
  }

  async #look(run: WatchedRun, settled: Map<string, Promise<number | undefined>>): Promise<void> {
    const { runs, logger, onRepaired } = this.#options;
    try {
      const command = commands[run.stateful_status]?.(run);
      if (command === undefined || (run.stateful_status === 'queued' && !(await this.#isLost(run, settled)))) return;
      const ref: AggregateRef = { org_id: run.org_id, workspace_id: run.workspace_id, aggregate: 'run', id: run.run_id };
      if (!(await superviseRun(runs, ref, command))) return;
      onRepaired();
      logger.warn({ run_id: run.run_id, command: command.type }, 'supervision changed a run');
    } catch (err) {
      // One run that cannot be judged does not keep the others from it.
      logger.warn({ err, run_id: run.run_id }, 'a run could not be supervised');
    }
  }

  async #isLost(run: WatchedRun, settled: Map<string, Promise<number | undefined>>): Promise<boolean> {
    const key = `${run.org_id}.${run.workspace_id}`;
    const known = settled.get(key) ?? this.#options.queues.settledThrough(run);
    settled.set(key, known);
    const position = await known;
    return position !== undefined && run.position <= position;
  }

  async stop(): Promise<void> {
    await this.#periodic.stop();
  }
}
