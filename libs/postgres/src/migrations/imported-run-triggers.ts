import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  // A record that PostgreSQL cannot read as JSON is found by its trigger after its next import, or after a rebuild.
  `create or replace function pg_temp.trigger_of (record text) returns text language plpgsql as $$
    begin return record::json ->> 'trigger_type'; exception when others then return null; end $$`,
  'alter table countersign.imported_runs add column trigger_type text',
  'update countersign.imported_runs set trigger_type = pg_temp.trigger_of(record)',
  'create index imported_runs_by_trigger on countersign.imported_runs (org_id, workspace_id, deployment_id, trigger_type, stateful_status, created_at_ms desc, run_id desc)',
];

/** Imported runs are found by what started them. */
export class ImportedRunTriggers1787000900100 implements MigrationInterface {
  readonly name = 'ImportedRunTriggers1787000900100';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.imported_runs_by_trigger');
    await runner.query('alter table countersign.imported_runs drop column trigger_type');
  }
}
