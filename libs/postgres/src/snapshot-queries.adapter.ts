import type { PhaseTransition } from '@cs/contracts';
import { readLogEntry, type LogEntry } from '@cs/eventing';
import { toPosition, type Json, type Position } from '@cs/kernel';
import { compactionMarkerType, stepsOfMarker, type Reader, type RunKey, type SnapshotEvent, type SnapshotQueries, type SnapshotRange, type SnapshotTransition } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import { readArchiveRow, type StoredArchiveRow } from './archive-rows.js';
import type { Database } from './database.js';
import { isSeenThrough } from './visibility.js';

const ofRun = 'org_id = $1 and workspace_id = $2 and run_id = $3';
const columns = 'seq, event_id, event_type, occurred_at_ms, phase_id';
const commitColumns = 'a.position, a.subject, a.body, a.encoding, a.problem';

const newestText = `
  select * from (select ${columns} from countersign.run_events where ${ofRun} and seq < $4 and event_type <> '${compactionMarkerType}' order by seq desc limit $5) as newest order by seq`;
const oneText = `select ${columns} from countersign.run_events where ${ofRun} and event_id = $4 and event_type <> '${compactionMarkerType}'`;

export interface TransitionRow {
  readonly seq: number;
  readonly phase_transition: string;
  /** Payload of a marker of events that have left. */
  readonly marker: string | null;
}

/** Steps of the phase, from rows in order. A marker stands for several. */
export const readTransitions = (rows: readonly TransitionRow[]): readonly SnapshotTransition[] =>
  rows.flatMap(({ marker, phase_transition, seq }) =>
    (marker === null ? [JSON.parse(phase_transition) as PhaseTransition] : stepsOfMarker(JSON.parse(marker) as Json)).map((step) => ({ ...step, seq })));

/** What was set aside is as unreadable as it was. */
export const toEntry = (row: StoredArchiveRow): LogEntry => {
  const { position, subject, body, problem } = readArchiveRow(row);
  const entry = readLogEntry({ position: toPosition(position), subject, body });
  if (problem === null) return entry;
  const { stored: _stored, ...rest } = entry;
  return { ...rest, unreadable: problem };
};

/** What snapshots are made of, in PostgreSQL: the timeline and the archive. */
export class PostgresSnapshotQueries implements SnapshotQueries {
  constructor(private readonly database: Database) {}

  async snapshotEvents(reader: Reader, runId: string, range: SnapshotRange): Promise<readonly SnapshotEvent[] | undefined> {
    const [found] = await askDatabase<object>(this.database, {
      name: 'snapshot_run_exists',
      text: `select 1 from countersign.runs as r where org_id = $1 and workspace_id = $2 and deployment_id = $3 and run_id = $4 and ${isSeenThrough('r', 5)}`,
      values: [reader.org_id, reader.workspace_id, reader.deployment_id, runId, reader.viewer_keys ?? null],
    });
    if (!found) return undefined;
    const key = [reader.org_id, reader.workspace_id, runId];
    if ('snapshot_id' in range) return askDatabase<SnapshotEvent>(this.database, { name: 'snapshot_event', text: oneText, values: [...key, range.snapshot_id] });
    return askDatabase<SnapshotEvent>(this.database, { name: 'snapshot_events', text: newestText, values: [...key, range.before_seq ?? Number.MAX_SAFE_INTEGER, range.limit] });
  }

  async phaseTransitions({ org_id, workspace_id, run_id }: RunKey, { seq, limit }: { readonly seq: number; readonly limit: number }): Promise<readonly SnapshotTransition[]> {
    const rows = await askDatabase<TransitionRow>(this.database, {
      name: 'phase_transitions',
      text: `select seq, phase_transition, case when event_type = '${compactionMarkerType}' then payload end as marker from countersign.run_events where ${ofRun} and seq <= $4 and phase_transition is not null order by seq desc limit $5`,
      values: [org_id, workspace_id, run_id, seq, limit],
    });
    return readTransitions(rows.toReversed());
  }

  async commitsOfEvents({ org_id, workspace_id, run_id }: RunKey, { after_seq, to_seq }: { readonly after_seq: number; readonly to_seq: number }): Promise<readonly LogEntry[]> {
    const rows = await askDatabase<StoredArchiveRow>(this.database, {
      name: 'commits_of_events',
      text: `select ${commitColumns} from (select distinct position from countersign.run_events where ${ofRun} and seq > $4 and seq <= $5) as p
        join countersign.archive as a using (position) order by position`,
      values: [org_id, workspace_id, run_id, after_seq, to_seq],
    });
    return rows.map(toEntry);
  }

  async commitAt(position: Position): Promise<LogEntry | undefined> {
    const [row] = await askDatabase<StoredArchiveRow>(this.database, { name: 'archived_commit', text: `select ${commitColumns} from countersign.archive as a where position = $1`, values: [position] });
    return row && toEntry(row);
  }
}
