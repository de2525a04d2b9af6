import type { MigrationInterface, QueryRunner } from 'typeorm';

const tenant = 'org_id, workspace_id, deployment_id';
const newest = (id: string): string => `updated_at_ms desc, ${id} desc`;
const notCleared = `status <> 'cleared'`;
/** A filter's words are in lower case, with "_". */
const typeWord = `replace(lower(compensation_type), '-', '_')`;

/** The lists of a tenant, by all that is in turn; a list of everything goes through every status. */
const tenantIndexes = [
  `outbox_by_status on countersign.outbox (${tenant}, status, ${newest('outbox_id')})`,
  `tool_effects_by_status on countersign.tool_effects (${tenant}, status, ${newest('effect_id')})`,
  `dead_letters_by_status on countersign.dead_letters (${tenant}, source_type, status, ${newest('dead_letter_id')}) where ${notCleared}`,
  `dead_letters_active on countersign.dead_letters (${tenant}, source_type, status, ${newest('dead_letter_id')}) where ${notCleared} and superseded_at_ms is null`,
  `dead_letters_by_age on countersign.dead_letters (${tenant}, opened_at_ms desc, dead_letter_id desc) where ${notCleared}`,
  `compensations_by_status on countersign.compensations (${tenant}, status, ${newest('compensation_id')}) where ${notCleared}`,
  `compensations_by_type on countersign.compensations (${tenant}, ${typeWord}, status, ${newest('compensation_id')}) where ${notCleared}`,
  `compensations_unsettled on countersign.compensations (${tenant}, status, ${newest('compensation_id')}) where status not in ('completed', 'cancelled', 'cleared') and superseded_at_ms is null`,
];

/** What of a run asks for somebody, however much of it does not. Records on their way to a success are never in these. */
const runIndexes = [
  `outbox_unsent_of_run on countersign.outbox (${tenant}, run_id, status desc, ${newest('outbox_id')}) where status in ('pending', 'failed', 'dead_lettered')`,
  `tool_effects_uncertain_of_run on countersign.tool_effects (${tenant}, run_id, status desc, ${newest('effect_id')}) where status in ('failed', 'unknown')`,
];

const useless = ['outbox_listed', 'tool_effects_listed', 'dead_letters_listed', 'dead_letters_by_age', 'compensations_listed', 'compensations_unsettled'];

const before = [
  `outbox_listed on countersign.outbox (${tenant}, ${newest('outbox_id')})`, `tool_effects_listed on countersign.tool_effects (${tenant}, ${newest('effect_id')})`,
  `dead_letters_listed on countersign.dead_letters (${tenant}, ${newest('dead_letter_id')})`, `compensations_listed on countersign.compensations (${tenant}, ${newest('compensation_id')})`,
  `dead_letters_by_age on countersign.dead_letters (${tenant}, opened_at_ms desc, dead_letter_id desc)`,
  `compensations_unsettled on countersign.compensations (status, updated_at_ms) where status not in ('completed', 'cancelled', 'cleared') and superseded_at_ms is null`,
];

const nameOf = (index: string): string => `countersign.${index.split(' ')[0] ?? ''}`;

/** What lists of the reliability ledger are found by when they are filtered, and what of a run blocks it. */
export class LedgerByStatus1787000701600 implements MigrationInterface {
  readonly name = 'LedgerByStatus1787000701600';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`drop index ${useless.map((name) => `countersign.${name}`).join(', ')}`);
    for (const index of [...tenantIndexes, ...runIndexes]) await runner.query(`create index ${index}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop index ${[...tenantIndexes, ...runIndexes].map(nameOf).join(', ')}`);
    for (const index of before) await runner.query(`create index ${index}`);
  }
}
