import type { MigrationInterface, QueryRunner } from 'typeorm';
import { auditRunText, jsonStringText } from '../audit-texts.js';

/** Characters of what can be a run's or a decision's id. */
const longestId = 512;

const statements = [
  /*
   * Every string that a payload says, anywhere in it, as JSON writes it; no names of members, and not the run that the record is of,
   * which has an index of its own. By the text, because a record that was tampered with may be no JSON. Its cost keeps plans from
   * asking it of every record.
   */
  `create function countersign.audit_mentions (payload text) returns text[] language sql immutable parallel safe cost 1000 as $$
    select coalesce(array_agg(distinct said[1]), '{}') from regexp_matches(payload, '"${jsonStringText}"(:?)', 'g') as said
    where said[2] = '' and length(said[1]) <= ${longestId} and said[1] is distinct from ${auditRunText} $$`,
  'create index audit_by_mention on countersign.audit_records using gin (countersign.audit_mentions(payload))',
];

/** What records of the audit are found by that name a run or a decision anywhere. */
export class AuditMentions1787000701500 implements MigrationInterface {
  readonly name = 'AuditMentions1787000701500';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.audit_by_mention');
    await runner.query('drop function countersign.audit_mentions(text)');
  }
}
