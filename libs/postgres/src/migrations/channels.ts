import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `create table countersign.channels (
    org_id text not null, workspace_id text not null, deployment_id text not null, channel_id text not null,
    status text, channel text, set_up_position bigint, created_at_ms bigint, position bigint not null,
    primary key (org_id, workspace_id, channel_id)
  )`,
  `create index channels_newest on countersign.channels (org_id, workspace_id, deployment_id, created_at_ms, channel_id)`,
  `create table countersign.channel_users (
    org_id text not null, workspace_id text not null, deployment_id text not null, channel_id text not null, user_id text not null,
    channel_user text not null, position bigint not null,
    primary key (org_id, workspace_id, channel_id, user_id)
  )`,
  `alter table countersign.deliveries add column installation text, add column recipient text, add column message text`,
  // A list that got longer, and a duplicate that was found, say nothing of either.
  `alter table countersign.deliveries alter column status drop not null, alter column attempts drop not null`,
  `create index deliveries_newest on countersign.deliveries (org_id, workspace_id, deployment_id, requested_at_ms, delivery_id)`,
  `create index deliveries_of_installation on countersign.deliveries (org_id, workspace_id, deployment_id, installation, requested_at_ms, delivery_id)`,
  `create index deliveries_of_run on countersign.deliveries (org_id, workspace_id, deployment_id, run_id, requested_at_ms, delivery_id)`,
];

/** Installations of channels, their users, and where deliveries went. */
export class Channels1767225601500 implements MigrationInterface {
  readonly name = 'Channels1767225601500';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.deliveries_newest, countersign.deliveries_of_installation, countersign.deliveries_of_run');
    await runner.query('alter table countersign.deliveries drop column installation, drop column recipient, drop column message');
    await runner.query('drop table countersign.channel_users, countersign.channels');
  }
}
