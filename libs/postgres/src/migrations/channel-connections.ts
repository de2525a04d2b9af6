import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a platform was told where to call back. */
export class ChannelConnections1787000701100 implements MigrationInterface {
  readonly name = 'ChannelConnections1787000701100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table countersign.channels add column connection text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table countersign.channels drop column connection');
  }
}
