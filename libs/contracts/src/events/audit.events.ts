import { z } from 'zod';
import { auditKeyIdSchema } from '../audit-key.schema.js';
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
