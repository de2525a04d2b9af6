import { serviceConfigSchema } from '@cs/platform';
import { z } from 'zod';

/** Variables of the approval gate. */
export const approvalGateConfigSchema = serviceConfigSchema.extend({
  ARCHIVE_TIMEOUT_MS: z.coerce.number().int().min(100).max(60_000).default(5000).describe('how long a decision waits for the archive before it answers 503'),
});
export type ApprovalGateConfig = z.infer<typeof approvalGateConfigSchema>;

export const approvalGateEnvironment = (): NodeJS.ProcessEnv => process.env;
