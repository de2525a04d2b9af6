import type { LedgerCollection, ObservabilityLimits } from '@cs/contracts';
import { compactionMarkerType, eventsBeforeSnapshots, shownTransitions, type Reader } from '@cs/read-models';
import { asJsonText, auditNaming } from './audit-texts.js';
import type { Statement } from './database.js';
import { listedCollections } from './ledger-statements.js';
import { runColumns, withScope } from './run-list-statement.js';
import { isSeenThrough } from './visibility.js';

/** Documents of one part of the answer, together. All parts stay below what a message between services holds. */
const partBytes = 512 * 1024;
const eventBytes = 3 * partBytes;
/** Commits stay here: snapshots are folded from them. */
const commitBytes = 16 * partBytes;

/** Rows of what belongs to the run `r`, the most important first. `order` numbers them by that order. */
interface Part {
  readonly rows: string;
  readonly order: string;
  readonly bytes?: number;
  /** A column that is a document goes out as the text that it is, beside these others. */
  readonly document?: { readonly column: string; readonly others: readonly string[]; /** Rows that have it; all by default. Others are there without. */ readonly only?: string };
}

const newestDecisions = 'order by created_at_ms desc, decision_id desc limit $8';
const ofRun = 'org_id = r.org_id and workspace_id = r.workspace_id and run_id = r.run_id';
const wait = `org_id, workspace_id, nullif(deployment_id, '') as deployment_id, run_id, wait_id, wait_kind, status, phase_id, reason, created_at_ms, updated_at_ms, wake_at_ms, timeout_policy::json,
  event_seq, wake_idempotency_key, completed_at_ms, metadata::json`;

/** Records of the ledger, newest updated first: all of them, or what recovery still has to do with. */
const ledger = (collection: LedgerCollection, only: 'listed' | 'active'): Part => {
  const { id, columns, listed, active } = listedCollections[collection];
  const newest = `updated_at_ms desc, ${id} desc`;
  return {
    rows: `select ${columns} from countersign.${collection} where org_id = r.org_id and workspace_id = r.workspace_id and deployment_id = r.deployment_id and run_id = r.run_id and ${listed}${only === 'active' ? ` and ${active}` : ''}
      order by ${newest} limit $8`,
    order: newest,
  };
};

/** What of the outbox or of the effects asks for somebody, as far as a summary names it. The words of a status are in the order of their weight, backwards. */
const unsettled = (collection: 'outbox' | 'tool_effects', { columns, statuses }: { readonly columns: string; readonly statuses: string }): Part => {
  const order = `status desc, updated_at_ms desc, ${listedCollections[collection].id} desc`;
  return {
    rows: `select ${columns}, updated_at_ms from countersign.${collection} where org_id = r.org_id and workspace_id = r.workspace_id and deployment_id = r.deployment_id and run_id = r.run_id and status in (${statuses}) order by ${order} limit $8`,
    order,
  };
};

const eventColumns = ['event_id', 'run_id', 'seq', 'event_type', 'occurred_at_ms', 'actor', 'phase_id', 'phase_transition', 'wait_kind', 'causation_id', 'correlation_id', 'position', 'status'] as const;

/** Each part reads one range of one index, so what it costs does not depend on how long the run is, nor on how many there are. */
export const observedParts = {
  active_wait: { rows: `select ${wait}, due_at_ms from countersign.waits where ${ofRun} and rank = 0`, order: 'due_at_ms, created_at_ms, wait_id' },
  ended_wait: { rows: `select ${wait} from countersign.waits where ${ofRun} and rank = 1 order by updated_at_ms desc, wait_id limit $8`, order: 'updated_at_ms desc, wait_id' },
  event: {
    rows: `select ${eventColumns.join(', ')}, payload from newest where place <= greatest($6, $10 + 1)`,
    order: 'seq desc', bytes: eventBytes,
    document: { column: 'payload', others: eventColumns.map((name) => (name === 'actor' || name === 'phase_transition' ? `x.${name}::json` : `x.${name}`)), only: 'place <= $6' },
  },
  transition: {
    rows: `select seq, phase_transition, case when event_type = '${compactionMarkerType}' then payload end as marker
      from countersign.run_events where ${ofRun} and phase_transition is not null order by seq desc limit $10 + ${shownTransitions}`,
    order: 'seq desc',
  },
  commit: {
    rows: `select a.position, a.subject, a.body, a.encoding, a.problem from (select distinct position from newest where place <= $10 + ${eventsBeforeSnapshots}) as p join countersign.archive as a using (position)`,
    order: 'position desc', bytes: commitBytes, document: { column: 'body', others: ['x.position', 'x.subject', 'x.encoding', 'x.problem'] },
  },
  policy_decision: {
    rows: `select decision_id, run_id, automation_id, node_id, decision, reason_code, approval_id, audit_event_id, effect_id, created_at_ms, record::json from countersign.policy_decisions where ${ofRun} ${newestDecisions}`,
    order: 'created_at_ms desc, decision_id desc',
  },
  outbox: ledger('outbox', 'listed'),
  tool_effects: ledger('tool_effects', 'listed'),
  dead_letters: ledger('dead_letters', 'listed'),
  compensations: ledger('compensations', 'listed'),
  unsent_outbox: unsettled('outbox', { columns: 'outbox_id, status, operation, dead_letter_id', statuses: `'pending', 'failed', 'dead_lettered'` }),
  uncertain_effects: unsettled('tool_effects', { columns: 'effect_id, status, operation, compensation_id', statuses: `'failed', 'unknown'` }),
  active_dead_letters: ledger('dead_letters', 'active'),
  active_compensations: ledger('compensations', 'active'),
  audit: {
    rows: auditNaming({
      tenant: 'org_id = r.org_id and workspace_id = r.workspace_id and deployment_id = r.deployment_id', run: '$9', limit: '$7',
      ids: `array[$9::text] || coalesce((select array_agg(decision_id) from (select decision_id from countersign.policy_decisions where ${ofRun} ${newestDecisions}) as made), '{}')`,
    }),
    order: 'created_at_ms desc, event_id desc',
  },
} as const satisfies Readonly<Record<string, Part>>;

const itemOf = ({ document }: Part): string => (document === undefined ? 'row_to_json(x)::text' : `(select row_to_json(i)::text from (select ${document.others.join(', ')}) as i)`);

const partText = ([name, part]: [string, Part]): string => {
  const { rows, order, bytes = partBytes, document } = part;
  const fits = `(place = 1 or total <= ${bytes})`;
  const body = document?.only === undefined ? 'body' : `case when ${fits} and ${document.only} then body end`;
  return `
  select '${name}' as part, place, item, ${body} as body from r cross join lateral (
    select place, item, body, sum(octet_length(item) + coalesce(octet_length(body), 0)) over (order by place rows unbounded preceding) as total
    from (select row_number() over (order by ${order}) as place, ${itemOf(part)} as item, ${document === undefined ? 'null::text' : `x.${document.column}`} as body from (${rows}) as x) as numbered
  ) as cut${document?.only === undefined ? ` where ${fits}` : ''}`;
};

/** The newest events are read once: for what is shown of them, and for the commits that they stand in. */
const text = `
  with r as materialized (
    select runs.org_id, runs.workspace_id, runs.deployment_id, runs.run_id, ${runColumns} from countersign.runs as runs ${withScope('runs')}
    where runs.org_id = $1 and runs.workspace_id = $2 and runs.deployment_id = $3 and runs.run_id = $4 and ${isSeenThrough('runs', 5)}
  ), newest as materialized (
    select e.*, row_number() over (order by e.seq desc) as place from r cross join lateral (
      select ${eventColumns.join(', ')}, payload from countersign.run_events where ${ofRun} order by seq desc limit greatest($6, $10 + ${eventsBeforeSnapshots})
    ) as e
  )
  select 'run' as part, 1 as place, json_build_object('version', version, 'latest_event_id', latest_event_id, 'scope', scope, 'owner_kind', owner_kind, 'owner_id', owner_id)::text as item, record as body from r
  ${Object.entries<Part>(observedParts).map((part) => ` union all ${partText(part)}`).join('')}`;

/** Everything about one run that the reader sees, in one answer of the database and as of one moment. */
export const observedRunStatement = (reader: Reader, runId: string, { event_limit, snapshot_limit, reliability_limit, audit_limit }: ObservabilityLimits): Statement => ({
  name: 'observed_run', text,
  values: [reader.org_id, reader.workspace_id, reader.deployment_id, runId, reader.viewer_keys ?? null, event_limit, audit_limit, reliability_limit, asJsonText(runId), snapshot_limit],
});
