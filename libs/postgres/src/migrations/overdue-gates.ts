import type { MigrationInterface, QueryRunner } from 'typeorm';

const never = 9007199254740991n;
const waitsDue = (kinds: string) => `create index waits_due on countersign.waits (due_at_ms, run_id, wait_id) where status = 'waiting'${kinds} and due_at_ms < ${never}`;

const statements = [
  // Gates expire too, and a timer of theirs can be lost as any other.
  'drop index countersign.waits_due',
  waitsDue(''),
  `alter table countersign.dead_letters add column source_type text not null default 'message', add column source_id text not null default ''`,
  `update countersign.dead_letters set source_id = stream_sequence::text where consumer <> 'runner'`,
  // The runner's own are of nodes that were given up; messages bear the name of their consumer.
  `update countersign.dead_letters set source_type = 'node' where consumer = 'runner'`,
];

/** What overdue gates are found by, and what a dead letter is about. */
export class OverdueGates1767225600008 implements MigrationInterface {
  readonly name = 'OverdueGates1767225600008';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table countersign.dead_letters drop column source_type, drop column source_id');
    await runner.query('drop index countersign.waits_due');
    await runner.query(waitsDue(` and wait_kind <> 'approval'`));
  }
}
