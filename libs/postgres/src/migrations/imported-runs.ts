import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `create table countersign.imported_runs (
    org_id text not null, workspace_id text not null, deployment_id text not null, run_id text not null,
    automation_id text not null, stateful_status text not null, phase text not null, created_at_ms bigint not null, updated_at_ms bigint not null,
    last_seq bigint not null, position bigint not null, record text not null,
    primary key (org_id, workspace_id, run_id)
  )`,
  `create index imported_runs_by_age on countersign.imported_runs (org_id, workspace_id, deployment_id, created_at_ms desc, run_id desc)`,
  // Apart from the timelines of our own runs: no import can take the place of one of their events.
  `create table countersign.imported_run_events (
    org_id text not null, workspace_id text not null, run_id text not null, seq bigint not null,
    event_id text not null, event_type text not null, occurred_at_ms bigint not null, actor text,
    phase_id text, phase_transition text, wait_kind text, causation_id text, correlation_id text,
    position bigint not null, status text not null, payload text not null,
    primary key (org_id, workspace_id, run_id, seq)
  )`,
  `create index imported_run_events_phases on countersign.imported_run_events (org_id, workspace_id, run_id, seq) where phase_transition is not null`,
];

/** Runs of another system, and their histories. */
export class ImportedRuns1787000400002 implements MigrationInterface {
  readonly name = 'ImportedRuns1787000400002';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table countersign.imported_run_events');
    await runner.query('drop table countersign.imported_runs');
  }
}
