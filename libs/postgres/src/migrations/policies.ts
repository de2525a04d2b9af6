import type { MigrationInterface, QueryRunner } from 'typeorm';

const tenant = 'org_id text not null, workspace_id text not null, deployment_id text not null';
const newestFirst = 'created_at_ms desc, decision_id desc';

const statements = [
  `create table countersign.policy_decisions (
    ${tenant}, decision_id text not null, run_id text not null, automation_id text not null, node_id text not null,
    decision text not null, reason_code text not null, effect_id text not null, policy_version text not null, approval_id text,
    record text not null, created_at_ms bigint not null, position bigint not null,
    primary key (org_id, workspace_id, decision_id)
  )`,
  `create index policy_decisions_newest on countersign.policy_decisions (org_id, workspace_id, deployment_id, ${newestFirst})`,
  `create index policy_decisions_of_run on countersign.policy_decisions (org_id, workspace_id, run_id, ${newestFirst})`,
  `create index policy_decisions_of_automation on countersign.policy_decisions (org_id, workspace_id, automation_id, ${newestFirst})`,
  `create table countersign.effect_policies (
    ${tenant}, number bigint not null, policy_version text not null, record text not null, created_at_ms bigint not null, position bigint not null,
    primary key (org_id, workspace_id, number)
  )`,
];

/** Policies of workspaces, and what they decided about effects. */
export class CreatePolicies1787000100000 implements MigrationInterface {
  readonly name = 'CreatePolicies1787000100000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table countersign.effect_policies, countersign.policy_decisions');
  }
}
