import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `create table countersign.webhook_triggers (
    org_id text not null, workspace_id text not null, deployment_id text not null, trigger_id text not null,
    automation_id text not null, status text not null, trigger text not null,
    created_at_ms bigint not null, updated_at_ms bigint not null, position bigint not null,
    primary key (org_id, workspace_id, trigger_id)
  )`,
  `create index webhook_triggers_by_age on countersign.webhook_triggers (org_id, workspace_id, deployment_id, automation_id, created_at_ms desc, trigger_id desc) where status <> 'deleted'`,

  // Filled by several commits, each with what it knows: only keys are always there.
  `create table countersign.webhook_deliveries (
    org_id text not null, workspace_id text not null, deployment_id text not null, delivery_id text not null,
    trigger_id text, automation_id text, status text, outcome text, reason text,
    provider text, provider_event_kind text, provider_event_id text, idempotency_key text, body_digest text, body_bytes bigint,
    received_at_ms bigint, run_id text, wait_id text, repeated bigint not null, updated_at_ms bigint not null, position bigint not null,
    primary key (org_id, workspace_id, delivery_id)
  )`,
  `create index webhook_deliveries_by_age on countersign.webhook_deliveries (org_id, workspace_id, deployment_id, trigger_id, received_at_ms desc, delivery_id desc)`,
  `create index webhook_deliveries_free on countersign.webhook_deliveries (org_id, workspace_id, deployment_id, trigger_id, received_at_ms) where status = 'accepted' and outcome = 'received'`,

  `alter table countersign.waits add column match_trigger_id text, add column match_key text, add column webhook_match text`,
  `create index waits_by_webhook on countersign.waits (org_id, workspace_id, deployment_id, match_trigger_id, match_key) where status = 'waiting' and match_trigger_id is not null`,
];

/** Webhook triggers and deliveries, and what a delivery finds waits by. */
export class Webhooks1767225600003 implements MigrationInterface {
  readonly name = 'Webhooks1767225600003';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table countersign.waits drop column match_trigger_id, drop column match_key, drop column webhook_match');
    await runner.query('drop table countersign.webhook_deliveries, countersign.webhook_triggers');
  }
}
