import { compactionMarkerType, type CompactedEvent, type Compaction, type RunKey } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import { schema as liveSchema, type Database } from './database.js';

export interface CompactionRange {
  /** Events that are younger stay. */
  readonly before_ms: number;
  /** The newest events of each run stay, so many. */
  readonly keep: number;
  /** Runs that one answer looks at. */
  readonly runs: number;
  /** Where the answer before ended; runs are looked at from the oldest on. */
  readonly after?: RunPlace | undefined;
}

export interface RunPlace extends RunKey {
  readonly created_at_ms: number;
}

/** Events that are to leave the timeline of a run, in order: a marker takes the place of the last. */
export interface CompactableRun extends RunPlace {
  readonly deployment_id: string;
  readonly events: readonly CompactedEvent[];
}

export interface CompactableRuns {
  readonly runs: readonly CompactableRun[];
  /** Of the last run that was looked at; absent when there are no more. */
  readonly next?: RunPlace;
}

/** One statement takes so many events of one run, at most: a longer history takes several turns. */
const eventsAtATime = 2000;

interface StoredEvent {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly deployment_id: string;
  readonly run_id: string;
  readonly created_at_ms: number;
  readonly seq: number | null;
  readonly event_id: string | null;
  readonly event_type: string | null;
  readonly phase_transition: string | null;
  readonly marker: string | null;
}

/**
 * The times of a run's events grow with `seq`, so its first event behind the marker says whether anything is
 * old enough, and one step back from the newest that may go says how far.
 */
const compactableText = `
  with looked as (
    select org_id, workspace_id, deployment_id, run_id, created_at_ms, version - $2 as last_seq from ${liveSchema}.runs
    where created_at_ms < $1 and (created_at_ms, run_id, org_id, workspace_id) > ($3, $4, $5, $6) order by created_at_ms, run_id, org_id, workspace_id limit $7
  ), due as (
    select looked.*, first.seq as first_seq from looked cross join lateral (
      select seq, occurred_at_ms from ${liveSchema}.run_events e
      where e.org_id = looked.org_id and e.workspace_id = looked.workspace_id and e.run_id = looked.run_id and event_type <> '${compactionMarkerType}' order by seq limit 1
    ) as first where first.seq <= last_seq and first.occurred_at_ms < $1
  ), bounded as (
    select due.*, (
      select seq from ${liveSchema}.run_events e
      where e.org_id = due.org_id and e.workspace_id = due.workspace_id and e.run_id = due.run_id and seq <= least(last_seq, first_seq + ${eventsAtATime - 1}) and occurred_at_ms < $1 order by seq desc limit 1
    ) as through from due
  )
  select looked.org_id, looked.workspace_id, looked.deployment_id, looked.run_id, looked.created_at_ms, e.seq, e.event_id, e.event_type, e.phase_transition,
    case when e.event_type = '${compactionMarkerType}' then e.payload end as marker
  from looked left join bounded using (org_id, workspace_id, run_id)
    left join ${liveSchema}.run_events e on e.org_id = bounded.org_id and e.workspace_id = bounded.workspace_id and e.run_id = bounded.run_id and e.seq <= bounded.through
  order by looked.created_at_ms, looked.run_id, looked.org_id, looked.workspace_id, e.seq`;

const readDocument = <Value>(text: string | null): Value | null => (text === null ? null : (JSON.parse(text) as Value));

const compactableOf = (rows: readonly StoredEvent[]): readonly CompactableRun[] => {
  const runs = new Map<string, { readonly place: Omit<CompactableRun, 'events'>; readonly events: CompactedEvent[] }>();
  for (const { seq, event_id, event_type, phase_transition, marker, ...place } of rows) {
    if (seq === null || event_id === null || event_type === null) continue;
    const key = `${place.org_id}/${place.workspace_id}/${place.run_id}`;
    const run = runs.get(key) ?? { place, events: [] };
    run.events.push({ seq, event_id, phase_transition: readDocument(phase_transition), marker: readDocument(marker) });
    runs.set(key, run);
  }
  return [...runs.values()].map(({ place, events }) => ({ ...place, events }));
};

const placeOf = ({ created_at_ms, run_id, org_id, workspace_id }: RunPlace): RunPlace => ({ created_at_ms, run_id, org_id, workspace_id });
const placeValues = (after: RunPlace = { created_at_ms: -1, run_id: '', org_id: '', workspace_id: '' }): readonly (string | number)[] => [after.created_at_ms, after.run_id, after.org_id, after.workspace_id];

/** Runs that have events to leave their timelines, and where to go on. */
export const compactableRuns = async (database: Database, { before_ms, keep, runs: limit, after }: CompactionRange): Promise<CompactableRuns> => {
  const rows = await askDatabase<StoredEvent>(database, { name: 'compactable_runs', text: compactableText, values: [before_ms, keep, ...placeValues(after), limit] });
  const last = rows.at(-1);
  const looked = new Set(rows.map(({ org_id, workspace_id, run_id }) => `${org_id}/${workspace_id}/${run_id}`)).size;
  return { runs: compactableOf(rows), ...(last === undefined || looked < limit ? {} : { next: placeOf(last) }) };
};

const markedColumns = `event_id, event_type, actor, phase_id, phase_transition, wait_kind, causation_id, payload`;

/** Puts markers in the place of the last events that leave, and deletes those before. One statement: both or neither. Answers how many events left. */
export const compactRuns = async (database: Database, compactions: readonly Compaction[]): Promise<number> => {
  const [row] = await askDatabase<{ compacted: number }>(database, {
    name: 'compact_runs',
    text: `with m as (select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[]) as m (org_id, workspace_id, run_id, through, event_id, phase_transition, payload)),
      marked as (
        update ${liveSchema}.run_events e set event_id = m.event_id, event_type = '${compactionMarkerType}', actor = null, phase_id = null, wait_kind = null, causation_id = null, phase_transition = m.phase_transition, payload = m.payload
        from m where e.org_id = m.org_id and e.workspace_id = m.workspace_id and e.run_id = m.run_id and e.seq = m.through and e.event_type <> '${compactionMarkerType}' returning e.org_id, e.workspace_id, e.run_id, e.seq
      ), deleted as (
        delete from ${liveSchema}.run_events e using marked where e.org_id = marked.org_id and e.workspace_id = marked.workspace_id and e.run_id = marked.run_id and e.seq < marked.seq returning e.event_type
      ) select (select count(*) from marked) + (select count(*) from deleted where event_type <> '${compactionMarkerType}') as compacted`,
    values: [
      compactions.map(({ org_id }) => org_id), compactions.map(({ workspace_id }) => workspace_id), compactions.map(({ run_id }) => run_id), compactions.map(({ through_seq }) => through_seq),
      compactions.map(({ event_id }) => event_id), compactions.map(({ phase_transition }) => (phase_transition === null ? null : JSON.stringify(phase_transition))), compactions.map(({ payload }) => JSON.stringify(payload)),
    ],
  });
  return row?.compacted ?? 0;
};

/**
 * Compacts another generation as the live one is: nothing that has left a timeline comes back, and nothing
 * else leaves it. Only markers that are further than those of the generation count, so a repetition costs little.
 */
export const compactLike = (schema: string): readonly string[] => {
  const further = `${liveSchema}.run_events l where l.event_type = '${compactionMarkerType}'
      and not exists (select from ${schema}.run_events n where (n.org_id, n.workspace_id, n.run_id, n.seq) = (l.org_id, l.workspace_id, l.run_id, l.seq) and n.event_type = l.event_type)`;
  return [
    `delete from ${schema}.run_events d using (select org_id, workspace_id, run_id, seq from ${further}) as m
      where d.org_id = m.org_id and d.workspace_id = m.workspace_id and d.run_id = m.run_id and d.seq < m.seq`,
    `update ${schema}.run_events u set (${markedColumns}) = (m.event_id, m.event_type, m.actor, m.phase_id, m.phase_transition, m.wait_kind, m.causation_id, m.payload)
      from (select l.* from ${further}) as m where u.org_id = m.org_id and u.workspace_id = m.workspace_id and u.run_id = m.run_id and u.seq = m.seq`,
  ];
};
