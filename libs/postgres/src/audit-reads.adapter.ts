import type { AuditFilter } from '@cs/contracts';
import type { AuditRecord, AuditReads, AuditRecordFilter, AuditScope, ItemsPage, PageRequest, TenantKey } from '@cs/read-models';
import { answerBytes, boundedPage, keysetValues, toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import { asJsonText, auditActorText, auditRunText } from './audit-texts.js';
import type { Database } from './database.js';
import { readAuditRecord, type AuditDocument } from './stored-rows.js';

const columns = `org_id, workspace_id, deployment_id, seq, event_id, durability, event_type, tenant_source, actor, payload, created_at_ms, prev_hash, record_hash, position, event_index, key_id, segment_start`;
const size = 'octet_length(payload) + 800 as bytes';
const recordsAtATime = 1000;

interface Condition {
  /** `:value` stands for the value. */
  readonly text: string;
  readonly value: unknown;
}

const ofTime = ({ from_ms, until_ms, event_types }: AuditFilter): readonly (Condition | undefined)[] => [
  from_ms === undefined ? undefined : { text: 'created_at_ms >= :value', value: from_ms },
  until_ms === undefined ? undefined : { text: 'created_at_ms < :value', value: until_ms },
  event_types === undefined ? undefined : event_types.length === 1 ? { text: 'event_type = :value', value: event_types[0] } : { text: 'event_type = any(:value)', value: event_types },
];

const actorIs = (actor_id: string): Condition => ({ text: `actor is not null and ${auditActorText} = :value`, value: asJsonText(actor_id) });

const ofWhom = ({ actor_id, run_id }: AuditRecordFilter, { only_actor }: AuditScope): readonly (Condition | undefined)[] => [
  actor_id === undefined ? undefined : actorIs(actor_id),
  run_id === undefined ? undefined : { text: `${auditRunText} is not null and ${auditRunText} = :value`, value: asJsonText(run_id) },
  ...(only_actor === undefined ? [] : [actorIs(only_actor.actor_id), { text: `position(:value in actor) > 0`, value: `"kind":"${only_actor.kind}"` }]),
];

interface Built {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Conditions with their parameters, numbered behind those that there are. */
const build = (conditions: readonly (Condition | undefined)[], before: number): Built => {
  const used = conditions.filter((condition): condition is Condition => condition !== undefined);
  return { text: used.map(({ text }, index) => ` and ${text.replace(':value', `$${before + index + 1}`)}`).join(''), values: used.map(({ value }) => value) };
};

const own = 'org_id = $1 and workspace_id = $2 and deployment_id = $3';
const ownAndUntagged = `((${own}) or org_id = '_system')`;

/** Records of the audit in PostgreSQL, for people. */
export class PostgresAuditReads implements AuditReads {
  constructor(private readonly database: Database) {}

  async records(scope: AuditScope, filter: AuditRecordFilter, page: PageRequest): Promise<ItemsPage<AuditRecord>> {
    const { text, values } = build([...ofTime(filter), ...ofWhom(filter, scope)], 6);
    const denials = filter.denials === true ? ` and event_type like '%denied'` : '';
    const rows = await askDatabase<AuditDocument & PagedRow>(this.database, {
      text: boundedPage(`select ${columns}, created_at_ms as at_ms, event_id as id, ${size} from countersign.audit_records
        where ${scope.with_untagged ? ownAndUntagged : own} and (created_at_ms, event_id) < ($4, $5)${text}${denials}
        order by created_at_ms desc, event_id desc limit $6`),
      values: [scope.org_id, scope.workspace_id, scope.deployment_id, ...keysetValues(page), ...values],
    });
    return toPage(rows, page, readAuditRecord);
  }

  async exported({ org_id, workspace_id, deployment_id }: TenantKey, filter: AuditFilter, { after_seq, up_to_seq }: { readonly after_seq: number; readonly up_to_seq: number }) {
    const { text, values } = build(ofTime(filter), 5);
    const rows = await askDatabase<AuditDocument & { readonly more: boolean }>(this.database, {
      text: `select *, count(*) over () < found as more from (
          select r.*, count(*) over () as found, row_number() over ascending as place, sum(bytes) over (ascending rows unbounded preceding) as total
          from (select ${columns}, ${size} from countersign.audit_records where ${own} and seq > $4 and seq <= $5${text} order by seq limit ${recordsAtATime + 1}) as r window ascending as (order by seq)
        ) as sized where place = 1 or (place <= ${recordsAtATime} and total <= ${answerBytes}) order by seq`,
      values: [org_id, workspace_id, deployment_id, after_seq, up_to_seq, ...values],
    });
    const last = rows.at(-1);
    return { records: rows.map(readAuditRecord), ...(last?.more === true ? { next_after_seq: last.seq } : {}) };
  }
}
