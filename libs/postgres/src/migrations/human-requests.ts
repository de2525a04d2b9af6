import type { MigrationInterface, QueryRunner } from 'typeorm';

const list = 'org_id, workspace_id, deployment_id';
const newest = 'requested_at_ms desc, request_id desc';

const statements = [
  `create table countersign.human_requests (
    org_id text not null, workspace_id text not null, deployment_id text not null, request_id text not null, run_id text not null, automation_id text not null, node_id text not null,
    item bigint, kind text not null, status text not null, agent text, request text not null,
    asked text not null default '', asked_keys text[] not null generated always as (string_to_array(asked, E'\\n')) stored,
    requested_by text not null, requested_at_ms bigint not null, expires_at_ms bigint,
    answer text, conversion text, answer_source text, responded_by text, ended_at_ms bigint, reason text, position bigint not null,
    primary key (org_id, workspace_id, request_id))`,
  `create index human_requests_newest on countersign.human_requests (${list}, ${newest})`,
  `create index human_requests_of_status on countersign.human_requests (${list}, status, ${newest})`,
  `create index human_requests_of_automation on countersign.human_requests (${list}, automation_id, ${newest})`,
  `create index human_requests_of_run on countersign.human_requests (${list}, run_id, ${newest})`,
];

/** What runs ask people for outside of gates. */
export class HumanRequests1767225600200 implements MigrationInterface {
  readonly name = 'HumanRequests1767225600200';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table countersign.human_requests');
  }
}
