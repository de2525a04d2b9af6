import type { ItemsPage, PageKey, PageRequest } from '@cs/read-models';

/** Documents in one answer, together; a message between services holds 8 MiB. */
export const answerBytes = 4 * 1024 * 1024;

/** What a page's query adds to each row: its place, the rows there are, and the bytes up to this row. */
export interface PagedRow {
  readonly at_ms: number;
  readonly id: string;
  readonly found: number;
}

/**
 * Cuts a query's rows (`at_ms`, `id`, `bytes`, newest first, one more than the page) to what one answer
 * holds; the first row is always there.
 */
export const boundedPage = (rows: string): string => `
  select * from (
    select rows.*, count(*) over () as found, row_number() over newest as place, sum(bytes) over (newest rows unbounded preceding) as total
    from (${rows}) as rows window newest as (order by at_ms desc, id desc)
  ) as sized where place = 1 or total <= ${answerBytes} order by at_ms desc, id desc`;

/** The values of the keyset condition `(at_ms, id) < ($n, $n + 1)`: the first page starts after everything. */
export const keysetValues = ({ after, limit }: PageRequest): readonly [number, string, number] => [after?.at_ms ?? Number.MAX_SAFE_INTEGER, after?.id ?? '', limit + 1];

export const toPage = <Row extends PagedRow, Item>(rows: readonly Row[], { limit }: PageRequest, read: (row: Row) => Item): ItemsPage<Item> => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = last !== undefined && last.found > shown.length;
  const next: PageKey | undefined = more ? { at_ms: last.at_ms, id: last.id } : undefined;
  return { items: shown.map(read), ...(next === undefined ? {} : { next }) };
};
