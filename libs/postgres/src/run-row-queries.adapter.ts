import { canonicalJson, type JsonObject } from '@cs/kernel';
import type { RowChanges, RowPair, RunKey, RunRowQueries } from '@cs/read-models';
import { ArrayParameters } from './array-parameters.js';
import { askDatabase } from './ask-database.js';
import { writeRows, type BulkTable } from './bulk-table.js';
import { schema, type Database } from './database.js';
import { projectionTables } from './projection-tables.js';
import { tableKeys } from './table-keys.js';

/** Tables in which the rows of a run follow from the commits of that run alone. */
const tablesOfRun = ['runs', 'run_parts', 'run_events', 'waits', 'gates'] as const;
type TableOfRun = (typeof tablesOfRun)[number];

interface Side {
  readonly side: 'projected' | 'replayed';
  readonly row: JsonObject;
}

/** Rows of either side that the other does not have alike. What is replayed goes through the same columns as what is written. */
const differenceText = ({ name, columns }: Pick<BulkTable<never>, 'name' | 'columns'>): string => {
  const names = Object.keys(columns).join(', ');
  const arrays = Object.values(columns).map(({ type }, index) => `$${index + 4}::${type}[]`);
  return `with replayed as (select * from unnest(${arrays.join(', ')}) as r (${names})),
    stored as (select ${names} from ${schema}.${name} where org_id = $1 and workspace_id = $2 and run_id = $3)
    select 'projected' as side, to_json(d) as row from (select * from stored except select * from replayed) d
    union all select 'replayed', to_json(d) from (select * from replayed except select * from stored) d`;
};

const pairs = (table: string, key: readonly string[], sides: readonly Side[]): readonly RowPair[] => {
  const found = new Map<string, RowPair>();
  for (const { side, row } of sides) {
    const text = canonicalJson(key.map((column) => row[column] ?? null));
    found.set(text, { ...(found.get(text) ?? { table, key, projected: null, replayed: null }), [side]: row });
  }
  return [...found.values()];
};

/** Compares rows of a run with those in the database. */
export class PostgresRunRowQueries implements RunRowQueries {
  #keys: Promise<ReadonlyMap<string, readonly string[]>> | undefined;

  constructor(private readonly database: Database) {}

  async differentRows(run: RunKey, rows: RowChanges): Promise<readonly RowPair[]> {
    const keys = await this.#tableKeys();
    const found = await Promise.all(tablesOfRun.map(async (table) => pairs(table, keys.get(table) ?? [], await this.#compare(table, run, rows))));
    return found.flat();
  }

  #tableKeys(): Promise<ReadonlyMap<string, readonly string[]>> {
    this.#keys ??= tableKeys(this.database, schema, tablesOfRun).catch((error: unknown) => {
      this.#keys = undefined;
      throw error;
    });
    return this.#keys;
  }

  #compare<Table extends TableOfRun>(name: Table, { org_id, workspace_id, run_id }: RunKey, rows: RowChanges): Promise<readonly Side[]> {
    const table = projectionTables[name];
    const parameters = new ArrayParameters();
    writeRows(table, rows[name], parameters);
    return askDatabase<Side>(this.database, { name: `different_${name}`, text: differenceText(table), values: [org_id, workspace_id, run_id, ...parameters.all()] });
  }
}
