import type { Json, JsonObject } from '@cs/kernel';
import type { RowPair } from '@cs/read-models';
import type { Client } from 'pg';

export interface DriftOptions {
  readonly projected: string;
  readonly replayed: string;
  readonly table: string;
  /** Columns of the primary key. */
  readonly key: readonly string[];
}

interface StoredPair {
  readonly projected: JsonObject | null;
  readonly replayed: JsonObject | null;
}

const pageRows = 500;

/** Rows that are not alike in both schemas, or only in one. `to_json` keeps texts that are no JSON as they are. */
const pairsText = ({ projected, replayed, table, key }: DriftOptions): string =>
  `select case when p.${key[0]} is not null then to_json(p) end as projected, case when r.${key[0]} is not null then to_json(r) end as replayed
    from ${projected}.${table} p full join ${replayed}.${table} r on ${key.map((column) => `p.${column} = r.${column}`).join(' and ')}
    where p.${key[0]} is null or r.${key[0]} is null or row(p.*) is distinct from row(r.*)`;

/** `bigint` comes from JSON as a number; all of ours are below 2^53. */
const readPair = ({ projected, replayed }: StoredPair, { table, key }: DriftOptions): RowPair => ({ table, key, projected, replayed });

/** Pairs of rows that differ between two schemas, page by page. To be read within a transaction, which they are consistent in. */
export async function* differentRows(client: Client, options: DriftOptions): AsyncGenerator<RowPair> {
  await client.query(`declare drift no scroll cursor for ${pairsText(options)}`);
  try {
    for (;;) {
      const { rows } = await client.query<StoredPair & Record<string, Json>>(`fetch ${pageRows} from drift`);
      for (const row of rows) yield readPair(row, options);
      if (rows.length < pageRows) return;
    }
  } finally {
    await client.query('close drift');
  }
}
