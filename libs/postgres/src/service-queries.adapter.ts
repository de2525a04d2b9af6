import type { DueWait, WatchedRun } from '@cs/contracts';
import { noPosition, toPosition, type Position } from '@cs/kernel';
import type { AuditedCommit, AuditHead, AuditQueries, DueRange, ServiceQueries, TenantKey, WatchRange } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { readAuditRecord, type AuditDocument } from './stored-rows.js';

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

type AuditRow = AuditDocument & { readonly subject: string | null; readonly body: string | null; readonly encoding: string | null };

const readAudited = ({ subject, body, encoding, ...row }: AuditRow): AuditedCommit => ({
  record: readAuditRecord(row),
  ...(subject === null || body === null ? {} : { source: { subject, body: encoding === 'base64' ? Buffer.from(body, 'base64').toString('utf8') : body } }),
});

/** A tenant's audit chain, with the archived commits that it came from. */
export class PostgresAuditQueries implements AuditQueries {
  constructor(private readonly database: Database) {}

  async auditHead({ org_id, workspace_id, deployment_id }: TenantKey): Promise<AuditHead | undefined> {
    const [head] = await askDatabase<AuditHead>(this.database, {
      name: 'audit_head',
      text: 'select org_id, workspace_id, deployment_id, seq, record_hash from countersign.audit_heads where org_id = $1 and workspace_id = $2 and deployment_id = $3',
      values: [org_id, workspace_id, deployment_id],
    });
    return head;
  }

  async auditRecords({ org_id, workspace_id, deployment_id }: TenantKey, { after_seq, limit }: { readonly after_seq: number; readonly limit: number }): Promise<readonly AuditedCommit[]> {
    const rows = await askDatabase<AuditRow>(this.database, {
      name: 'audit_records',
      text: `select r.*, a.subject, a.body, a.encoding from countersign.audit_records r left join countersign.archive a using (position)
        where r.org_id = $1 and r.workspace_id = $2 and r.deployment_id = $3 and r.seq > $4 order by r.seq limit $5`,
      values: [org_id, workspace_id, deployment_id, after_seq, limit],
    });
    return rows.map(readAudited);
  }
}
