import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Up to which launch the runs of an automation were looked at. */
export class HealthLaunches1787000900000 implements MigrationInterface {
  readonly name = 'HealthLaunches1787000900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table countersign.governed_automations add column health_launched_at_ms bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table countersign.governed_automations drop column health_launched_at_ms');
  }
}
