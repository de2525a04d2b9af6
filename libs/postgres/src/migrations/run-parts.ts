import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // Bodies do not change and are read whole.
  `create table countersign.run_parts (
    org_id text not null, workspace_id text not null, run_id text not null, part_id text not null, body text not null,
    primary key (org_id, workspace_id, run_id, part_id)
  )`,
  // A run that was written before has all of its record in one place until it is written again.
  `alter table countersign.runs add column parts_bytes bigint not null default 0`,
];

/** What does not change any more of runs with long lists stands beside their records. */
export class RunParts1787000800000 implements MigrationInterface {
  readonly name = 'RunParts1787000800000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table countersign.runs drop column parts_bytes');
    await runner.query('drop table countersign.run_parts');
  }
}
