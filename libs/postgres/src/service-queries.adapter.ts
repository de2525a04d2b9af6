import type { DueWait, WatchedRun } from '@cs/contracts';
import { noPosition, toPosition, type Position } from '@cs/kernel';
import type { DueRange, ServiceQueries, WatchRange } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';

/** What services read across tenants. */
export class PostgresServiceQueries implements ServiceQueries {
  constructor(private readonly database: Database) {}

  async position(): Promise<Position> {
    const [row] = await askDatabase<{ projected: number }>(this.database, { name: 'position', text: `select projected from countersign.projection_position where name = 'main'` });
    return row ? toPosition(row.projected) : noPosition;
  }

  dueWaits({ due_before_ms, after, limit }: DueRange): Promise<readonly DueWait[]> {
    return askDatabase<DueWait>(this.database, {
      name: 'due_waits',
      text: `select org_id, workspace_id, run_id, wait_id, due_at_ms from countersign.waits
        where status = 'waiting' and due_at_ms < 9007199254740991 and due_at_ms <= $1 and (due_at_ms, run_id, wait_id) > ($2, $3, $4)
        order by due_at_ms, run_id, wait_id limit $5`,
      values: [due_before_ms, after?.due_at_ms ?? -1, after?.run_id ?? '', after?.wait_id ?? '', limit],
    });
  }

  watchedRuns({ running_before_ms, queued_before_ms, paused_after_ms, after, limit }: WatchRange): Promise<readonly WatchedRun[]> {
    return askDatabase<WatchedRun>(this.database, {
      name: 'watched_runs',
      text: `select org_id, workspace_id, run_id, stateful_status, version, position, created_at_ms from countersign.runs
        where (stateful_status in ('running', 'pausing', 'queued') or (stateful_status = 'paused' and stop_kind = 'stale_reaped')) and (created_at_ms, run_id) > ($4, $5)
          and case stateful_status when 'running' then updated_at_ms <= $1 when 'paused' then updated_at_ms >= $3 else updated_at_ms <= $2 end
        order by created_at_ms, run_id limit $6`,
      values: [running_before_ms, queued_before_ms, paused_after_ms, after?.created_at_ms ?? -1, after?.run_id ?? '', limit],
    });
  }
}
