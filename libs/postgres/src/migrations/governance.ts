import type { MigrationInterface, QueryRunner } from 'typeorm';

const tenant = 'org_id text not null, workspace_id text not null, deployment_id text not null';
const byTenant = 'org_id, workspace_id, deployment_id';

const statements = [
  // Filled by several commits, each with what it knows: only keys are always there.
  `create table countersign.governance_approvals (
    ${tenant}, approval_id text not null, status text not null, approval_type text, subject_kind text, subject_id text, automation_id text,
    binding text, reason text, requested_by text, requested_at_ms bigint, expires_at_ms bigint, decided_by text, decided_at_ms bigint, note text, consumed_by text, position bigint not null,
    primary key (org_id, workspace_id, approval_id)
  )`,
  `create index governance_approvals_by_age on countersign.governance_approvals (${byTenant}, requested_at_ms desc, approval_id desc)`,
  `create index governance_approvals_open on countersign.governance_approvals (${byTenant}, requested_at_ms desc, approval_id desc) where status in ('pending', 'approved')`,
  `create index governance_approvals_of_subject on countersign.governance_approvals (${byTenant}, subject_kind, subject_id, requested_at_ms desc, approval_id desc)`,

  `create table countersign.governed_agents (
    ${tenant}, agent_id text not null, spend text, spend_paused text, permissions text, updated_at_ms bigint not null, position bigint not null,
    primary key (${byTenant}, agent_id)
  )`,
  `create index governed_agents_by_age on countersign.governed_agents (${byTenant}, updated_at_ms desc, agent_id desc)`,

  `create table countersign.governance_reviews (
    ${tenant}, subject_kind text not null, subject_id text not null, automation_id text, status text not null, reason text, since_ms bigint not null, position bigint not null,
    primary key (${byTenant}, subject_kind, subject_id)
  )`,
  `create index governance_reviews_due on countersign.governance_reviews (${byTenant}, since_ms desc, subject_id desc) where status = 'due'`,
];

/** Governance approvals, agents, and reviews that are due. */
export class Governance1767225600600 implements MigrationInterface {
  readonly name = 'Governance1767225600600';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table countersign.governance_reviews, countersign.governed_agents, countersign.governance_approvals');
  }
}
