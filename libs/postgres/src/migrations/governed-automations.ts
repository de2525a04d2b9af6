import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Automations that agents made, and the index that finds those whose runs or expiry are to be looked at. */
export class GovernedAutomations1787000600000 implements MigrationInterface {
  readonly name = 'GovernedAutomations1787000600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table countersign.governed_automations (
      org_id text not null, workspace_id text not null, deployment_id text not null, automation_id text not null,
      made_at_ms bigint, in_use text, expires_at_ms bigint, expiry_warned_ms bigint, launched_at_ms bigint, reviewed_at_ms bigint, health_checked_at_ms bigint, open_runs bigint, position bigint not null,
      primary key (org_id, workspace_id, automation_id)
    )`);
    // By its key, which never changes. What was made before this migration is known by its launches.
    await runner.query(`create index governed_automations_in_use on countersign.governed_automations (org_id, workspace_id, automation_id)
      where in_use is distinct from 'no' and (made_at_ms is not null or launched_at_ms is not null)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table countersign.governed_automations');
  }
}
