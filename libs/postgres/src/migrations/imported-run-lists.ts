import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What lists of imported runs are found by when they are filtered. */
export class ImportedRunLists1787000700700 implements MigrationInterface {
  readonly name = 'ImportedRunLists1787000700700';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index imported_runs_by_status on countersign.imported_runs (org_id, workspace_id, deployment_id, stateful_status, created_at_ms desc, run_id desc)');
    await runner.query('create index imported_runs_by_automation on countersign.imported_runs (org_id, workspace_id, deployment_id, automation_id, stateful_status, created_at_ms desc, run_id desc)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.imported_runs_by_automation, countersign.imported_runs_by_status');
  }
}
