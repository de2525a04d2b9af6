import type { Database } from './database.js';

/** Where a copy of the tables stands and where it is made. */
export interface CopyOptions {
  readonly from: string;
  readonly to: string;
  readonly tables: readonly string[];
}

interface StoredIndex {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
  /** Of the primary key or unique constraint that the index belongs to. */
  readonly constraint_name: string | null;
  readonly constraint_definition: string | null;
}

interface StoredOptions {
  readonly table: string;
  readonly options: readonly string[];
}

/** The tables have something that a copy would not have: what, and on which table. */
export class TablesNotCopiedError extends Error {
  override readonly name = 'TablesNotCopiedError';
}

const storedIndexes = (database: Database, schema: string, tables: readonly string[]): Promise<readonly StoredIndex[]> =>
  database.query<StoredIndex>({
    text: `select c.relname as table, i.relname as name, pg_get_indexdef(i.oid) as definition, k.conname as constraint_name, pg_get_constraintdef(k.oid) as constraint_definition
      from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
        left join pg_constraint k on k.conindid = i.oid and k.contype in ('p', 'u', 'x')
      where c.relnamespace = $1::regnamespace and c.relname = any($2) order by c.relname, x.indisprimary desc, i.relname`,
    values: [schema, tables],
  });

const storedOptions = (database: Database, schema: string, tables: readonly string[]): Promise<readonly StoredOptions[]> =>
  database.query<StoredOptions>({
    text: `select relname as table, reloptions as options from pg_class where relnamespace = $1::regnamespace and relname = any($2) and reloptions is not null order by relname`,
    values: [schema, tables],
  });

/** Rights that were given to others than the owner. */
const storedGrants = (database: Database, { from, to, tables }: CopyOptions): Promise<readonly { readonly statement: string }[]> =>
  database.query({
    text: `select format('grant %s on table %I.%I to %s%s', a.privilege_type, $3::text, c.relname, coalesce(quote_ident(r.rolname), 'public'), case when a.is_grantable then ' with grant option' end) as statement
      from pg_class c cross join lateral aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
      where c.relnamespace = $1::regnamespace and c.relname = any($2) and a.grantee <> c.relowner order by 1`,
    values: [from, tables, to],
  });

/** What refers to a table from outside of it stays with the old one when the tables change places. */
const refuseWhatStays = async (database: Database, schema: string, tables: readonly string[]): Promise<void> => {
  const found = await database.query<{ what: string }>({
    text: `with t as (select oid, relname from pg_class where relnamespace = $1::regnamespace and relname = any($2))
      select format('foreign key %s of %s', k.conname, t.relname) as what from pg_constraint k join t on t.oid in (k.conrelid, k.confrelid) where k.contype = 'f'
      union all select format('trigger %s of %s', g.tgname, t.relname) from pg_trigger g join t on t.oid = g.tgrelid where not g.tgisinternal
      union all select distinct format('view %s on %s', r.ev_class::regclass, t.relname) from pg_depend d join t on t.oid = d.refobjid join pg_rewrite r on r.oid = d.objid where d.classid = 'pg_rewrite'::regclass`,
    values: [schema, tables],
  });
  if (found.length > 0) throw new TablesNotCopiedError(`a generation of the projections cannot have: ${found.map(({ what }) => what).join(', ')}`);
};

const createTable = ({ from, to }: CopyOptions, table: string): string =>
  `create table ${to}.${table} (like ${from}.${table} including all excluding indexes excluding statistics)`;

const createIndex = ({ from, to }: CopyOptions, { table, definition, constraint_name, constraint_definition }: StoredIndex): string =>
  constraint_name === null || constraint_definition === null
    ? definition.replace(` ON ${from}.`, ` ON ${to}.`)
    : `alter table ${to}.${table} add constraint ${constraint_name} ${constraint_definition}`;

/** Statements that make empty tables like those that are there: the same names of indexes and constraints, the same rights. Throws `TablesNotCopiedError`. */
export const copyStatements = async (database: Database, options: CopyOptions): Promise<readonly string[]> => {
  const { from, tables } = options;
  await refuseWhatStays(database, from, tables);
  const [indexes, storage, grants] = await Promise.all([storedIndexes(database, from, tables), storedOptions(database, from, tables), storedGrants(database, options)]);
  return [
    ...tables.map((table) => createTable(options, table)),
    ...storage.map(({ table, options: set }) => `alter table ${options.to}.${table} set (${set.join(', ')})`),
    ...indexes.map((index) => createIndex(options, index)),
    ...grants.map(({ statement }) => statement),
  ];
};

/** Everything that makes the tables of a schema what they are, as one text: two schemas with the same text are alike. */
export const describeTables = async (database: Database, schema: string, tables: readonly string[]): Promise<string> => {
  const columns = await database.query<{ line: string }>({
    text: `select format('%s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)) as line
      from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where c.relnamespace = $1::regnamespace and c.relname = any($2) and a.attnum > 0 and not a.attisdropped order by c.relname, a.attnum`,
    values: [schema, tables],
  });
  const checks = await database.query<{ line: string }>({
    text: `select format('%s %s %s', c.relname, k.conname, pg_get_constraintdef(k.oid)) as line from pg_constraint k join pg_class c on c.oid = k.conrelid
      where c.relnamespace = $1::regnamespace and c.relname = any($2) and k.contype = 'c' order by 1`,
    values: [schema, tables],
  });
  const [indexes, storage] = await Promise.all([storedIndexes(database, schema, tables), storedOptions(database, schema, tables)]);
  return [
    ...columns.map(({ line }) => line), ...checks.map(({ line }) => line),
    ...indexes.map(({ definition, constraint_name, constraint_definition }) => `${definition.replace(` ON ${schema}.`, ' ON ')} ${constraint_name} ${constraint_definition}`),
    ...storage.map(({ table, options }) => `${table} ${options.join(', ')}`),
  ].join('\n');
};
