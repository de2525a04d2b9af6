import { createHash } from 'node:crypto';
import { statefulStatuses, wantedScopeKeys, type PageRequest, type Reader, type RunFilter } from '@cs/read-models';
import { boundedPage, keysetValues } from './answer-size.js';
import type { Statement } from './database.js';
import { partTexts } from './run-part-columns.js';

const ofTenant = 'org_id = $1 and workspace_id = $2 and deployment_id = $3';

/** What a run is read from, but for what stands beside its record: with its newest event, its definition and its automation, for what its scope says. */
export const runColumns = 'record, parts_bytes, version, l.event_id as latest_event_id, d.scope, a.owner_kind, a.owner_id';
export const withScope = (runs: string): string => `
  left join countersign.run_events l on l.org_id = ${runs}.org_id and l.workspace_id = ${runs}.workspace_id and l.run_id = ${runs}.run_id and l.seq = ${runs}.version
  left join countersign.definitions d on d.org_id = ${runs}.org_id and d.workspace_id = ${runs}.workspace_id and d.definition_hash = ${runs}.definition_hash
  left join countersign.automations a on a.org_id = ${runs}.org_id and a.workspace_id = ${runs}.workspace_id and a.automation_id = ${runs}.automation_id`;

class Parameters {
  readonly values: unknown[];

  constructor(reader: Reader, page: PageRequest) {
    this.values = [reader.org_id, reader.workspace_id, reader.deployment_id, ...keysetValues(page)];
  }

  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

interface Parts {
  /** Common table expressions. */
  readonly first: readonly string[];
  /** What is gone through in turn, beside statuses. */
  readonly drivers: readonly string[];
  /** Of a run in such a turn. */
  readonly conditions: readonly string[];
}

const none: Parts = { first: [], drivers: [], conditions: [] };
const together = (...parts: readonly Parts[]): Parts => ({ first: parts.flatMap(({ first }) => first), drivers: parts.flatMap(({ drivers }) => drivers), conditions: parts.flatMap(({ conditions }) => conditions) });

/** The owner that a scope names: of the definition, else of the automation. */
const ownerText = (member: 'kind' | 'id'): string => `coalesce(d.scope_owner_${member}, a.owner_${member})`;

const scopeConditions = ({ scope = {}, owner_id, owner_kind }: RunFilter, parameters: Parameters): readonly string[] => {
  const keys = wantedScopeKeys(scope);
  return [
    ...(keys.length === 0 ? [] : [`d.scope_keys @> ${parameters.add(keys)}::text[]`]),
    ...(owner_id === undefined ? [] : [`${ownerText('id')} = ${parameters.add(owner_id)}`]), ...(owner_kind === undefined ? [] : [`${ownerText('kind')} = ${parameters.add(owner_kind)}`]),
  ];
};

const isSeen = ({ viewer_keys }: Reader, parameters: Parameters): readonly string[] => (viewer_keys === undefined ? [] : [`a.viewer_keys && ${parameters.add(viewer_keys)}::text[]`]);

/** The definitions that a scope finds, of automations that the reader sees: a run is of one of them. */
const ofScopedDefinitions = (conditions: readonly string[]): Parts => ({
  first: [`scoped as materialized (
    select d.definition_hash, d.automation_id from countersign.definitions d
      left join countersign.automations a on a.org_id = d.org_id and a.workspace_id = d.workspace_id and a.automation_id = d.automation_id
    where d.org_id = $1 and d.workspace_id = $2 and ${conditions.join(' and ')})`],
  drivers: ['(select distinct automation_id from scoped) as driver'],
  conditions: ['automation_id = driver.automation_id', 'definition_hash in (select definition_hash from scoped)'],
});

const ofSeenAutomations = (conditions: readonly string[]): Parts => ({
  ...none, drivers: [`(select a.automation_id from countersign.automations a where a.org_id = $1 and a.workspace_id = $2 and a.deployment_id = $3 and ${conditions.join(' and ')}) as driver`],
  conditions: ['automation_id = driver.automation_id'],
});

/** Which automations are gone through: nothing for all runs of the tenant. */
const automationParts = (reader: Reader, filter: RunFilter, parameters: Parameters): Parts => {
  const scoped = scopeConditions(filter, parameters);
  const seen = isSeen(reader, parameters);
  const one = filter.automation_id === undefined ? undefined : parameters.add(filter.automation_id);
  if (scoped.length > 0) return ofScopedDefinitions([...scoped, ...seen, ...(one === undefined ? [] : [`d.automation_id = ${one}`])]);
  if (seen.length > 0) return ofSeenAutomations([...seen, ...(one === undefined ? [] : [`a.automation_id = ${one}`])]);
  return one === undefined ? none : { ...none, conditions: [`automation_id = ${one}`] };
};

/** Every trigger type of a tenant's runs: walks an index from one to the next. For `with recursive`. */
export const triggerTypes = (runs: 'runs' | 'imported_runs'): string => {
  const next = (after: string): string => `select trigger_type from countersign.${runs} where ${ofTenant}${after} order by trigger_type limit 1`;
  return `types (trigger_type) as ((${next('')}) union all select more.trigger_type from types cross join lateral (${next(' and trigger_type > types.trigger_type')}) as more)`;
};

/** Those of `triggerTypes` that the text is part of. */
export const triggersLike = (text: string): string => `(select trigger_type from types where position(${text} in lower(trigger_type)) > 0) as trigger`;

const triggersInTurn = (text: string): Parts => ({ first: [triggerTypes('runs')], drivers: [triggersLike(text)], conditions: ['trigger_type = trigger.trigger_type'] });

/** The runs of an automation are looked at one by one; those of a tenant are found by their triggers. */
const triggerParts = ({ trigger }: RunFilter, others: Parts, parameters: Parameters): Parts => {
  if (trigger === undefined) return none;
  const text = `lower(${parameters.add(trigger)}::text)`;
  return others.conditions.length > 0 ? { ...none, conditions: [`position(${text} in lower(trigger_type)) > 0`] } : triggersInTurn(text);
};

const textOf = ({ first, drivers, conditions }: Parts, statuses: string): string => {
  const all = [...drivers, `unnest(${statuses}::text[]) as wanted (status)`];
  // A look-up for each of the page's keys (`limit 1`): joined, the planner may walk all runs in the order of the page instead.
  const page = boundedPage(`
    select shown.*, keys.created_at_ms as at_ms, keys.run_id as id, octet_length(shown.record) + shown.parts_bytes as bytes from (
      select newest.* from ${all.join(' cross join ')} cross join lateral (
        select run_id, created_at_ms from countersign.runs
        where ${ofTenant} and stateful_status = wanted.status and (created_at_ms, run_id) < ($4, $5)${conditions.map((condition) => ` and ${condition}`).join('')}
        order by created_at_ms desc, run_id desc limit $6
      ) as newest order by created_at_ms desc, run_id desc limit $6
    ) as keys cross join lateral (
      select ${runColumns} from countersign.runs ${withScope('runs')} where runs.org_id = $1 and runs.workspace_id = $2 and runs.run_id = keys.run_id limit 1
    ) as shown order by keys.created_at_ms desc, keys.run_id desc`);
  // What stands beside records is read of those that are shown only.
  return `${first.length === 0 ? '' : `with recursive ${first.join(', ')} `}
    select cut.*, ${partTexts({ org_id: '$1', workspace_id: '$2', run_id: 'cut.id', parts_bytes: 'cut.parts_bytes' })} from (${page}) as cut order by at_ms desc, id desc`;
};

/** Newest of each status in turn (and of each automation, or trigger), then the newest of those: each turn reads one range of one index. */
export const runListStatement = (reader: Reader, filter: RunFilter, page: PageRequest): Statement => {
  const parameters = new Parameters(reader, page);
  const statuses = parameters.add(filter.statuses ?? statefulStatuses);
  const automations = automationParts(reader, filter, parameters);
  const text = textOf(together(automations, triggerParts(filter, automations, parameters)), statuses);
  return { name: `runs_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`, text, values: parameters.values };
};
