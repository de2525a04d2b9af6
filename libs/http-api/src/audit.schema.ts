import { governanceActorSchema, type AuditRecordShown } from '@cs/contracts';
import type { JsonObject } from '@cs/kernel';
import { z } from 'zod';

const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');

/** A record of the protected audit, with all that its hash covers. */
export const auditRecordResource = z.object({
  seq: z.int().describe('Counts the records of the tenant from 1, without gaps'),
  event_id: z.string(),
  durability: z.string(),
  event_type: z.string(),
  tenant_context: z.object({ org_id: z.string(), workspace_id: z.string(), deployment_id: z.string().nullable(), actor_id: z.null(), source: z.string() }),
  actor: governanceActorSchema.nullable(),
  payload: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null),
  created_at_ms: milliseconds,
  prev_hash: z.string().nullable(),
  record_hash: z.string(),
  integrity: z.object({ algorithm: z.literal('hmac-sha256'), key_id: z.string(), segment_start: z.int() }).nullable().describe('`null`: no key signed it'),
  position: z.int().describe('Where the commit that it came from stands in the log'),
  event_index: z.int(),
}) satisfies z.ZodType<AuditRecordShown>;

export const auditRecordListAnswer = z.object({ records: z.array(auditRecordResource), count: z.int().nonnegative(), next_cursor: z.string().optional() });
