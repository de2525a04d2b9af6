import type { MigrationInterface, QueryRunner } from 'typeorm';

const marker = 'stateful_runtime.event_log_compacted';

const statements = [
  // What ended before this is out; a rebuild leaves it out too.
  `create table countersign.retention (table_name text primary key, before_ms bigint not null)`,
  // The retention walks through all runs from the oldest on. A creation never changes: a run's commits need no new entry.
  `create index runs_by_creation on countersign.runs (created_at_ms, run_id, org_id, workspace_id)`,
  `create index run_events_markers on countersign.run_events (org_id, workspace_id, run_id, seq) where event_type = '${marker}'`,
];

/** What the retention of timelines needs. */
export class Retention1787000400001 implements MigrationInterface {
  readonly name = 'Retention1787000400001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.run_events_markers');
    await runner.query('drop index countersign.runs_by_creation');
    await runner.query('drop table countersign.retention');
  }
}
