import type { MigrationInterface, QueryRunner } from 'typeorm';

const list = 'org_id, workspace_id, deployment_id';
const newest = 'requested_at_ms desc, gate_opening_id desc';

const statements = [
  // Lists have one key a line.
  `alter table countersign.gates
    add column kind text not null default 'approval_gate', add column risk_tier text, add column requester text, add column barred text, add column authority text,
    add column data_classes text not null default '', add column approvers text not null default '', add column voters text not null default '',
    add column data_class_keys text[] not null generated always as (string_to_array(data_classes, E'\\n')) stored,
    add column approver_keys text[] not null generated always as (string_to_array(approvers, E'\\n')) stored,
    -- A resource can have a longer name than an index takes.
    add column authority_key text generated always as (md5(authority)) stored,
    add column voter_keys text[] not null generated always as (string_to_array(voters, E'\\n')) stored`,
  /*
   * Gates that are open already are found as they were written; what only the projections know of them (who may
   * decide, in one spelling) is written when they next change, or when the projections are rebuilt.
   */
  `update countersign.gates set risk_tier = gate::json ->> 'risk_tier', requester = lower(trim(requested_by::json ->> 'actor_id')), authority = '"unknown"',
    data_classes = coalesce((select string_agg(class, E'\\n') from json_array_elements_text(gate::json -> 'data_classes') as classes (class)), ''),
    kind = case when coalesce((gate::json ->> 'approvals_required')::int, 1) > 1 or gate::json ->> 'voting' = 'majority' then 'dual_control' else 'approval_gate' end
    where gate is not null and requested_by is not null`,
  `create index gates_open_of_kind on countersign.gates (${list}, kind, ${newest}) where status = 'open'`,
  `create index gates_open_of_risk on countersign.gates (${list}, risk_tier, ${newest}) where status = 'open'`,
  `create index gates_open_of_requester on countersign.gates (${list}, requester, ${newest}) where status = 'open'`,
  // Everybody's gates in their order; those that name somebody are found by name.
  `create index gates_open_to_anyone on countersign.gates (${list}, ${newest}) where status = 'open' and approvers in ('anyone', 'anyone_named')`,
  `create index gates_open_of_approver on countersign.gates using gin (approver_keys) where status = 'open'`,
  `create index gates_open_of_class on countersign.gates using gin (data_class_keys) where status = 'open'`,
  `create index gates_open_by_expiry on countersign.gates (${list}, expires_at_ms, gate_opening_id desc) where status = 'open'`,
  `create index gates_open_authorities on countersign.gates (${list}, authority_key) where status = 'open' and authority is not null`,
  `create index gates_of_run on countersign.gates (org_id, workspace_id, run_id, ${newest})`,
  `create index gates_ended on countersign.gates (${list}, decided_at_ms desc, gate_opening_id desc) where status <> 'open'`,
  `create index gates_ended_of_automation on countersign.gates (${list}, automation_id, decided_at_ms desc, gate_opening_id desc) where status <> 'open'`,
];

const indexes = ['open_of_kind', 'open_of_risk', 'open_of_requester', 'open_to_anyone', 'open_of_approver', 'open_of_class', 'open_by_expiry', 'open_authorities', 'of_run', 'ended', 'ended_of_automation'];
const columns = ['data_class_keys', 'authority_key', 'approver_keys', 'voter_keys', 'kind', 'risk_tier', 'requester', 'barred', 'authority', 'data_classes', 'approvers', 'voters'];

/** What the inbox is filtered by. */
export class Inbox1767225600500 implements MigrationInterface {
  readonly name = 'Inbox1767225600500';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop index ${indexes.map((name) => `countersign.gates_${name}`).join(', ')}`);
    await runner.query(`alter table countersign.gates ${columns.map((column) => `drop column ${column}`).join(', ')}`);
  }
}
