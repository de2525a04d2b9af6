import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // Records of before are the first segment of their chain: signed by no key.
  'alter table countersign.audit_records add column key_id text, add column segment_start bigint',
  'alter table countersign.audit_heads add column key_id text, add column segment_start bigint',
  `create table countersign.audit_keys (
    position bigint primary key, key_id text not null, key_check text not null, activated_at_ms bigint not null
  )`,
];

/** Which key signed each record of the audit, and since when. */
export class AuditKeys1767225600300 implements MigrationInterface {
  readonly name = 'AuditKeys1767225600300';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table countersign.audit_keys');
    await runner.query('alter table countersign.audit_heads drop column key_id, drop column segment_start');
    await runner.query('alter table countersign.audit_records drop column key_id, drop column segment_start');
  }
}
