import { ledgerCollections, type LedgerCollection } from '@cs/contracts';
import type { OperationsCounts, OperationsQueries } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';

const hourMs = 3_600_000;

/** What is not settled of each collection, as the index says by which it is counted. */
const unsettled: Readonly<Record<LedgerCollection, string>> = {
  outbox: `status not in ('sent', 'cancelled')`,
  tool_effects: `status <> 'succeeded'`,
  dead_letters: `status not in ('ignored', 'resolved', 'cleared') and superseded_at_ms is null`,
  compensations: `status not in ('completed', 'cancelled', 'cleared') and superseded_at_ms is null`,
};

/** Each collection by status, from its index alone. */
export const ledgerText = ledgerCollections
  .map((collection) => `select '${collection}' as collection, status, count(*) as count, min(updated_at_ms) as oldest_at_ms from countersign.${collection} where ${unsettled[collection]} group by status`)
  .join(' union all ');

export const deadLettersText = `select consumer, count(*) as count from countersign.dead_letters where status = 'open' and ${unsettled.dead_letters} group by 1`;

type Of<Part extends keyof OperationsCounts> = OperationsCounts[Part][number];

/** Counts over all tenants. Each reads an index, or a table that holds only what somebody has to look at. */
export class PostgresOperationsQueries implements OperationsQueries {
  constructor(private readonly database: Database) {}

  async counts(nowMs: number): Promise<OperationsCounts> {
    const [runs, open_gates, dead_letters, deliveries, ledger] = await Promise.all([this.#runs(), this.#openGates(nowMs), this.#deadLetters(), this.#deliveries(), this.#ledger()]);
    return { runs, open_gates, dead_letters, deliveries, ledger };
  }

  #runs(): Promise<readonly Of<'runs'>[]> {
    return askDatabase(this.database, { name: 'count_runs', text: 'select stateful_status as status, count(*) as count from countersign.runs group by 1' });
  }

  #openGates(nowMs: number): Promise<readonly Of<'open_gates'>[]> {
    return askDatabase(this.database, {
      name: 'count_open_gates',
      text: `select case when requested_at_ms > $1 then 'under_1h' when requested_at_ms > $2 then 'under_1d' when requested_at_ms > $3 then 'under_7d' else 'over_7d' end as age, count(*) as count
        from countersign.gates where status = 'open' group by 1`,
      values: [nowMs - hourMs, nowMs - 24 * hourMs, nowMs - 168 * hourMs],
    });
  }

  #deadLetters(): Promise<readonly Of<'dead_letters'>[]> {
    return askDatabase(this.database, { name: 'count_dead_letters', text: deadLettersText });
  }

  #ledger(): Promise<readonly Of<'ledger'>[]> {
    return askDatabase(this.database, { name: 'count_ledger', text: ledgerText });
  }

  #deliveries(): Promise<readonly Of<'deliveries'>[]> {
    return askDatabase(this.database, { name: 'count_deliveries', text: `select status, count(*) as count from countersign.deliveries where status in ('pending', 'retrying') group by 1` });
  }
}
