import { z } from 'zod';
import { auditKeyIdSchema } from './audit-key.schema.js';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * What is kept of a tenant's audit chain outside the database: the hash of one record. As each record covers
 * the one before it, it vouches for all up to there.
 */
export const auditAnchorSchema = z.object({
  org_id: z.string(),
  workspace_id: z.string(),
  /** Empty: none. */
  deployment_id: z.string(),
  seq: z.int().positive(),
  record_hash: hash,
  anchored_at_ms: z.int().nonnegative(),
  /** Counts the anchors of the tenant from 1. */
  count: z.int().positive(),
  /** Key of `mac`; `null` while no key signs. */
  key_id: auditKeyIdSchema.nullable(),
  /** HMAC-SHA-256 of the other members as canonical JSON. */
  mac: hash.nullable(),
});
export type AuditAnchor = z.infer<typeof auditAnchorSchema>;

/** Text as one token of a subject: a deployment may have any characters. */
const token = (text: string): string => encodeURIComponent(text).replace(/[.*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);

/** `cs.audit-anchor.{org}.{workspace}.{deployment}`; `_` for none. */
export const anchorSubject = ({ org_id, workspace_id, deployment_id }: Pick<AuditAnchor, 'org_id' | 'workspace_id' | 'deployment_id'>): string =>
  `cs.audit-anchor.${org_id}.${workspace_id}.${deployment_id === '' ? '_' : `d-${token(deployment_id)}`}`;
