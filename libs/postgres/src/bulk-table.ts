import { canonicalJson, type KnownTexts } from '@cs/kernel';
import type { ArrayParameters } from './array-parameters.js';

/** How a row's member becomes a column. */
export interface Column<Row> {
  readonly type: 'text' | 'bigint';
  readonly write: (rows: readonly Row[], parameters: ArrayParameters) => void;
}

export const text = <Row>(read: (row: Row) => string | null): Column<Row> => ({ type: 'text', write: (rows, parameters) => parameters.addTexts(rows, read) });
export const bigint = <Row>(read: (row: Row) => number | null): Column<Row> => ({ type: 'bigint', write: (rows, parameters) => parameters.addBigints(rows, read) });
/** A JSON document. */
export const document = <Row>(read: (row: Row) => unknown): Column<Row> =>
  text((row) => {
    const value = read(row);
    return value === null || value === undefined ? null : JSON.stringify(value);
  });

/** A run with a long list is written again with each batch, and nearly all of its outputs are those of the batch before. */
const knownTexts: KnownTexts = new WeakMap();

/**
 * A JSON document that is folded: equal values have equal text, whether the fold went on in memory or
 * from what was stored. A fold changes nothing in place.
 */
export const foldedDocument = <Row>(read: (row: Row) => unknown): Column<Row> =>
  text((row) => {
    const value = read(row);
    return value === null || value === undefined ? null : canonicalJson(value, knownTexts);
  });

/** Columns of the same name and kind as the row's members. */
export const texts = <Name extends string>(...names: readonly Name[]): Record<Name, Column<Readonly<Record<Name, string | null>>>> =>
  Object.fromEntries(names.map((name) => [name, text((row: Readonly<Record<Name, string | null>>) => row[name])])) as Record<Name, Column<Readonly<Record<Name, string | null>>>>;
export const bigints = <Name extends string>(...names: readonly Name[]): Record<Name, Column<Readonly<Record<Name, number | null>>>> =>
  Object.fromEntries(names.map((name) => [name, bigint((row: Readonly<Record<Name, number | null>>) => row[name])])) as Record<Name, Column<Readonly<Record<Name, number | null>>>>;

export interface BulkTable<Row> {
  readonly name: string;
  readonly columns: Readonly<Record<string, Column<Row>>>;
  /** Key of a row that may be there already. Absent: every row is new. */
  readonly conflict?: readonly string[];
  /** How a row that is there changes, by column, where it is not simply replaced. */
  readonly merge?: Readonly<Record<string, string>>;
  /** Leaves a row that is there as it is. */
  readonly keep?: boolean;
}

const onConflict = <Row>({ name, columns, conflict, merge = {}, keep }: BulkTable<Row>): string => {
  if (conflict === undefined) return '';
  const changed = Object.keys(columns).filter((column) => !conflict.includes(column));
  if (keep === true || changed.length === 0) return ` on conflict (${conflict.join(', ')}) do nothing`;
  const sets = changed.map((column) => `${column} = ${merge[column]?.replaceAll('{old}', `${name}.${column}`).replaceAll('{new}', `excluded.${column}`) ?? `excluded.${column}`}`);
  return ` on conflict (${conflict.join(', ')}) do update set ${sets.join(', ')}`;
};

/** One statement that writes any number of rows to the table of a schema; `first` is the number of its first parameter. */
export const bulkInsert = <Row>(table: BulkTable<Row>, { schema, first, condition }: { readonly schema: string; readonly first: number; readonly condition: string }): string => {
  const names = Object.keys(table.columns);
  const arrays = Object.values(table.columns).map(({ type }, index) => `$${first + index}::${type}[]`);
  return `insert into ${schema}.${table.name} as ${table.name} (${names.join(', ')}) select * from unnest(${arrays.join(', ')}) where ${condition}${onConflict(table)}`;
};

export const writeRows = <Row>({ columns }: BulkTable<Row>, rows: readonly Row[], parameters: ArrayParameters): void => {
  for (const column of Object.values(columns)) column.write(rows, parameters);
};
