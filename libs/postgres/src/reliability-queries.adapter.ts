import { ledgerCollections, type LedgerCollection, type LedgerPage, type RecoveryOption, type RetryDue, type StoredDeadLetter } from '@cs/contracts';
import type { DueRecoveryRange, Reader, RecoveryQueries, ReliabilityFilter, ReliabilityQueries, ReliabilityRange } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { readCompensation, readEffect, readLetter, readOutbox } from './ledger-documents.js';
import { letterText, listedCollections, listText, placeText } from './ledger-statements.js';

interface Place {
  readonly at_ms: number;
  readonly id: string;
}

const start: Place = { at_ms: Number.MAX_SAFE_INTEGER, id: '' };
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
    return await this.#pages(reader, filter, { limit, collections: [only.collection], from: { at_ms: only.at_ms, id: after.id } });
  }

  due({ due_before_ms, after, limit }: DueRecoveryRange): Promise<readonly RetryDue[]> {
    return askDatabase<RetryDue>(this.database, {
      name: 'recovery_due',
      text: `select * from (${due('dead_letters', 'dead_letter_id', 'dead_letter')} union all ${due('compensations', 'compensation_id', 'compensation')}) as due order by due_at_ms, run_id, id limit $5`,
      values: [due_before_ms, after?.due_at_ms ?? -1, after?.run_id ?? '', after?.id ?? '', limit],
    });
  }

  async #places(reader: Reader, { run_id }: ReliabilityFilter, { id, collection }: NonNullable<ReliabilityRange['after']>): Promise<readonly { readonly collection: LedgerCollection; readonly at_ms: number }[]> {
    const wanted = collection === undefined ? ledgerCollections : [collection];
    const found = await Promise.all(wanted.map(async (one) => {
      const rows = await askDatabase<{ updated_at_ms: number }>(this.database, {
        name: `ledger_place_${one}`, text: placeText(one), values: [reader.org_id, reader.workspace_id, reader.deployment_id, id, run_id ?? null, reader.viewer_keys ?? null],
      });
      return rows.map(({ updated_at_ms }) => ({ collection: one, at_ms: updated_at_ms }));
    }));
    return found.flat();
  }

  async #pages(reader: Reader, filter: ReliabilityFilter, range: { readonly limit: number; readonly collections: readonly LedgerCollection[]; readonly from: Place }): Promise<LedgerPage> {
    const { limit, collections } = range;
    const pages = await Promise.all(collections.map(async (collection) => [collection, await this.#page(reader, filter, { collection, ...range })] as const));
    const next = pages.flatMap(([collection, rows]) => {
      const last = rows.at(-1);
      if (last === undefined || rows.length < limit) return [];
      const { before_created_at_ms } = filter;
      return [[collection, { after_id: String(last[listedCollections[collection].id]), after_collection: collection, ...(before_created_at_ms === undefined ? {} : { before_created_at_ms }) }] as const];
    });
    return { ...empty, ...Object.fromEntries(pages.map(([collection, rows]) => [collection, rows.map((row) => ledgerReaders[collection](row, reader))])), next: Object.fromEntries(next), limit };
  }

  #page(reader: Reader, filter: ReliabilityFilter, { collection, limit, from }: { readonly collection: LedgerCollection; readonly limit: number; readonly from: Place }): Promise<readonly Stored[]> {
    const { run_id, status, source_type, active_recovery_only, before_created_at_ms } = filter;
    return askDatabase<Stored>(this.database, {
      name: `ledger_${collection}${run_id === undefined ? '' : '_of_run'}`, text: listText(collection, run_id !== undefined),
      values: [
        reader.org_id, reader.workspace_id, reader.deployment_id, run_id ?? null, status ?? null, source_type ?? null, active_recovery_only, before_created_at_ms ?? null, reader.viewer_keys ?? null, from.at_ms, from.id, limit,
      ],
    });
  }
}
