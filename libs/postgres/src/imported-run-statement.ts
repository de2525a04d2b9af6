import { statefulStatuses, type ImportedRunFilter, type PageRequest, type Reader } from '@cs/read-models';
import { boundedPage, keysetValues } from './answer-size.js';
import type { Statement } from './database.js';
import { isSeenThrough } from './visibility.js';

/** The id of the newest event of an imported run. */
export const latestImportedEvent = (run: string): string =>
  `(select event_id from countersign.imported_run_events l where l.org_id = ${run}.org_id and l.workspace_id = ${run}.workspace_id and l.run_id = ${run}.run_id and l.seq = ${run}.last_seq)`;

const newest = 'order by r.created_at_ms desc, r.run_id desc limit $6';
const keys = (conditions: string): string => `
  select r.run_id, r.created_at_ms from countersign.imported_runs as r
  where r.org_id = $1 and r.workspace_id = $2 and r.deployment_id = $3 and (r.created_at_ms, r.run_id) < ($4, $5) and ${isSeenThrough('r', 7)}${conditions} ${newest}`;

/** Newest of each status in turn: each turn reads one range of one index. */
const inTurns = (condition: string): string => `
  select turn.run_id, turn.created_at_ms from unnest($8::text[]) as wanted (status) cross join lateral (${keys(` and r.stateful_status = wanted.status${condition}`)}) as turn
  order by turn.created_at_ms desc, turn.run_id desc limit $6`;

const pageText = (found: string): string => boundedPage(`
  select shown.*, keys.created_at_ms as at_ms, keys.run_id as id, octet_length(shown.record) as bytes from (${found}) as keys cross join lateral (
    select record, last_seq, ${latestImportedEvent('o')} as latest_event_id from countersign.imported_runs as o where org_id = $1 and workspace_id = $2 and run_id = keys.run_id limit 1
  ) as shown order by keys.created_at_ms desc, keys.run_id desc`);

/** Nearly all of the statuses of a phase have it. */
const ofPhase = ' and ($9::text is null or r.phase = $9)';

const texts = {
  imported_runs: pageText(keys('')), imported_runs_of_statuses: pageText(inTurns(ofPhase)), imported_runs_of_automation: pageText(inTurns(`${ofPhase} and r.automation_id = $10`)),
};

/** A page of imported runs, newest first. */
export const importedRunsStatement = (reader: Reader, { automation_id, statuses, phase }: ImportedRunFilter, page: PageRequest): Statement => {
  const common = [reader.org_id, reader.workspace_id, reader.deployment_id, ...keysetValues(page), reader.viewer_keys ?? null];
  const wanted = statuses ?? statefulStatuses;
  if (automation_id !== undefined) return { name: 'imported_runs_of_automation', text: texts.imported_runs_of_automation, values: [...common, wanted, phase ?? null, automation_id] };
  return statuses === undefined ? { name: 'imported_runs', text: texts.imported_runs, values: common } : { name: 'imported_runs_of_statuses', text: texts.imported_runs_of_statuses, values: [...common, wanted, phase ?? null] };
};
