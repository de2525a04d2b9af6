import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What operators see of the projector. */
export class ProjectorMetrics {
  readonly batchCommits: Histogram;
  readonly batchSeconds: Histogram;
  readonly position: Gauge;
  readonly lagSeconds: Gauge;
  readonly setAside: Counter;
  readonly toPublish: Gauge;
  readonly anchorMismatches: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.batchCommits = new Histogram({ name: 'countersign_projector_batch_commits', help: 'Commits of one transaction', buckets: [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000], registers });
    this.batchSeconds = new Histogram({ name: 'countersign_projector_batch_seconds', help: 'Time of one transaction', buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10], registers });
    this.position = new Gauge({ name: 'countersign_projector_position', help: 'Log position that is projected', registers });
    this.lagSeconds = new Gauge({ name: 'countersign_projector_lag_seconds', help: 'Age of the newest projected event when it was projected', registers });
    this.setAside = new Counter({ name: 'countersign_projector_set_aside_total', help: 'Commits that could not be projected', registers });
    this.anchorMismatches = new Counter({ name: 'countersign_audit_anchor_mismatches_total', help: 'Audit chains that were another one than was anchored', registers });
    this.toPublish = new Gauge({ name: 'countersign_projector_events_to_publish', help: 'Projected events that wait to be published', registers });
  }
}
