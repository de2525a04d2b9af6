import { ledgerCollections, type LedgerCollection, type LedgerPage, type RecoveryOption, type RetryDue, type StoredDeadLetter } from '@cs/contracts';
import type { DueRecoveryRange, Reader, RecoveryQueries, ReliabilityFilter, ReliabilityQueries, ReliabilityRange } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { readCompensation, readEffect, readLetter, readOutbox } from './ledger-documents.js';
import { letterText, listedCollections, pageStatement, placeStatement, type LedgerPlace, type LedgerRow } from './ledger-statements.js';

const start: LedgerPlace = { at_ms: Number.MAX_SAFE_INTEGER, id: '' };
const empty = { outbox: [], tool_effects: [], dead_letters: [], compensations: [], next: {} } as const;

type Stored = Readonly<Record<string, unknown>>;
/** How each collection's rows become records; the rows are those of its own statement. */
export const ledgerReaders = { outbox: readOutbox, tool_effects: readEffect, dead_letters: readLetter, compensations: readCompensation } as unknown as Readonly<Record<LedgerCollection, (row: Stored, tenant: Reader) => unknown>>;

const due = (table: string, id: string, kind: RetryDue['kind']): string =>
  `(select org_id, workspace_id, run_id, '${kind}' as kind, ${id} as id, due_at_ms from countersign.${table}
    where due_at_ms <= $1 and run_id is not null and (due_at_ms, run_id, ${id}) > ($2, $3, $4) order by due_at_ms, run_id, ${id} limit $5)`;

/** The reliability ledger in PostgreSQL. */
export class PostgresReliabilityQueries implements ReliabilityQueries, RecoveryQueries {
  constructor(private readonly database: Database) {}

  async deadLetter(reader: Reader, deadLetterId: string): Promise<StoredDeadLetter | undefined> {
    const [row] = await askDatabase<Omit<StoredDeadLetter, 'recovery_options'> & { readonly recovery_options: string | null }>(this.database, {
      name: 'dead_letter', text: letterText, values: [reader.org_id, reader.workspace_id, reader.deployment_id, deadLetterId, reader.viewer_keys ?? null],
    });
    return row && { ...row, recovery_options: JSON.parse(row.recovery_options ?? '[]') as readonly RecoveryOption[] };
  }

  async ledger(reader: Reader, filter: ReliabilityFilter, { limit, after }: ReliabilityRange): Promise<LedgerPage> {
    if (after === undefined) return await this.#pages(reader, filter, { limit, collections: ledgerCollections, from: start });
    const found = await this.#places(reader, filter, after);
    const [only] = found;
    // Ids of several collections are alike: which one is meant has to be said.
    if (only === undefined || found.length > 1) return { ...empty, limit };
    return await this.#pages(reader, filter, { limit, collections: [only.collection], from: only });
  }

  due({ due_before_ms, after, limit }: DueRecoveryRange): Promise<readonly RetryDue[]> {
    return askDatabase<RetryDue>(this.database, {
      name: 'recovery_due',
      text: `select * from (${due('dead_letters', 'dead_letter_id', 'dead_letter')} union all ${due('compensations', 'compensation_id', 'compensation')}) as due order by due_at_ms, run_id, id limit $5`,
      values: [due_before_ms, after?.due_at_ms ?? -1, after?.run_id ?? '', after?.id ?? '', limit],
    });
  }

  /** Where the cursor stands in the list that is asked for, in each collection that has such a record. */
  async #places(reader: Reader, filter: ReliabilityFilter, { id, collection }: NonNullable<ReliabilityRange['after']>): Promise<readonly (LedgerPlace & { readonly collection: LedgerCollection })[]> {
    const wanted = collection === undefined ? ledgerCollections : [collection];
    const found = await Promise.all(wanted.map(async (one) => {
      const statement = placeStatement({ reader, filter, collection: one }, id);
      const rows = statement === undefined ? [] : await askDatabase<LedgerPlace>(this.database, statement);
      return rows.map((place) => ({ ...place, collection: one }));
    }));
    return found.flat();
  }

  async #pages(reader: Reader, filter: ReliabilityFilter, range: { readonly limit: number; readonly collections: readonly LedgerCollection[]; readonly from: LedgerPlace }): Promise<LedgerPage> {
    const { limit, collections } = range;
    const pages = await Promise.all(collections.map(async (collection) => [collection, await this.#page(reader, filter, { collection, ...range })] as const));
    const next = pages.flatMap(([collection, { rows, isFull }]) => {
      const last = rows.at(-1);
      if (last === undefined || !isFull) return [];
      const { before_created_at_ms } = filter;
      return [[collection, { after_id: String(last[listedCollections[collection].id]), after_collection: collection, ...(before_created_at_ms === undefined ? {} : { before_created_at_ms }) }] as const];
    });
    return { ...empty, ...Object.fromEntries(pages.map(([collection, { rows }]) => [collection, rows.map((row) => ledgerReaders[collection](row, reader))])), next: Object.fromEntries(next), limit };
  }

  /** A page that its bytes cut is full as well. */
  async #page(reader: Reader, filter: ReliabilityFilter, { collection, limit, from }: { readonly collection: LedgerCollection; readonly limit: number; readonly from: LedgerPlace }): Promise<{ readonly rows: readonly Stored[]; readonly isFull: boolean }> {
    const statement = pageStatement({ reader, filter, collection }, { limit, from });
    const rows = statement === undefined ? [] : await askDatabase<LedgerRow>(this.database, statement);
    return { rows: rows.map(({ item }) => JSON.parse(item) as Stored), isFull: (rows[0]?.found ?? 0) >= limit || rows.length < (rows[0]?.found ?? 0) };
  }
}
