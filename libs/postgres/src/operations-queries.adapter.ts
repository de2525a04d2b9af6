import type { OperationsCounts, OperationsQueries } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';

const hourMs = 3_600_000;

type Of<Part extends keyof OperationsCounts> = OperationsCounts[Part][number];

/** Counts over all tenants. Each reads an index, or a table that holds only what somebody has to look at. */
export class PostgresOperationsQueries implements OperationsQueries {
  constructor(private readonly database: Database) {}

  async counts(nowMs: number): Promise<OperationsCounts> {
    const [runs, open_gates, dead_letters, deliveries] = await Promise.all([this.#runs(), this.#openGates(nowMs), this.#deadLetters(), this.#deliveries()]);
    return { runs, open_gates, dead_letters, deliveries };
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
    return askDatabase(this.database, { name: 'count_dead_letters', text: `select consumer, count(*) as count from countersign.dead_letters where status = 'open' group by 1` });
  }

  #deliveries(): Promise<readonly Of<'deliveries'>[]> {
    return askDatabase(this.database, { name: 'count_deliveries', text: `select status, count(*) as count from countersign.deliveries where status in ('pending', 'retrying') group by 1` });
  }
}
