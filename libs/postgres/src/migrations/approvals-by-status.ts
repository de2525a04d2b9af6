import type { MigrationInterface, QueryRunner } from 'typeorm';

const table = 'countersign.governance_approvals';
const newest = 'requested_at_ms desc, approval_id desc';

/** What lists of requests for approval are found by: a status, and what is still open. */
export class ApprovalsByStatus1787000701700 implements MigrationInterface {
  readonly name = 'ApprovalsByStatus1787000701700';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.governance_approvals_by_age, countersign.governance_approvals_open');
    await runner.query(`create index governance_approvals_by_status on ${table} (org_id, workspace_id, deployment_id, status, ${newest})`);
    await runner.query(`create index governance_approvals_open on ${table} (org_id, workspace_id, deployment_id, status, expires_at_ms) where status in ('pending', 'approved')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.governance_approvals_by_status, countersign.governance_approvals_open');
    await runner.query(`create index governance_approvals_by_age on ${table} (org_id, workspace_id, deployment_id, ${newest})`);
    await runner.query(`create index governance_approvals_open on ${table} (org_id, workspace_id, deployment_id, ${newest}) where status in ('pending', 'approved')`);
  }
}
