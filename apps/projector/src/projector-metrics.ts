import type { LogEntry } from '@cs/eventing';
import type { LogAhead } from '@cs/jetstream';
import type { Position } from '@cs/kernel';
import type { GateRow } from '@cs/read-models';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

interface LagSources {
  /** How far the projections are; `undefined` while this projector stands by. */
  readonly position: () => Position | undefined;
  readonly ahead: (position: Position) => Promise<LogAhead>;
  readonly clock: () => number;
}

/** Decisions that have a series of their own; a definition may name others. */
const decisions: ReadonlySet<string> = new Set(['approve', 'rework', 'cancel', 'expired', 'timeout_resume']);
const minute = 60;
const hour = 60 * minute;

const typesOf = (entries: readonly LogEntry[]): ReadonlyMap<string, { readonly aggregate: string; readonly type: string; readonly count: number }> => {
  const counts = new Map<string, { readonly aggregate: string; readonly type: string; readonly count: number }>();
  for (const { ref: { aggregate }, stored } of entries) {
    for (const { event_type: type } of stored?.commit.events ?? []) counts.set(`${aggregate}/${type}`, { aggregate, type, count: (counts.get(`${aggregate}/${type}`)?.count ?? 0) + 1 });
  }
  return counts;
};

/** What operators see of the projector. */
export class ProjectorMetrics {
  readonly batchCommits: Histogram;
  readonly batchSeconds: Histogram;
  readonly position: Gauge;
  readonly setAside: Counter;
  readonly toPublish: Gauge;
  readonly anchorMismatches: Counter;
  readonly #events: Counter;
  readonly #decisionSeconds: Histogram;
  readonly #lagCommits: Gauge;
  readonly #registry: Registry;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#registry = registry;
    this.batchCommits = new Histogram({ name: 'countersign_projector_batch_commits', help: 'Commits of one transaction', buckets: [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000], registers });
    this.batchSeconds = new Histogram({ name: 'countersign_projector_batch_seconds', help: 'Time of one transaction', buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10], registers });
    this.position = new Gauge({ name: 'countersign_projector_position', help: 'Log position that is projected', registers });
    this.setAside = new Counter({ name: 'countersign_projector_set_aside_total', help: 'Commits that could not be projected', registers });
    this.anchorMismatches = new Counter({ name: 'countersign_audit_anchor_mismatches_total', help: 'Audit chains that were another one than was anchored', registers });
    this.toPublish = new Gauge({ name: 'countersign_projector_events_to_publish', help: 'Projected events that wait to be published', registers });
    this.#events = new Counter({ name: 'countersign_projector_events_total', help: 'Events projected, by aggregate and type', labelNames: ['aggregate', 'type'], registers });
    this.#decisionSeconds = new Histogram({
      name: 'countersign_gate_decision_seconds', help: 'Time from the opening of a gate to its decision, by decision (one that a definition names itself counts as other)',
      labelNames: ['decision'], buckets: [1, 10, minute, 10 * minute, hour, 4 * hour, 24 * hour, 72 * hour, 168 * hour], registers,
    });
    this.#lagCommits = new Gauge({ name: 'countersign_projector_lag_commits', help: 'Commits of the log that are not projected; no figure while the projector stands by', registers });
  }

  /** Reads how far the projections are behind the log whenever somebody asks. */
  watchLag({ position, ahead, clock }: LagSources): void {
    const commits = this.#lagCommits;
    new Gauge({
      name: 'countersign_projector_lag_seconds', help: 'Age of the oldest commit that is not projected, 0 when there is none; no figure while the projector stands by', registers: [this.#registry],
      async collect() {
        const at = position();
        const behind = at === undefined ? undefined : await ahead(at).catch(() => undefined);
        // Without labels a reset would say 0.
        commits.remove();
        this.remove();
        if (behind === undefined) return;
        commits.set(behind.commits);
        this.set(behind.oldestAtMs === undefined ? 0 : Math.max(0, clock() - behind.oldestAtMs) / 1000);
      },
    });
  }

  projected(entries: readonly LogEntry[]): void {
    for (const { aggregate, type, count } of typesOf(entries).values()) this.#events.inc({ aggregate, type }, count);
  }

  decided(gates: readonly GateRow[]): void {
    for (const { status, decision, decided_at_ms, requested_at_ms } of gates) {
      if (status !== 'decided' || decided_at_ms === null) continue;
      this.#decisionSeconds.observe({ decision: decision !== null && decisions.has(decision) ? decision : 'other' }, Math.max(0, decided_at_ms - requested_at_ms) / 1000);
    }
  }
}
