import type { LedgerCollection, LedgerPage, ObservabilityLimits, ObservedAuditEvent, ObservedPolicyDecision, PolicyDecision, StatefulEvent, WaitRecord } from '@cs/contracts';
import type { ObservedRows, Reader, RunObservabilityQueries, SnapshotEvent } from '@cs/read-models';
import type { StoredArchiveRow } from './archive-rows.js';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { observedRunStatement, type observedParts } from './observability-statement.js';
import { ledgerReaders } from './reliability-queries.adapter.js';
import { readTransitions, toEntry, type TransitionRow } from './snapshot-queries.adapter.js';
import { readRun, readTamperedActor, type RunDocument } from './stored-rows.js';

interface ObservedRow {
  readonly part: 'run' | keyof typeof observedParts;
  readonly place: number;
  readonly item: string;
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

const readAudit = ({ actor, ...record }: Omit<ObservedAuditEvent, 'actor'> & { readonly actor: string | null }): ObservedAuditEvent => ({ ...record, actor: readTamperedActor(actor) });

/** The items of a part. They are read back as what the projections wrote. */
const itemsOf = <Item>(rows: readonly ObservedRow[], part: ObservedRow['part']): Item[] => rows.filter((row) => row.part === part).map(({ item }) => JSON.parse(item) as Item);

/** Records of a collection of the ledger, from the rows of one part. */
const ledgerOf = <Collection extends LedgerCollection>(reader: Reader, rows: readonly ObservedRow[], { collection, part = collection }: { readonly collection: Collection; readonly part?: ObservedRow['part'] }): LedgerPage[Collection] =>
  itemsOf<Readonly<Record<string, unknown>>>(rows, part).map((row) => ledgerReaders[collection](row, reader)) as unknown as LedgerPage[Collection];

/** Everything about one run, in one round trip. */
export class PostgresRunObservability implements RunObservabilityQueries {
  constructor(private readonly database: Database) {}

  async observedRun(reader: Reader, runId: string, limits: ObservabilityLimits): Promise<ObservedRows | undefined> {
    const rows = await askDatabase<ObservedRow>(this.database, observedRunStatement(reader, runId, limits));
    const run = rows.find(({ part }) => part === 'run');
    if (run === undefined) return undefined;
    return {
      run: readRun(JSON.parse(run.item) as RunDocument),
      waits: [...itemsOf<WaitItem>(rows, 'active_wait'), ...itemsOf<WaitItem>(rows, 'ended_wait')].map(readWait),
      events: itemsOf<Omit<StatefulEvent, 'schema_version'>>(rows, 'event').map((event): StatefulEvent => ({ schema_version: 1, ...event })).reverse(),
      snapshots: {
        events: itemsOf<SnapshotEvent>(rows, 'snapshot_event').reverse(), transitions: readTransitions(itemsOf<TransitionRow>(rows, 'transition').reverse()),
        entries: itemsOf<StoredArchiveRow>(rows, 'commit').reverse().map(toEntry),
      },
      reliability: {
        outbox: ledgerOf(reader, rows, { collection: 'outbox' }), tool_effects: ledgerOf(reader, rows, { collection: 'tool_effects' }),
        dead_letters: ledgerOf(reader, rows, { collection: 'dead_letters' }), compensations: ledgerOf(reader, rows, { collection: 'compensations' }),
      },
      active: { dead_letters: ledgerOf(reader, rows, { collection: 'dead_letters', part: 'active_dead_letters' }), compensations: ledgerOf(reader, rows, { collection: 'compensations', part: 'active_compensations' }) },
      policy_decisions: itemsOf<DecisionItem>(rows, 'policy_decision').map(readDecision),
      audit: itemsOf<Parameters<typeof readAudit>[0]>(rows, 'audit').map(readAudit).sort((a, b) => a.seq - b.seq),
    };
  }
}
