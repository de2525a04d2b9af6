import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // One key a line; '*' is everybody. No look-up begins with it: it filters what other indexes find.
  `alter table countersign.automations add column viewers text not null default '*',
    add column viewer_keys text[] not null generated always as (string_to_array(viewers, E'\\n')) stored`,
  // The inbox of someone who sees some automations only.
  `create index gates_open_of_automation on countersign.gates (org_id, workspace_id, deployment_id, automation_id, requested_at_ms desc, gate_opening_id desc) where status = 'open'`,
];

/** Who sees an automation, its runs and their gates and waits. */
export class Viewers1767225600009 implements MigrationInterface {
  readonly name = 'Viewers1767225600009';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.gates_open_of_automation');
    await runner.query('alter table countersign.automations drop column viewer_keys, drop column viewers');
  }
}
