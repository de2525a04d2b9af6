import { serviceConfigSchema } from '@cs/platform';
import { z } from 'zod';

/** Variables of the approval gate. */
export const approvalGateConfigSchema = serviceConfigSchema.extend({
  ARCHIVE_TIMEOUT_MS: z.coerce.number().int().min(100).max(60_000).default(5000).describe('how long a decision waits for the archive before it answers 503'),
  COUNTERSIGN_RECEIPT_KEYS_FILE: z.string().optional().describe('JWK set of private Ed25519 keys; the first one signs the receipts of decisions. Without it there are none'),
  COUNTERSIGN_RECEIPT_ISSUER: z.string().min(1).max(256).default('countersign').describe('`iss` of receipts: the address or name by which others know this installation'),
});
export type ApprovalGateConfig = z.infer<typeof approvalGateConfigSchema>;

export const approvalGateEnvironment = (): NodeJS.ProcessEnv => process.env;
