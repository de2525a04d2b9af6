import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `create table countersign.schedules (
    org_id text not null, workspace_id text not null, deployment_id text not null, automation_id text not null,
    status text not null, next_fire_at_ms bigint, last_fired_at_ms bigint, position bigint not null,
    primary key (org_id, workspace_id, automation_id)
  ) with (fillfactor = 80)`,
  `create index schedules_due on countersign.schedules (next_fire_at_ms, automation_id) where next_fire_at_ms is not null`,
  `create table countersign.handoffs (
    org_id text not null, workspace_id text not null, deployment_id text not null, handoff_id text not null,
    target_automation_id text not null, status text not null, source_automation_id text, artifact_type text, created_at_ms bigint, artifact text,
    consumed_by_run_id text, consumed_by_automation_id text, consumed_at_ms bigint, position bigint not null,
    primary key (org_id, workspace_id, handoff_id)
  )`,
  `create index handoffs_by_target on countersign.handoffs (org_id, workspace_id, deployment_id, target_automation_id, status, created_at_ms, handoff_id)`,
  `create index handoffs_available on countersign.handoffs (org_id, workspace_id, target_automation_id, created_at_ms) where status = 'approved'`,
];

/** Schedules of automations and handoffs between them. */
export class CreateSchedulesAndHandoffs1767225600004 implements MigrationInterface {
  readonly name = 'CreateSchedulesAndHandoffs1767225600004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table countersign.handoffs, countersign.schedules');
  }
}
