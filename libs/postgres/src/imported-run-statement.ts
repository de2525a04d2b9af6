import { statefulStatuses, type ImportedRunFilter, type PageRequest, type Reader } from '@cs/read-models';
import { boundedPage, keysetValues } from './answer-size.js';
import type { Statement } from './database.js';
import { triggersLike, triggerTypes } from './run-list-statement.js';
import { isSeenThrough } from './visibility.js';

/** The id of the newest event of an imported run. */
export const latestImportedEvent = (run: string): string =>
  `(select event_id from countersign.imported_run_events l where l.org_id = ${run}.org_id and l.workspace_id = ${run}.workspace_id and l.run_id = ${run}.run_id and l.seq = ${run}.last_seq)`;

const newest = 'order by r.created_at_ms desc, r.run_id desc limit $6';
const keys = (conditions: string): string => `
  select r.run_id, r.created_at_ms from countersign.imported_runs as r
  where r.org_id = $1 and r.workspace_id = $2 and r.deployment_id = $3 and (r.created_at_ms, r.run_id) < ($4, $5) and ${isSeenThrough('r', 7)}${conditions} ${newest}`;

/** Newest of each status in turn (and of each of these): each turn reads one range of one index. */
const inTurns = (condition: string, of = ''): string => `
  select turn.run_id, turn.created_at_ms from unnest($8::text[]) as wanted (status)${of} cross join lateral (${keys(` and r.stateful_status = wanted.status${condition}`)}) as turn
  order by turn.created_at_ms desc, turn.run_id desc limit $6`;

const pageText = (found: string): string => boundedPage(`
  select shown.*, keys.created_at_ms as at_ms, keys.run_id as id, octet_length(shown.record) as bytes from (${found}) as keys cross join lateral (
    select record, last_seq, ${latestImportedEvent('o')} as latest_event_id from countersign.imported_runs as o where org_id = $1 and workspace_id = $2 and run_id = keys.run_id limit 1
  ) as shown order by keys.created_at_ms desc, keys.run_id desc`);

/** Nearly all of the statuses of a phase have it. */
const ofPhase = ' and ($9::text is null or r.phase = $9)';

const isTrigger = 'position(lower($10::text) in lower(r.trigger_type)) > 0';

const texts = {
  imported_runs: pageText(keys('')),
  imported_runs_of_statuses: pageText(inTurns(ofPhase)),
  imported_runs_of_trigger: `with recursive ${triggerTypes('imported_runs')} ${pageText(inTurns(`${ofPhase} and r.trigger_type = trigger.trigger_type`, ` cross join ${triggersLike('lower($10::text)')}`))}`,
  imported_runs_of_automation: pageText(inTurns(`${ofPhase} and ($10::text is null or ${isTrigger}) and r.automation_id = $11`)),
};

/** Those of an automation are looked at one by one for their trigger; those of a tenant are found by it. */
const nameOf = ({ automation_id, statuses, trigger }: ImportedRunFilter): keyof typeof texts => {
  if (automation_id !== undefined) return 'imported_runs_of_automation';
  if (trigger !== undefined) return 'imported_runs_of_trigger';
  return statuses === undefined ? 'imported_runs' : 'imported_runs_of_statuses';
};

/** A page of imported runs, newest first. */
export const importedRunsStatement = (reader: Reader, filter: ImportedRunFilter, page: PageRequest): Statement => {
  const { automation_id, statuses = statefulStatuses, phase = null, trigger = null } = filter;
  const name = nameOf(filter);
  const common = [reader.org_id, reader.workspace_id, reader.deployment_id, ...keysetValues(page), reader.viewer_keys ?? null];
  const values = { imported_runs: [], imported_runs_of_statuses: [statuses, phase], imported_runs_of_trigger: [statuses, phase, trigger], imported_runs_of_automation: [statuses, phase, trigger, automation_id] };
  return { name, text: texts[name], values: [...common, ...values[name]] };
};
