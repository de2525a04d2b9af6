/*
 * Parts of a record's JSON as indexes and queries find them: as text, because a record that was tampered
 * with may be no JSON any more.
 */

/** A string as JSON writes it, without its quotes. */
const jsonText = '((?:[^"\\\\]|\\\\.)*)';

export const auditActorText = `substring(actor from '"actor_id":"${jsonText}"')`;
export const auditRunText = `substring(payload from '"runID":"${jsonText}"')`;

/** What of a record is shown where its payload must not be. */
export const observedAuditColumns = `event_id, event_type, created_at_ms, seq, record_hash, actor, 'sha256:' || encode(sha256(convert_to(payload, 'UTF8')), 'hex') as payload_digest`;

/** A value as it stands in JSON, to compare with. */
export const asJsonText = (value: string): string => JSON.stringify(value).slice(1, -1);
