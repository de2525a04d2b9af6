import type { RunMeter, TakenUp } from '@cs/automation-application';
import type { HoldReason } from '@cs/contracts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What sweeps repair, each when a message about it was lost. */
export type Repair = 'wait' | 'schedule' | 'held_run' | 'child_wait' | 'orphan_run' | 'supervised_run' | 'recovery';

/** What operators see of a runner. */
export class RunnerMetrics implements RunMeter {
  readonly #claims: Counter;
  readonly #holds: Counter;
  readonly #queued: Histogram;
  readonly #lateness: Histogram;
  readonly #scheduleLateness: Histogram;
  readonly #repairs: Counter;
  readonly #registry: Registry;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#registry = registry;
    this.#claims = new Counter({ name: 'countersign_runner_claims_total', help: 'Runs taken up, by kind: new, or takeover from a runner that was gone', labelNames: ['kind'], registers });
    this.#holds = new Counter({ name: 'countersign_runner_holds_total', help: 'Queued runs that had to wait, by reason', labelNames: ['reason'], registers });
    this.#lateness = new Histogram({ name: 'countersign_runner_timer_lateness_seconds', help: 'Time from when a timer was due until it was handled', buckets: [0.01, 0.1, 0.5, 1, 2, 5, 15, 60], registers });
    this.#scheduleLateness = new Histogram({ name: 'countersign_runner_schedule_lateness_seconds', help: 'Time from when a schedule was to fire until its fire was handled', buckets: [0.01, 0.1, 0.5, 1, 2, 5, 15, 60], registers });
    this.#queued = new Histogram({
      name: 'countersign_runner_queue_seconds', help: 'Time from when a run became runnable until a runner claimed it, by what made it runnable: creation, decision, wait, other',
      labelNames: ['by'], buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60], registers,
    });
    this.#repairs = new Counter({ name: 'countersign_runner_sweep_repairs_total', help: 'What a sweep put right after a lost message, by kind', labelNames: ['kind'], registers });
  }

  /** Reads how many runs execute whenever somebody asks. */
  watch({ slots, executing }: { readonly slots: number; readonly executing: () => number }): void {
    const registers = [this.#registry];
    new Gauge({ name: 'countersign_runner_executing_runs', help: 'Runs that execute in this process', registers, collect() { this.set(executing()); } });
    new Gauge({ name: 'countersign_runner_free_slots', help: 'Runs that this process could take up', registers, collect() { this.set(Math.max(0, slots - executing())); } });
  }

  claimed({ isTakeover, queuedBy, queuedMs }: TakenUp): void {
    this.#claims.inc({ kind: isTakeover ? 'takeover' : 'new' });
    if (!isTakeover) this.#queued.observe({ by: queuedBy }, Math.max(0, queuedMs) / 1000);
  }

  held(reason: HoldReason): void {
    this.#holds.inc({ reason });
  }

  timerFired(latenessMs: number): void {
    this.#lateness.observe(Math.max(0, latenessMs) / 1000);
  }

  scheduleFired(latenessMs: number): void {
    this.#scheduleLateness.observe(Math.max(0, latenessMs) / 1000);
  }

  repaired(kind: Repair): void {
    this.#repairs.inc({ kind });
  }
}
