import { compensationStatusSchema, deadLetterSources, deadLetterStatusSchema, effectSourceKind, ledgerCollections, outboxStatuses, toolEffectStatuses, type LedgerCollection } from '@cs/contracts';
import type { Reader, ReliabilityFilter } from '@cs/read-models';
import { answerBytes } from './answer-size.js';
import type { Statement } from './database.js';

interface Listed {
  readonly id: string;
  readonly columns: string;
  readonly created: string;
  /** All that its records have, but for one that is not listed. */
  readonly statuses: readonly string[];
  /** Those of what is active. */
  readonly activeStatuses: readonly string[];
  /** All types of source that its records have; undefined where a definition names them. */
  readonly sources?: readonly string[];
  /** What a type of source is compared with, where records have more than one. */
  readonly source?: string;
  /** What a reader is not shown of what is settled by a later success. */
  readonly listed: string;
  /** What recovery still has to do with. */
  readonly active: string;
}

/** How each collection is listed. */
export const listedCollections: Readonly<Record<LedgerCollection, Listed>> = {
  outbox: {
    id: 'outbox_id', created: 'created_at_ms', statuses: outboxStatuses, activeStatuses: outboxStatuses, sources: [effectSourceKind], listed: 'true', active: 'true',
    columns: `outbox_id, run_id, effect_id, status, source_kind, source_id, idempotency_key, node_id, operation, tool, target, payload_digest, policy_decision_id, receipt_id, compensation_id, dead_letter_id,
      coalesce(attempts, 0) as attempts, claimed_by, claimed_at_ms, claim_expires_at_ms, created_at_ms, updated_at_ms`,
  },
  tool_effects: {
    id: 'effect_id', created: 'created_at_ms', statuses: toolEffectStatuses, activeStatuses: toolEffectStatuses, sources: [effectSourceKind], listed: 'true', active: 'true',
    columns: `effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, node_id, operation, tool, target, policy_decision_id, input_digest, output_digest, receipt_payload_digest, receipt_payload_redacted,
      receipt_pointer, audit_hash, error, compensation_id, created_at_ms, updated_at_ms`,
  },
  dead_letters: {
    id: 'dead_letter_id', created: 'opened_at_ms', statuses: deadLetterStatusSchema.options, activeStatuses: deadLetterStatusSchema.options, sources: deadLetterSources, source: 'source_type', listed: `status <> 'cleared'`, active: 'superseded_at_ms is null',
    columns: 'dead_letter_id, run_id, source_type, source_id, node_id, reason, status, recovery_options, compensation_id, attempts, disposition, subject, metadata, opened_at_ms as created_at_ms, updated_at_ms',
  },
  compensations: {
    id: 'compensation_id', created: 'created_at_ms', statuses: compensationStatusSchema.options, activeStatuses: compensationStatusSchema.options.filter((status) => status !== 'completed' && status !== 'cancelled'),
    source: `replace(lower(compensation_type), '-', '_')`, listed: `status <> 'cleared'`, active: `superseded_at_ms is null and status not in ('completed', 'cancelled')`,
    columns: `compensation_id, run_id, node_id, status, compensation_type, target_effect_id, outbox_id, approval_required, rollback_instruction, forward_fix_instruction, action, receipt_effect_id, attempts, metadata,
      created_at_ms, updated_at_ms`,
  },
};

/** Whose run the reader sees; what belongs to no run is for those who see everything. */
const isSeen = (table: string, parameter: number): string => `($${parameter}::text[] is null or exists (
    select from countersign.runs r join countersign.automations a using (org_id, workspace_id, automation_id)
    where r.org_id = ${table}.org_id and r.workspace_id = ${table}.workspace_id and r.run_id = ${table}.run_id and a.viewer_keys && $${parameter}::text[]))`;

interface Asked {
  readonly reader: Reader;
  readonly filter: ReliabilityFilter;
  readonly collection: LedgerCollection;
}

/** What a record of the collection has to have, to fit. */
interface Wanted {
  readonly statuses: readonly string[];
  /** Undefined: whatever it has. */
  readonly sources?: readonly string[];
}

const only = (all: readonly string[], one: string | undefined): readonly string[] => (one === undefined ? all : all.filter((each) => each === one));

const wantedSources = ({ sources, source }: Listed, wanted: string | undefined): readonly string[] | undefined => {
  if (sources !== undefined) return only(sources, wanted);
  return source === undefined || wanted === undefined ? undefined : [wanted];
};

/** Undefined: no record of the collection has this status or this type of source. */
const wantedOf = ({ filter: { status, source_type, active_recovery_only }, collection }: Asked): Wanted | undefined => {
  const listed = listedCollections[collection];
  const statuses = only(active_recovery_only ? listed.activeStatuses : listed.statuses, status);
  const sources = wantedSources(listed, source_type);
  if (statuses.length === 0 || sources?.length === 0) return undefined;
  return listed.source === undefined || sources === undefined ? { statuses } : { statuses, sources };
};

class Parameters {
  readonly values: unknown[];

  constructor({ org_id, workspace_id, deployment_id, viewer_keys }: Reader) {
    this.values = [org_id, workspace_id, deployment_id, viewer_keys ?? null];
  }

  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** What holds of a record that fits, beside its status and its source. */
const conditionsOf = ({ filter: { run_id, active_recovery_only, before_created_at_ms }, collection }: Asked, parameters: Parameters): string => {
  const { created, listed, active } = listedCollections[collection];
  const before = parameters.add(before_created_at_ms ?? null);
  return [
    'org_id = $1 and workspace_id = $2 and deployment_id = $3', listed, ...(active_recovery_only ? [active] : []), ...(run_id === undefined ? [] : [`run_id = ${parameters.add(run_id)}`]),
    `(${before}::bigint is null or ${created} < ${before})`, isSeen(collection, 4),
  ].join(' and ');
};

/** The range of an index for each status, and each source where there are several; what belongs to one run is read as it comes. */
const driversOf = ({ filter: { run_id }, collection }: Asked, { statuses, sources }: Wanted, parameters: Parameters): { readonly drivers: readonly string[]; readonly conditions: readonly string[] } => {
  const { source } = listedCollections[collection];
  const status = `${parameters.add(statuses)}::text[]`;
  const from = source === undefined || sources === undefined ? undefined : { source, list: `${parameters.add(sources)}::text[]` };
  if (run_id !== undefined) return { drivers: [], conditions: [`status = any(${status})`, ...(from === undefined ? [] : [`${from.source} = any(${from.list})`])] };
  return {
    drivers: [`unnest(${status}) as by_status(wanted_status)`, ...(from === undefined ? [] : [`unnest(${from.list}) as by_source(wanted_source)`])],
    conditions: ['status = wanted_status', ...(from === undefined ? [] : [`${from.source} = wanted_source`])],
  };
};

/** Documents of a page of one collection, together. */
const pageBytes = answerBytes / ledgerCollections.length;

/** One text for each way in which a collection is read. */
const nameOf = (what: string, { filter: { run_id, active_recovery_only }, collection }: Asked, { sources }: Wanted): string =>
  `ledger_${what}_${collection}${run_id === undefined ? '' : '_of_run'}${active_recovery_only ? '_active' : ''}${sources === undefined ? '' : '_by_source'}`;

/** A record in the order of its list, before those that are behind it. */
export interface LedgerPlace {
  readonly at_ms: number;
  readonly id: string;
}

/** Rows of a page: the record as JSON, and how many were `found` of those that the limit allows, of which an answer may hold only the first. */
export interface LedgerRow {
  readonly item: string;
  readonly found: number;
}

/** A page of a collection, newest updated first, as much of it as one answer holds; undefined where no record can fit. */
export const pageStatement = (asked: Asked, { limit, from }: { readonly limit: number; readonly from: LedgerPlace }): Statement | undefined => {
  const wanted = wantedOf(asked);
  if (wanted === undefined) return undefined;
  const { collection, reader } = asked;
  const { id, columns } = listedCollections[collection];
  const parameters = new Parameters(reader);
  const { drivers, conditions } = driversOf(asked, wanted, parameters);
  const newest = `order by updated_at_ms desc, ${id} desc`;
  const most = parameters.add(limit);
  const keys = `select ${id}, updated_at_ms from countersign.${collection} where ${[...conditions, conditionsOf(asked, parameters)].join(' and ')}
    and (updated_at_ms, ${id}) < (${parameters.add(from.at_ms)}, ${parameters.add(from.id)}) ${newest} limit ${most}`;
  const found = drivers.length === 0 ? keys : `select ${id}, updated_at_ms from ${drivers.join(' cross join ')} cross join lateral (${keys}) as each ${newest} limit ${most}`;
  return {
    name: nameOf('page', asked, wanted), values: parameters.values,
    text: `select item, found from (
      select item, place, count(*) over () as found, sum(octet_length(item)) over (order by place rows unbounded preceding) as total from (
        select row_number() over (order by k.updated_at_ms desc, k.${id} desc) as place, row_to_json(x)::text as item from (${found}) as k
          cross join lateral (select ${columns} from countersign.${collection} where org_id = $1 and workspace_id = $2 and ${id} = k.${id} limit 1) as x
      ) as numbered
    ) as sized where place = 1 or total <= ${pageBytes} order by place`,
  };
};

/** Where a record stands in its list; no row where it is not in it, or not any more. Undefined where no record can fit. */
export const placeStatement = (asked: Asked, recordId: string): Statement | undefined => {
  const wanted = wantedOf(asked);
  if (wanted === undefined) return undefined;
  const { collection, reader } = asked;
  const { id, source } = listedCollections[collection];
  const parameters = new Parameters(reader);
  const fits = [
    `${id} = ${parameters.add(recordId)}`, `status = any(${parameters.add(wanted.statuses)}::text[])`,
    ...(source === undefined || wanted.sources === undefined ? [] : [`${source} = any(${parameters.add(wanted.sources)}::text[])`]), conditionsOf(asked, parameters),
  ];
  return { name: nameOf('place', asked, wanted), values: parameters.values, text: `select updated_at_ms as at_ms, ${id} as id from countersign.${collection} where ${fits.join(' and ')}` };
};

/** One dead letter, as far as the reader sees it. */
export const letterText = `select dead_letter_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, run_id, recovery_options from countersign.dead_letters
  where org_id = $1 and workspace_id = $2 and deployment_id = $3 and dead_letter_id = $4 and status <> 'cleared' and ${isSeen('dead_letters', 5)}`;
