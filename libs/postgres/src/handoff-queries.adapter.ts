import type { DueSchedule, DueScheduleRange, HandoffArtifact, HandoffRecord, HandoffStatus, WatchTarget, WatchTargetRange } from '@cs/contracts';
import { handoffsShown, type HandoffFilter, type HandoffQueries, type TenantKey } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';

interface HandoffDocument {
  readonly artifact: string;
  readonly status: HandoffStatus;
  readonly consumed_by_run_id: string | null;
  readonly consumed_by_automation_id: string | null;
  readonly consumed_at_ms: number | null;
}

const columns = 'artifact, status, consumed_by_run_id, consumed_by_automation_id, consumed_at_ms';
const ofTarget = 'org_id = $1 and workspace_id = $2 and deployment_id = $3 and target_automation_id = $4';
const tenantOf = ({ org_id, workspace_id, deployment_id }: TenantKey): readonly string[] => [org_id, workspace_id, deployment_id];

const readHandoff = ({ artifact, status, consumed_by_run_id, consumed_by_automation_id, consumed_at_ms }: HandoffDocument): HandoffRecord => ({
  ...(JSON.parse(artifact) as HandoffArtifact), status,
  ...(consumed_by_run_id === null ? {} : { consumed_by_run_id }),
  ...(consumed_by_automation_id === null ? {} : { consumed_by_automation_id }),
  ...(consumed_at_ms === null ? {} : { consumed_at_ms }),
});

/** Before every key. */
const first = { org_id: '', workspace_id: '', automation_id: '' } as const;

/** An automation that watches: its definition has at least one watch condition. */
const watches = `strpos(d.definition, '"watch_conditions":[{') > 0`;

/** Handoffs and schedules in PostgreSQL. */
export class PostgresHandoffQueries implements HandoffQueries {
  constructor(private readonly database: Database) {}

  async handoffs(tenant: TenantKey, automationId: string): Promise<Readonly<Record<HandoffStatus, readonly HandoffRecord[]>>> {
    const read = async (status: HandoffStatus, order: 'asc' | 'desc'): Promise<readonly HandoffRecord[]> => {
      const rows = await askDatabase<HandoffDocument>(this.database, {
        name: `handoffs_${order}`,
        text: `select ${columns} from countersign.handoffs where ${ofTarget} and status = $5 and artifact is not null order by created_at_ms ${order}, handoff_id ${order} limit $6`,
        values: [...tenantOf(tenant), automationId, status, handoffsShown],
      });
      return (order === 'desc' ? [...rows].reverse() : rows).map(readHandoff);
    };
    const [inbox, approved, archived] = await Promise.all([read('inbox', 'asc'), read('approved', 'asc'), read('archived', 'desc')]);
    return { inbox, approved, archived };
  }

  async availableHandoffs(tenant: TenantKey, { automation_id, source_automation_id, artifact_type, after, limit }: HandoffFilter): Promise<readonly HandoffRecord[]> {
    const rows = await askDatabase<HandoffDocument>(this.database, {
      name: 'available_handoffs',
      text: `select ${columns} from countersign.handoffs where ${ofTarget} and status = 'approved' and artifact is not null
        and ($5::text is null or source_automation_id = $5) and ($6::text is null or artifact_type = $6) and (created_at_ms, handoff_id) > ($7, $8) order by created_at_ms, handoff_id limit $9`,
      values: [...tenantOf(tenant), automation_id, source_automation_id ?? null, artifact_type ?? null, after?.created_at_ms ?? -1, after?.handoff_id ?? '', limit],
    });
    return rows.map(readHandoff);
  }

  watchTargets({ after = { ...first, oldest_ms: -1 }, limit }: WatchTargetRange): Promise<readonly WatchTarget[]> {
    return askDatabase<WatchTarget>(this.database, {
      name: 'watch_targets',
      text: `select h.org_id, h.workspace_id, h.automation_id, h.oldest_ms from (
          select org_id, workspace_id, target_automation_id as automation_id, min(created_at_ms) as oldest_ms
          from countersign.handoffs where status = 'approved' group by 1, 2, 3
        ) as h
        join countersign.automations a using (org_id, workspace_id, automation_id)
        join countersign.definitions d on d.org_id = a.org_id and d.workspace_id = a.workspace_id and d.definition_hash = a.definition_hash
        where a.status = 'active' and ${watches} and (h.oldest_ms, h.org_id, h.workspace_id, h.automation_id) > ($1, $2, $3, $4)
        order by h.oldest_ms, h.org_id, h.workspace_id, h.automation_id limit $5`,
      values: [after.oldest_ms, after.org_id, after.workspace_id, after.automation_id, limit],
    });
  }

  dueSchedules({ due_before_ms, after = { ...first, next_fire_at_ms: -1 }, limit }: DueScheduleRange): Promise<readonly DueSchedule[]> {
    return askDatabase<DueSchedule>(this.database, {
      name: 'due_schedules',
      text: `select org_id, workspace_id, automation_id, next_fire_at_ms from countersign.schedules
        where next_fire_at_ms is not null and next_fire_at_ms <= $1 and (next_fire_at_ms, org_id, workspace_id, automation_id) > ($2, $3, $4, $5)
        order by next_fire_at_ms, org_id, workspace_id, automation_id limit $6`,
      values: [due_before_ms, after.next_fire_at_ms, after.org_id, after.workspace_id, after.automation_id, limit],
    });
  }
}
