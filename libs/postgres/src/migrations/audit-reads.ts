import type { MigrationInterface, QueryRunner } from 'typeorm';
import { auditActorText, auditRunText } from '../audit-texts.js';

const tenant = 'org_id, workspace_id, deployment_id';
const age = 'created_at_ms, event_id';

const statements = [
  `create index audit_by_age on countersign.audit_records (${tenant}, ${age})`,
  `create index audit_by_type on countersign.audit_records (${tenant}, event_type, ${age})`,
  `create index audit_by_actor on countersign.audit_records (${tenant}, ${auditActorText}, ${age}) where actor is not null`,
  `create index audit_by_run on countersign.audit_records (${tenant}, ${auditRunText}, ${age}) where ${auditRunText} is not null`,
  `create index audit_denials on countersign.audit_records (${tenant}, ${age}) where event_type like '%denied'`,
];

/** What records of the audit are found by. */
export class AuditReads1767225600301 implements MigrationInterface {
  readonly name = 'AuditReads1767225600301';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of ['audit_by_age', 'audit_by_type', 'audit_by_actor', 'audit_by_run', 'audit_denials']) await runner.query(`drop index countersign.${index}`);
  }
}
