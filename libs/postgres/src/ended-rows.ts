import { askDatabase } from './ask-database.js';
import { schema as liveSchema, type Database } from './database.js';

/** A table from which rows are taken out some time after they ended. */
export interface EndedTable {
  readonly name: string;
  /** Columns of the primary key. */
  readonly key: readonly string[];
  /** Condition: the row has ended. */
  readonly hasEnded: string;
  /** When it ended, in milliseconds; an index on it finds the oldest. */
  readonly endedAt: string;
}

/** Every such table. What is open stays, however old. */
export const endedTables = {
  // Of the reliability ledger what is settled; what is pending, failed, unknown or open stays for ever (domain 9.8).
  outbox: { name: 'outbox', key: ['org_id', 'workspace_id', 'outbox_id'], hasEnded: `status in ('sent', 'cancelled')`, endedAt: 'updated_at_ms' },
  tool_effects: { name: 'tool_effects', key: ['org_id', 'workspace_id', 'effect_id'], hasEnded: `status = 'succeeded'`, endedAt: 'updated_at_ms' },
  dead_letters: { name: 'dead_letters', key: ['org_id', 'workspace_id', 'dead_letter_id'], hasEnded: `status in ('ignored', 'resolved', 'cleared')`, endedAt: 'updated_at_ms' },
  compensations: { name: 'compensations', key: ['org_id', 'workspace_id', 'compensation_id'], hasEnded: `status in ('completed', 'cancelled', 'cleared')`, endedAt: 'updated_at_ms' },
  waits: { name: 'waits', key: ['org_id', 'workspace_id', 'run_id', 'wait_id'], hasEnded: `status <> 'waiting'`, endedAt: 'coalesce(completed_at_ms, updated_at_ms)' },
} as const satisfies Readonly<Record<string, EndedTable>>;

export interface EndedRange {
  readonly ended_before_ms: number;
  readonly limit: number;
}

/**
 * Deletes rows that ended before a time, the oldest first and at most `limit`; answers how many. The log
 * keeps what happened.
 */
export const pruneEnded = async (database: Database, { name, key, hasEnded, endedAt }: EndedTable, { ended_before_ms, limit }: EndedRange): Promise<number> => {
  const columns = key.join(', ');
  const rows = await askDatabase<object>(database, {
    name: `prune_${name}`,
    text: `delete from ${liveSchema}.${name} where (${columns}) in (
        select ${columns} from ${liveSchema}.${name} where ${hasEnded} and ${endedAt} < $1 order by ${endedAt} limit $2
      ) and ${hasEnded} returning 1`,
    values: [ended_before_ms, limit],
  });
  return rows.length;
};

/** Remembers that what ended before a time is out, so that a rebuild leaves it out too. */
export const rememberPruned = async (database: Database, table: string, before_ms: number): Promise<void> => {
  await askDatabase<object>(database, {
    name: 'remember_pruned',
    text: `insert into ${liveSchema}.retention (table_name, before_ms) values ($1, $2) on conflict (table_name) do update set before_ms = greatest(retention.before_ms, excluded.before_ms)`,
    values: [table, before_ms],
  });
};

/** Takes out of another generation what is out of the live one. */
export const leaveOutEnded = (schema: string): readonly string[] =>
  Object.values<EndedTable>(endedTables).map(({ name, hasEnded, endedAt }) =>
    `delete from ${schema}.${name} where ${hasEnded} and ${endedAt} < (select before_ms from ${liveSchema}.retention where table_name = '${name}')`);
