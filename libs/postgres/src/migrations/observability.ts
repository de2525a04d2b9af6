import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  /*
   * What is in a record that is there already. A text that PostgreSQL cannot hold, in a member of its own, makes a record
   * unreadable to it: such a run is found by these columns when it next changes, or after a rebuild.
   */
  `create or replace function pg_temp.member (document text, name text) returns text language plpgsql as $$
    begin return document::json ->> name; exception when others then return null; end $$`,
  `alter table countersign.runs add column definition_hash text, add column trigger_type text`,
  `update countersign.runs set definition_hash = pg_temp.member(record, 'workflow_definition_snapshot_hash'), trigger_type = pg_temp.member(record, 'trigger_type')`,
  `create index runs_by_trigger on countersign.runs (org_id, workspace_id, deployment_id, trigger_type, stateful_status, created_at_ms desc, run_id desc)`,
  // Lists have one key a line. What a definition concerns is written when it is stored, or when the projections are rebuilt.
  `alter table countersign.definitions add column automation_id text, add column scope text, add column scope_owner_kind text, add column scope_owner_id text, add column scope_lines text not null default '',
    add column scope_keys text[] not null generated always as (string_to_array(scope_lines, E'\\n')) stored`,
  `update countersign.definitions set automation_id = pg_temp.member(definition, 'automation_id')`,
  `create index definitions_by_scope on countersign.definitions using gin (scope_keys)`,
  `alter table countersign.automations add column owner_kind text, add column owner_id text`,
  `alter table countersign.policy_decisions add column audit_event_id text`,
  // The active waits of a run, and the newest of those that ended, however many it had.
  `create index waits_of_run on countersign.waits (org_id, workspace_id, run_id, rank, updated_at_ms desc, wait_id)`,
];

/** What one run is observed by, and what lists of runs are filtered by. */
export class Observability1787000300000 implements MigrationInterface {
  readonly name = 'Observability1787000300000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.waits_of_run, countersign.runs_by_trigger, countersign.definitions_by_scope');
    await runner.query('alter table countersign.automations drop column owner_id, drop column owner_kind');
    await runner.query('alter table countersign.definitions drop column scope_keys, drop column scope_lines, drop column scope_owner_id, drop column scope_owner_kind, drop column scope, drop column automation_id');
    await runner.query('alter table countersign.runs drop column trigger_type, drop column definition_hash');
    await runner.query('alter table countersign.policy_decisions drop column audit_event_id');
  }
}
