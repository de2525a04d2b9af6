import { governanceActorSchema, systemWorkspace, tenantContextSchema } from '@cs/contracts';
import { z } from 'zod';

const names = z.array(z.string().min(1).max(256)).max(100).default([]);
const { org_id, workspace_id, actor_id } = tenantContextSchema.shape;

/**
 * One entry of the key file. The key itself is nowhere: only its SHA-256. There is no `deployment_id`:
 * subjects name organisation and workspace, so a deployment's event stream could not be told apart.
 */
export const apiKeyEntrySchema = z.strictObject({
  id: z.string().min(1).max(128),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected the SHA-256 of the key as 64 lower-case hexadecimal digits'),
  org_id: org_id.refine((id) => id !== systemWorkspace.org_id, 'this organisation is no tenant'),
  workspace_id,
  actor_id: actor_id.unwrap(),
  /** Roles and groups of whoever holds the key: gates may ask for them. */
  roles: names,
  groups: names,
  kind: governanceActorSchema.shape.kind.exclude(['system']),
});
export type ApiKeyEntry = z.infer<typeof apiKeyEntrySchema>;

const repeated = (values: readonly string[]): string | undefined => values.find((value, index) => values.indexOf(value) !== index);

export const apiKeyFileSchema = z.array(apiKeyEntrySchema).superRefine((entries, context) => {
  const id = repeated(entries.map((entry) => entry.id));
  if (id !== undefined) context.addIssue({ code: 'custom', message: `two keys have the id "${id}"` });
  if (repeated(entries.map((entry) => entry.sha256)) !== undefined) context.addIssue({ code: 'custom', message: 'two entries hold the same key' });
});
