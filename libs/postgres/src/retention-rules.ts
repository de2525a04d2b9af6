import type { Digest } from '@cs/eventing';
import { compactionOf, type RetentionRule } from '@cs/read-models';
import type { Database } from './database.js';
import { endedTables, pruneEnded, rememberPruned, type EndedTable } from './ended-rows.js';
import { compactableRuns, compactRuns, type RunPlace } from './event-compaction.js';

/** Rows that one statement deletes: short enough to be in nobody's way. */
const rowsAtATime = 1000;
const runsAtATime = 200;

/** Takes out rows that ended, and remembers how far, for rebuilds. */
const endedRows = (database: Database, table: EndedTable): RetentionRule => ({
  what: `ended ${table.name}`,
  async *prune(before_ms) {
    for (let deleted = rowsAtATime; deleted === rowsAtATime; ) {
      deleted = await pruneEnded(database, table, { ended_before_ms: before_ms, limit: rowsAtATime });
      yield deleted;
    }
    await rememberPruned(database, table.name, before_ms);
  },
});

/** Takes old events out of timelines, and with them their snapshots; the newest `keep` of each run stay (domain 7.8). */
const oldEvents = (database: Database, { keep, digest }: { readonly keep: number; readonly digest: Digest }): RetentionRule => ({
  what: 'events of timelines',
  async *prune(before_ms) {
    let after: RunPlace | undefined;
    for (let more = true; more; ) {
      const { runs, next } = await compactableRuns(database, { before_ms, keep, runs: runsAtATime, after });
      const compactions = runs.map((run) => compactionOf(run, run.events, digest)).filter((compaction) => compaction !== undefined);
      const compacted = compactions.length === 0 ? 0 : await compactRuns(database, compactions);
      yield compacted;
      // A long history takes several turns: the same runs are looked at again until none of them has anything to give.
      if (compacted > 0) continue;
      after = next;
      more = next !== undefined;
    }
  },
});

/** Everything that is taken out of the projections with age. */
export const retentionRules = (database: Database, options: { readonly keep: number; readonly digest: Digest }): readonly RetentionRule[] => [
  ...Object.values<EndedTable>(endedTables).map((table) => endedRows(database, table)), oldEvents(database, options),
];
