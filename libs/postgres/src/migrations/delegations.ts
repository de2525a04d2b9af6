import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `create table countersign.delegations (
    org_id text not null, workspace_id text not null, deployment_id text not null, delegation_id text not null,
    delegator text, stand_in text, from_ms bigint, until_ms bigint, set_at_ms bigint, delegation text,
    ended_at_ms bigint, ended_by text, end_reason text, uses bigint not null, position bigint not null,
    primary key (org_id, workspace_id, delegation_id)
  )`,
  `create index delegations_newest on countersign.delegations (org_id, workspace_id, deployment_id, set_at_ms, delegation_id)`,
  `create index delegations_by_delegator on countersign.delegations (org_id, workspace_id, deployment_id, delegator, set_at_ms, delegation_id)`,
  `create index delegations_by_stand_in on countersign.delegations (org_id, workspace_id, deployment_id, stand_in, set_at_ms, delegation_id)`,
];

/** Who stands in for whom. */
export class Delegations1767225600401 implements MigrationInterface {
  readonly name = 'Delegations1767225600401';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table countersign.delegations');
  }
}
