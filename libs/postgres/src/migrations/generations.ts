import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which generation of the projections the position belongs to: a writer that knows an older one only is refused. */
export class Generations1767225600800 implements MigrationInterface {
  readonly name = 'Generations1767225600800';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table countersign.projection_position add column generation bigint not null default 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table countersign.projection_position drop column generation');
  }
}
