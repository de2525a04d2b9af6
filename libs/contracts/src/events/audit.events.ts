import { z } from 'zod';
import { auditKeyIdSchema } from '../audit-key.schema.js';
import { epochMsSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { defineEvents, type EventOf } from './event-catalogue.js';

/** Which key signs the protected audit. In the log, so that a rebuild signs every record as it was signed. */
export const auditKeyEvents = defineEvents({
  audit_key_activated: {
    version: 1,
    data: z.object({
      key_id: auditKeyIdSchema,
      algorithm: z.literal('hmac-sha256'),
      /** Keyed digest of a fixed text: tells another key of the same name from this one, and nothing about it. */
      key_check: z.string().regex(/^[0-9a-f]{64}$/),
      previous_key_id: auditKeyIdSchema.nullable(),
    }),
    audit: 'audit.key_activated', activity: false, summary: 'From this commit on, records of the audit are signed with another key.',
  },
});
export type AuditKeyEvent = EventOf<typeof auditKeyEvents>;

/** Which records of the audit somebody asks for; absent members admit all. */
export const auditFilterSchema = z.object({
  /** Inclusive. */
  from_ms: epochMsSchema.optional(),
  /** Exclusive. */
  until_ms: epochMsSchema.optional(),
  event_types: z.array(z.string().min(1).max(128)).min(1).max(50).readonly().optional(),
});
export type AuditFilter = z.infer<typeof auditFilterSchema>;

/** Who took records of the audit out, and who was not allowed to. */
export const auditAccessEvents = defineEvents({
  audit_exported: {
    version: 1, data: z.object({ export_id: z.string(), tenant_context: tenantContextSchema, filter: auditFilterSchema, up_to_seq: z.int().nonnegative(), exported_by: governanceActorSchema }),
    audit: 'audit.exported', activity: false, summary: 'An administrator began to export the audit.',
  },
  audit_access_refused: {
    version: 1, data: z.object({ action: z.string(), tenant_context: tenantContextSchema, code: z.string(), actor: governanceActorSchema }),
    audit: 'audit.access_denied', activity: false, summary: 'Someone who may not tried to export the audit.',
  },
});
export type AuditAccessEvent = EventOf<typeof auditAccessEvents>;
