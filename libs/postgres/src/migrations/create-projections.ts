import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * Documents (records, payloads, bodies) are `text`: kept exactly as written, with a size that is known
 * without reading them. Keys are the log's: an aggregate id is unique in its workspace, and its
 * deployment is an attribute of what it belongs to. A tenant without deployment has ''.
 */
const statements = [
  `create table countersign.projection_position (
    name text primary key,
    projected bigint not null,
    published bigint not null
  )`,
  `insert into countersign.projection_position values ('main', 0, 0)`,

  `create table countersign.archive (
    position bigint primary key,
    subject text not null,
    body text not null,
    encoding text not null,
    problem text
  )`,

  `create table countersign.runs (
    org_id text not null, workspace_id text not null, deployment_id text not null, run_id text not null,
    automation_id text not null, status text not null, stateful_status text not null, phase text not null,
    created_at_ms bigint not null, updated_at_ms bigint not null, finished_at_ms bigint,
    version bigint not null, position bigint not null, record text not null,
    primary key (org_id, workspace_id, run_id)
  ) with (fillfactor = 80)`,
  `create index runs_by_status on countersign.runs (org_id, workspace_id, deployment_id, stateful_status, created_at_ms desc, run_id desc)`,
  `create index runs_by_automation on countersign.runs (org_id, workspace_id, deployment_id, automation_id, stateful_status, created_at_ms desc, run_id desc)`,

  // No other index: a timeline is read by run and seq. An event id cannot be there twice, because each
  // commit is written once, in the transaction that moves the position past it.
  `create table countersign.run_events (
    org_id text not null, workspace_id text not null, run_id text not null, seq bigint not null,
    event_id text not null, event_type text not null, occurred_at_ms bigint not null, actor text,
    phase_id text, wait_kind text, causation_id text, correlation_id text,
    position bigint not null, status text not null, payload text not null,
    primary key (org_id, workspace_id, run_id, seq)
  )`,

  `create table countersign.waits (
    org_id text not null, workspace_id text not null, deployment_id text not null, run_id text not null, wait_id text not null,
    wait_kind text not null, status text not null, phase_id text not null, reason text,
    created_at_ms bigint not null, updated_at_ms bigint not null, wake_at_ms bigint, timeout_at_ms bigint,
    event_seq bigint not null, wake_idempotency_key text, completed_at_ms bigint,
    primary key (org_id, workspace_id, run_id, wait_id)
  )`,
  `create index waits_due on countersign.waits (wake_at_ms, wait_id) where status = 'waiting' and wake_at_ms is not null`,

  `create table countersign.gates (
    org_id text not null, workspace_id text not null, deployment_id text not null, gate_opening_id text not null,
    run_id text not null, automation_id text not null, node_id text not null, status text not null,
    gate text, requested_by text, requested_at_ms bigint not null, expires_at_ms bigint,
    decision text, decided_by text, decided_at_ms bigint, reason text, position bigint not null,
    primary key (org_id, workspace_id, gate_opening_id)
  )`,
  `create index gates_open on countersign.gates (org_id, workspace_id, deployment_id, requested_at_ms desc, gate_opening_id desc) where status = 'open'`,

  `create table countersign.automations (
    org_id text not null, workspace_id text not null, deployment_id text not null, automation_id text not null,
    name text not null, status text not null, definition_version text not null, definition_hash text not null, tenant_context text not null,
    created_at_ms bigint not null, updated_at_ms bigint not null, position bigint not null,
    primary key (org_id, workspace_id, automation_id)
  )`,
  `create index automations_by_age on countersign.automations (org_id, workspace_id, deployment_id, created_at_ms desc, automation_id desc)`,
  `create table countersign.definitions (
    org_id text not null, workspace_id text not null, definition_hash text not null, definition text not null, position bigint not null,
    primary key (org_id, workspace_id, definition_hash)
  )`,

  `create table countersign.deliveries (
    org_id text not null, workspace_id text not null, deployment_id text not null, delivery_id text not null,
    channel text, notice text, run_id text, gate_opening_id text, status text not null, attempts bigint not null,
    last_error text, message_id text, requested_at_ms bigint, updated_at_ms bigint not null, position bigint not null,
    primary key (org_id, workspace_id, delivery_id)
  )`,

  `create table countersign.dead_letters (
    org_id text not null, workspace_id text not null, deployment_id text not null, dead_letter_id text not null,
    consumer text not null, subject text not null, stream_sequence bigint not null, deliveries bigint not null,
    reason text not null, status text not null, opened_at_ms bigint not null, position bigint not null,
    primary key (org_id, workspace_id, dead_letter_id)
  )`,
  `create index dead_letters_by_age on countersign.dead_letters (org_id, workspace_id, deployment_id, opened_at_ms desc, dead_letter_id desc)`,

  `create table countersign.audit_records (
    org_id text not null, workspace_id text not null, deployment_id text not null, seq bigint not null,
    event_id text not null, durability text not null, event_type text not null, tenant_source text not null, actor text, payload text not null,
    created_at_ms bigint not null, prev_hash text, record_hash text not null, position bigint not null, event_index bigint not null,
    primary key (org_id, workspace_id, deployment_id, seq)
  )`,
  `create table countersign.audit_heads (
    org_id text not null, workspace_id text not null, deployment_id text not null, seq bigint not null, record_hash text not null,
    primary key (org_id, workspace_id, deployment_id)
  )`,
];

/** The archive and the first projections. */
export class CreateProjections1767225600000 implements MigrationInterface {
  readonly name = 'CreateProjections1767225600000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('The first migration is not undone: the archive would be lost'));
  }
}
