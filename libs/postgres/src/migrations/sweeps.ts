import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `alter table countersign.runs add column parent_run_id text, add column parent_wait_id text`,
  `alter table countersign.waits add column child_run_id text`,
  // By creation, which never changes, as runs_watched.
  `create index runs_held on countersign.runs (created_at_ms, run_id) where stateful_status = 'held'`,
  `create index runs_children on countersign.runs (created_at_ms, run_id) where parent_run_id is not null and status not in ('completed', 'failed', 'cancelled')`,
  `create index waits_children on countersign.waits (created_at_ms, run_id, wait_id) where child_run_id is not null and status = 'waiting'`,
];

/** What is found by what should have happened to it: held runs, parents and children. */
export class SweepRuns1767225600010 implements MigrationInterface {
  readonly name = 'SweepRuns1767225600010';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.runs_held, countersign.runs_children, countersign.waits_children');
    await runner.query('alter table countersign.waits drop column child_run_id');
    await runner.query('alter table countersign.runs drop column parent_run_id, drop column parent_wait_id');
  }
}
