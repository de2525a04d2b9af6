import { loadConfig, serviceConfigSchema } from '@cs/platform';
import { z } from 'zod';

/** Variables of the projector. */
export const projectorConfigSchema = serviceConfigSchema.extend({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('PostgreSQL database of the projections'),
  PROJECTOR_BATCH_COMMITS: z.coerce.number().int().min(1).max(10_000).default(1000).describe('commits in one transaction, at most'),
  PROJECTOR_BATCH_BYTES: z.coerce.number().int().min(1_000_000).max(512_000_000).default(16_000_000).describe('characters of commits in one transaction, at most (a larger commit goes alone)'),
  PROJECTOR_REMEMBERED_RUNS: z.coerce.number().int().min(2000).max(1_000_000).default(4000).describe('folded runs kept in memory'),
  PROJECTOR_RETENTION_DAYS: z.coerce.number().int().min(0).max(36_500).default(30).describe('ended waits, and events of timelines with their snapshots, stay in the projections for so many days; 0 keeps them for ever (log and archive always do)'),
  PROJECTOR_RETENTION_KEEP: z.coerce.number().int().min(1).max(10_000).default(3).describe('the newest events of each run stay, so many, however old'),
  COUNTERSIGN_AUDIT_KEYS_FILE: z.string().optional().describe('JWK set of secret keys (`kty` "oct"); the first one signs the audit, the others are needed to rebuild what they signed. Without it the audit is chained and not signed'),
  COUNTERSIGN_AUDIT_ANCHOR_SECONDS: z.coerce.number().int().min(1).max(86_400).default(300).describe('an audit chain that grew is anchored outside the database after so many seconds'),
  COUNTERSIGN_AUDIT_ANCHOR_RECORDS: z.coerce.number().int().min(1).max(1_000_000).default(1000).describe('and after so many records'),
});
export type ProjectorConfig = z.infer<typeof projectorConfigSchema>;

export const readProjectorConfig = (): ProjectorConfig => loadConfig(projectorConfigSchema, process.env);
