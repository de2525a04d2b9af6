import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A wait that is never due comes after all others; every number is one that JavaScript has exactly. */
const never = 9007199254740991n;

const statements = [
  `alter table countersign.waits add column timeout_policy text, add column metadata text,
    add column due_at_ms bigint not null generated always as (coalesce(least(wake_at_ms, timeout_at_ms), ${never})) stored,
    add column rank bigint not null generated always as (case when status in ('waiting', 'escalated') then 0 else 1 end) stored`,
  // Active waits come before finished ones, whatever their times; each status is one range (domain 8.3, W29).
  `create index waits_listed on countersign.waits (org_id, workspace_id, deployment_id, wait_kind, status, due_at_ms, created_at_ms, wait_id, run_id)`,
  `drop index countersign.waits_due`,
  `create index waits_due on countersign.waits (due_at_ms, run_id, wait_id) where status = 'waiting' and wait_kind <> 'approval' and due_at_ms < ${never}`,
  `create index waits_ended on countersign.waits (coalesce(completed_at_ms, updated_at_ms)) where status <> 'waiting'`,
];

/** What waits are listed, swept and pruned by. */
export class ExtendWaits1767225600001 implements MigrationInterface {
  readonly name = 'ExtendWaits1767225600001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.waits_listed, countersign.waits_due, countersign.waits_ended');
    await runner.query('alter table countersign.waits drop column rank, drop column due_at_ms, drop column metadata, drop column timeout_policy');
    await runner.query(`create index waits_due on countersign.waits (wake_at_ms, wait_id) where status = 'waiting' and wake_at_ms is not null`);
  }
}
