import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `create index outbox_unsettled on countersign.outbox (status, updated_at_ms) where status not in ('sent', 'cancelled')`,
  `create index tool_effects_unsettled on countersign.tool_effects (status, updated_at_ms) where status <> 'succeeded'`,
  `create index dead_letters_unsettled on countersign.dead_letters (status, consumer, updated_at_ms) where status not in ('ignored', 'resolved', 'cleared') and superseded_at_ms is null`,
  `create index compensations_unsettled on countersign.compensations (status, updated_at_ms) where status not in ('completed', 'cancelled', 'cleared') and superseded_at_ms is null`,
];

/** What records of the reliability ledger are counted by that are not settled. */
export class UnsettledLedger1787000701400 implements MigrationInterface {
  readonly name = 'UnsettledLedger1787000701400';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index countersign.outbox_unsettled, countersign.tool_effects_unsettled, countersign.dead_letters_unsettled, countersign.compensations_unsettled');
  }
}
