import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What notices are counted by that have not come to their end. */
export class OpenDeliveries1787000700101 implements MigrationInterface {
  readonly name = 'OpenDeliveries1787000700101';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create index deliveries_open on countersign.deliveries (status) where status in ('pending', 'retrying')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.deliveries_open');
  }
}
