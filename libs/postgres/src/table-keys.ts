import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';

/** Columns of the primary keys of tables, by table. */
export const tableKeys = async (database: Database, schema: string, tables: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> => {
  const rows = await askDatabase<{ table: string; columns: readonly string[] }>(database, {
    text: `select c.relname as table, array_agg(a.attname::text order by array_position(x.indkey::smallint[], a.attnum)) as columns
      from pg_index x join pg_class c on c.oid = x.indrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = any(x.indkey)
      where x.indisprimary and c.relnamespace = $1::regnamespace and c.relname = any($2) group by c.relname`,
    values: [schema, tables],
  });
  return new Map(rows.map(({ table, columns }) => [table, columns]));
};
