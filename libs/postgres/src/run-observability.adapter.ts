import type { LedgerCollection, LedgerPage, ObservabilityLimits, ObservedPolicyDecision, PolicyDecision, StatefulEvent, WaitRecord } from '@cs/contracts';
import type { LogEntry } from '@cs/eventing';
import { JsonText } from '@cs/kernel';
import { compactionMarkerType, type ObservedEvent, type ObservedRows, type OpenRecovery, type Reader, type RunObservabilityQueries } from '@cs/read-models';
import type { StoredArchiveRow } from './archive-rows.js';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { observedRunStatement, type observedParts } from './observability-statement.js';
import { ledgerReaders } from './reliability-queries.adapter.js';
import { readTransitions, toEntry, type TransitionRow } from './snapshot-queries.adapter.js';
import { readObservedAudit, readRunWithoutLists, type ObservedAuditDocument, type RunDocument } from './stored-rows.js';

interface ObservedRow {
  readonly part: 'run' | keyof typeof observedParts;
  readonly place: number;
  readonly item: string;
  /** A document that belongs to it. */
  readonly body: string | null;
}

type WaitItem = Omit<WaitRecord, 'schema_version' | 'scope'> & { readonly org_id: string; readonly workspace_id: string; readonly deployment_id: string | null; readonly due_at_ms?: number };

const readWait = ({ org_id, workspace_id, deployment_id, due_at_ms: _due, ...wait }: WaitItem): WaitRecord => ({
  schema_version: 1, ...wait, scope: { schema_version: 1, tenant_context: { org_id, workspace_id, deployment_id } },
});

type DecisionItem = Omit<ObservedPolicyDecision, 'tool' | 'risk_tier' | 'policy_id' | 'grant_id'> & { readonly record: PolicyDecision };

/** No effect goes out under a grant: who may approve has one, and what policies allow needs none. */
const readDecision = ({ record: { judged, judgement }, ...made }: DecisionItem): ObservedPolicyDecision => ({
  ...made, tool: judged.tool ?? null, risk_tier: judged.risk_tier ?? null, policy_id: judgement.policy_ids[0] ?? null, grant_id: null,
});

type Parts = ReadonlyMap<ObservedRow['part'], readonly ObservedRow[]>;

/** Rows of each part in their order. */
const partsOf = (rows: readonly ObservedRow[]): Parts => {
  const parts = new Map<ObservedRow['part'], ObservedRow[]>();
  for (const row of [...rows].sort((one, other) => one.place - other.place)) {
    const of = parts.get(row.part);
    if (of === undefined) parts.set(row.part, [row]);
    else of.push(row);
  }
  return parts;
};

/** The items of a part. They are read back as what the projections wrote. */
const itemsOf = <Item>(parts: Parts, part: ObservedRow['part']): Item[] => (parts.get(part) ?? []).map(({ item }) => JSON.parse(item) as Item);

/** Records of a collection of the ledger, from the rows of one part. */
const ledgerOf = <Collection extends LedgerCollection>(reader: Reader, parts: Parts, { collection, part = collection }: { readonly collection: Collection; readonly part?: ObservedRow['part'] }): LedgerPage[Collection] =>
  itemsOf<Readonly<Record<string, unknown>>>(parts, part).map((row) => ledgerReaders[collection](row, reader)) as unknown as LedgerPage[Collection];

/** An event as it is sent, of which only what others say of it is read. Without a document where only its snapshot is asked for. */
const readEvent = ({ item, body }: ObservedRow): ObservedEvent & { readonly isShown: boolean } => {
  const { event_id, seq, event_type, occurred_at_ms, phase_id, causation_id, correlation_id } = JSON.parse(item) as Omit<StatefulEvent, 'schema_version' | 'payload'>;
  return {
    event_id, seq, event_type, occurred_at_ms, phase_id, causation_id, correlation_id, isShown: body !== null, json: new JsonText(`{"schema_version":1,${item.slice(1, -1)},"payload":${body ?? 'null'}}`),
  };
};

const readCommit = ({ item, body }: ObservedRow): LogEntry => toEntry({ ...(JSON.parse(item) as Omit<StoredArchiveRow, 'body'>), body: body ?? '' });

const timelineOf = (parts: Parts, { snapshot_limit }: ObservabilityLimits): Pick<ObservedRows, 'events' | 'snapshots'> => {
  const newest = (parts.get('event') ?? []).map(readEvent);
  return {
    events: newest.filter(({ isShown }) => isShown).reverse(),
    snapshots: {
      events: newest.filter(({ event_type }) => event_type !== compactionMarkerType).slice(0, snapshot_limit).reverse(),
      transitions: readTransitions(itemsOf<TransitionRow>(parts, 'transition').reverse()), entries: (parts.get('commit') ?? []).map(readCommit).reverse(),
    },
  };
};

const recoveryOf = (reader: Reader, parts: Parts): Pick<ObservedRows, 'reliability' | 'active'> => ({
  reliability: {
    outbox: ledgerOf(reader, parts, { collection: 'outbox' }), tool_effects: ledgerOf(reader, parts, { collection: 'tool_effects' }),
    dead_letters: ledgerOf(reader, parts, { collection: 'dead_letters' }), compensations: ledgerOf(reader, parts, { collection: 'compensations' }),
  },
  active: {
    outbox: itemsOf<OpenRecovery['outbox'][number]>(parts, 'unsent_outbox'), tool_effects: itemsOf<OpenRecovery['tool_effects'][number]>(parts, 'uncertain_effects'),
    dead_letters: ledgerOf(reader, parts, { collection: 'dead_letters', part: 'active_dead_letters' }), compensations: ledgerOf(reader, parts, { collection: 'compensations', part: 'active_compensations' }),
  },
});

/** Everything about one run, in one round trip. */
export class PostgresRunObservability implements RunObservabilityQueries {
  constructor(private readonly database: Database) {}

  async observedRun(reader: Reader, runId: string, limits: ObservabilityLimits): Promise<ObservedRows | undefined> {
    const parts = partsOf(await askDatabase<ObservedRow>(this.database, observedRunStatement(reader, runId, limits)));
    const run = parts.get('run')?.[0];
    if (run === undefined) return undefined;
    return {
      run: readRunWithoutLists({ ...(JSON.parse(run.item) as Omit<RunDocument, 'record' | 'parts'>), record: run.body ?? '' }), ...timelineOf(parts, limits), ...recoveryOf(reader, parts),
      waits: [...itemsOf<WaitItem>(parts, 'active_wait'), ...itemsOf<WaitItem>(parts, 'ended_wait')].map(readWait),
      policy_decisions: itemsOf<DecisionItem>(parts, 'policy_decision').map(readDecision),
      audit: itemsOf<ObservedAuditDocument>(parts, 'audit').map(readObservedAudit).sort((a, b) => a.seq - b.seq),
    };
  }
}
