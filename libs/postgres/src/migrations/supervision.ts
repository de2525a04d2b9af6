import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `alter table countersign.runs add column stop_kind text`,
  // By creation, which never changes: a run's commits while it executes need no new index entry.
  `create index runs_watched on countersign.runs (created_at_ms, run_id)
    where stateful_status in ('running', 'pausing', 'queued') or (stateful_status = 'paused' and stop_kind = 'stale_reaped')`,
];

/** What supervision finds quiet runs by. */
export class WatchRuns1767225600006 implements MigrationInterface {
  readonly name = 'WatchRuns1767225600006';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.runs_watched');
    await runner.query('alter table countersign.runs drop column stop_kind');
  }
}
