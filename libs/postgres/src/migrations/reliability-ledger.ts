import type { MigrationInterface, QueryRunner } from 'typeorm';

const tenant = 'org_id text not null, workspace_id text not null, deployment_id text not null';
const byTenant = 'org_id, workspace_id, deployment_id';

/** Every list is newest updated first, of the tenant or of a run. */
const listIndexes = (table: string, id: string, settled: string): readonly string[] => [
  `create index ${table}_listed on countersign.${table} (${byTenant}, updated_at_ms desc, ${id} desc)`,
  `create index ${table}_of_run on countersign.${table} (${byTenant}, run_id, updated_at_ms desc, ${id} desc)`,
  `create index ${table}_settled on countersign.${table} (updated_at_ms) where ${settled}`,
];

const statements = [
  `create table countersign.outbox (
    ${tenant}, outbox_id text not null, run_id text not null, effect_id text not null, status text not null, source_kind text not null, source_id text not null, idempotency_key text not null,
    node_id text, operation text, tool text, target text, payload_digest text, policy_decision_id text, receipt_id text, compensation_id text, dead_letter_id text, attempts bigint,
    claimed_by text, claimed_at_ms bigint, claim_expires_at_ms bigint, created_at_ms bigint not null, updated_at_ms bigint not null,
    primary key (org_id, workspace_id, outbox_id)
  )`,
  ...listIndexes('outbox', 'outbox_id', "status in ('sent', 'cancelled')"),

  `create table countersign.tool_effects (
    ${tenant}, effect_id text not null, outbox_id text not null, action_id text not null, run_id text not null, status text not null, source_kind text not null, source_id text not null,
    node_id text, operation text, tool text, target text, policy_decision_id text, input_digest text, output_digest text, receipt_payload_digest text, receipt_payload_redacted text,
    receipt_pointer text, audit_hash text not null, error text, compensation_id text, created_at_ms bigint not null, updated_at_ms bigint not null,
    primary key (org_id, workspace_id, effect_id)
  )`,
  ...listIndexes('tool_effects', 'effect_id', "status = 'succeeded'"),

  `create table countersign.compensations (
    ${tenant}, compensation_id text not null, run_id text not null, node_id text not null, status text not null, compensation_type text not null, target_effect_id text not null, outbox_id text,
    approval_required bigint not null, rollback_instruction text, forward_fix_instruction text, action text, receipt_effect_id text, attempts bigint not null, due_at_ms bigint, superseded_at_ms bigint,
    metadata text, created_at_ms bigint not null, updated_at_ms bigint not null,
    primary key (org_id, workspace_id, compensation_id)
  )`,
  ...listIndexes('compensations', 'compensation_id', "status in ('completed', 'cancelled', 'cleared')"),
  `create index compensations_due on countersign.compensations (due_at_ms, run_id, compensation_id) where due_at_ms is not null`,

  `alter table countersign.dead_letters add column run_id text, add column node_id text, add column recovery_options text, add column compensation_id text, add column attempts bigint,
    add column disposition text, add column updated_at_ms bigint, add column due_at_ms bigint, add column superseded_at_ms bigint, add column metadata text`,
  `update countersign.dead_letters set updated_at_ms = opened_at_ms, attempts = deliveries, recovery_options = '[]'`,
  ...listIndexes('dead_letters', 'dead_letter_id', "status in ('ignored', 'resolved', 'cleared')"),
  `create index dead_letters_due on countersign.dead_letters (due_at_ms, run_id, dead_letter_id) where due_at_ms is not null`,
];

/** The reliability ledger: what leaves the system, what is known of it, what was given up, and what undoes it. */
export class ReliabilityLedger1787000100200 implements MigrationInterface {
  readonly name = 'ReliabilityLedger1787000100200';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table countersign.compensations, countersign.tool_effects, countersign.outbox');
    await runner.query('drop index countersign.dead_letters_listed, countersign.dead_letters_of_run, countersign.dead_letters_settled, countersign.dead_letters_due');
    await runner.query(`alter table countersign.dead_letters drop column run_id, drop column node_id, drop column recovery_options, drop column compensation_id, drop column attempts,
      drop column disposition, drop column updated_at_ms, drop column due_at_ms, drop column superseded_at_ms, drop column metadata`);
  }
}
