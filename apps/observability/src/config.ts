import { loadConfig, serviceConfigSchema } from '@cs/platform';
import { z } from 'zod';

/** Variables of the observability service. */
export const observabilityConfigSchema = serviceConfigSchema.extend({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('PostgreSQL database of the projections'),
  COUNTERSIGN_AUDIT_KEYS_FILE: z.string().optional().describe('JWK set of the secret keys that signed the audit, as the projector has it; what a key that is not there signed cannot be verified'),
});
export type ObservabilityConfig = z.infer<typeof observabilityConfigSchema>;

export const readObservabilityConfig = (): ObservabilityConfig => loadConfig(observabilityConfigSchema, process.env);
