import type { LedgerCollection, LedgerPage } from '@cs/contracts';
import type { PlannedRecords, PlannedRecovery, Reader, ResumePlanQueries } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { listedCollections } from './ledger-statements.js';
import { ledgerReaders } from './reliability-queries.adapter.js';

/** Records of each kind in one plan, and their bytes: all kinds stay below what a message between services holds. */
const partRecords = 1000;
const partBytes = 512 * 1024;

interface Part {
  readonly collection: LedgerCollection;
  readonly condition: string;
  /** What may be retried. */
  readonly retryable: string;
}

const ofRun = 'org_id = $1 and workspace_id = $2 and deployment_id = $3 and run_id = $4';
/** Effects whose letter is linked to a compensation. */
const linked = `select source_id from countersign.dead_letters where ${ofRun} and status = 'linked_to_compensation'`;
const active = (collection: LedgerCollection): string => `${listedCollections[collection].listed} and ${listedCollections[collection].active}`;

const parts = {
  completed_effects: { collection: 'tool_effects', condition: `status = 'succeeded'`, retryable: 'false' },
  uncertain_effects: { collection: 'tool_effects', condition: `status <> 'succeeded'`, retryable: `action_id not in (${linked})` },
  pending_compensations: { collection: 'compensations', condition: active('compensations'), retryable: 'false' },
  dead_letters: { collection: 'dead_letters', condition: `${active('dead_letters')} and status not in ('ignored', 'resolved')`, retryable: `recovery_options::jsonb ? 'retry' and status <> 'linked_to_compensation'` },
} as const satisfies Readonly<Record<keyof PlannedRecovery, Part>>;

/** Each part reads what the run has of one collection, by the index of its run. */
const partText = ([name, { collection, condition, retryable }]: readonly [string, Part]): string => {
  const { id, columns } = listedCollections[collection];
  const rows = `from countersign.${collection} where ${ofRun} and ${condition}`;
  const newest = `updated_at_ms desc, ${id} desc`;
  return `
  select '${name}' as part, place, item, found, retryable from (select count(*) as found, count(*) filter (where ${retryable}) as retryable ${rows}) as counted cross join (
    select place, item, sum(octet_length(item)) over (order by place rows unbounded preceding) as total
    from (select row_number() over (order by ${newest}) as place, row_to_json(x)::text as item from (select ${columns} ${rows} order by ${newest} limit ${partRecords}) as x) as numbered
  ) as cut where place = 1 or total <= ${partBytes}`;
};

const text = `${Object.entries<Part>(parts).map(partText).join(' union all ')} order by part, place`;

interface PlannedRow {
  readonly part: keyof PlannedRecovery;
  readonly item: string;
  readonly found: number;
  readonly retryable: number;
}

/** What a resume plan says of the ledger, in PostgreSQL. */
export class PostgresResumePlanQueries implements ResumePlanQueries {
  constructor(private readonly database: Database) {}

  async plannedRecovery(reader: Reader, runId: string): Promise<PlannedRecovery> {
    const rows = await askDatabase<PlannedRow>(this.database, { name: 'resume_plan', text, values: [reader.org_id, reader.workspace_id, reader.deployment_id, runId] });
    const recordsOf = <Part extends keyof PlannedRecovery>(part: Part): PlannedRecords<LedgerPage[(typeof parts)[Part]['collection']][number]> => {
      const found = rows.filter((row) => row.part === part);
      const read = ledgerReaders[parts[part].collection];
      const items = found.map(({ item }) => read(JSON.parse(item) as Readonly<Record<string, unknown>>, reader)) as unknown as LedgerPage[(typeof parts)[Part]['collection']];
      return { items, found: found[0]?.found ?? 0, retryable: found[0]?.retryable ?? 0 };
    };
    return {
      completed_effects: recordsOf('completed_effects'), uncertain_effects: recordsOf('uncertain_effects'), pending_compensations: recordsOf('pending_compensations'), dead_letters: recordsOf('dead_letters'),
    };
  }
}
