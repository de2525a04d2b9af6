import type { AuditedCommit, AuditHead, AuditQueries, TenantKey } from '@cs/read-models';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { readAuditRecord, type AuditDocument } from './stored-rows.js';

type AuditRow = AuditDocument & { readonly subject: string | null; readonly body: string | null; readonly encoding: string | null; readonly place: number; readonly total: number };

const readAudited = ({ subject, body, encoding, place: _place, total: _total, ...row }: AuditRow): AuditedCommit => ({
  record: readAuditRecord(row),
  ...(subject === null || body === null ? {} : { source: { subject, body: encoding === 'base64' ? Buffer.from(body, 'base64').toString('utf8') : body } }),
});

/** Commits in one page, together: verification holds one page in memory. */
const pageBytes = 8 * 1024 * 1024;

/** A tenant's audit chain, with the archived commits that it came from. */
export class PostgresAuditQueries implements AuditQueries {
  constructor(private readonly database: Database) {}

  async auditHead({ org_id, workspace_id, deployment_id }: TenantKey): Promise<AuditHead | undefined> {
    const [head] = await askDatabase<AuditHead>(this.database, {
      name: 'audit_head',
      text: 'select org_id, workspace_id, deployment_id, seq, record_hash, key_id, segment_start from countersign.audit_heads where org_id = $1 and workspace_id = $2 and deployment_id = $3',
      values: [org_id, workspace_id, deployment_id],
    });
    return head;
  }

  async auditRecords({ org_id, workspace_id, deployment_id }: TenantKey, { from_seq, limit }: { readonly from_seq: number; readonly limit: number }): Promise<readonly AuditedCommit[]> {
    const rows = await askDatabase<AuditRow>(this.database, {
      name: 'audit_records',
      // The first two always: the one that verification begins at, and the one after it.
      text: `select * from (
        select r.*, a.subject, a.body, a.encoding, row_number() over ascending as place, sum(octet_length(a.body)) over (ascending rows unbounded preceding) as total
        from (
          select * from countersign.audit_records where org_id = $1 and workspace_id = $2 and deployment_id = $3 and seq >= $4 order by seq limit $5
        ) r left join countersign.archive a using (position) window ascending as (order by r.seq, r.position, r.event_index)
      ) as sized where place <= 2 or total <= ${pageBytes} order by place`,
      values: [org_id, workspace_id, deployment_id, from_seq, limit],
    });
    return rows.map(readAudited);
  }

  async unsequencedAuditRecords({ org_id, workspace_id, deployment_id }: TenantKey): Promise<number> {
    const [row] = await askDatabase<{ records: number }>(this.database, {
      name: 'audit_unsequenced',
      text: 'select count(*) as records from countersign.audit_records where org_id = $1 and workspace_id = $2 and deployment_id = $3 and (seq is null or seq < 1)',
      values: [org_id, workspace_id, deployment_id],
    });
    return row?.records ?? 0;
  }
}
