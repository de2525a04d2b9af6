import { z } from 'zod';

/** Name of a key that signs records of the audit. */
export const auditKeyIdSchema = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected 1 to 64 letters, digits, ".", "_" or "-"');

/** The one aggregate of the keys: which of them signs from which position of the log on. */
export const auditKeyRef = { org_id: '_system', workspace_id: '_system', aggregate: 'audit_key', id: 'main' } as const;
