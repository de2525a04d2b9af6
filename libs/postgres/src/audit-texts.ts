/*
 * Parts of a record's JSON as indexes and queries find them: as text, because a record that was tampered
 * with may be no JSON any more.
 */

/** A string as JSON writes it, without its quotes. */
export const jsonStringText = '((?:[^"\\\\]|\\\\.)*)';

export const auditActorText = `substring(actor from '"actor_id":"${jsonStringText}"')`;
export const auditRunText = `substring(payload from '"runID":"${jsonStringText}"')`;

/** What of a record is shown where its payload must not be. */
const observedAuditColumns = `event_id, event_type, created_at_ms, seq, record_hash, actor, 'sha256:' || encode(sha256(convert_to(payload, 'UTF8')), 'hex') as payload_digest`;

interface Naming {
  /** Says whose records: a condition on them. */
  readonly tenant: string;
  /** The run, and all ids that a record may name, as JSON writes them. */
  readonly run: string;
  readonly ids: string;
  readonly limit: string;
}

const newest = 'order by created_at_ms desc, event_id desc';

/** The newest records that are of a run, or that name it or another id anywhere. Those of the run itself are as many as it is long: no more are read than are shown. Others are found by what they name before their tenant is looked at, so that no plan reads all of a tenant's. */
export const auditNaming = ({ tenant, run, ids, limit }: Naming): string => `
  select shown.* from (
    select * from (
      (select seq, created_at_ms, event_id from countersign.audit_records where ${tenant} and ${auditRunText} is not null and ${auditRunText} = ${run} ${newest} limit ${limit})
      union
      (select seq, created_at_ms, event_id from (select * from countersign.audit_records where countersign.audit_mentions(payload) && (${ids}) offset 0) as naming where ${tenant} ${newest} limit ${limit})
    ) as found ${newest} limit ${limit}
  ) as found cross join lateral (select ${observedAuditColumns} from countersign.audit_records where ${tenant} and seq = found.seq limit 1) as shown`;

/** A value as it stands in JSON, to compare with. */
export const asJsonText = (value: string): string => JSON.stringify(value).slice(1, -1);
