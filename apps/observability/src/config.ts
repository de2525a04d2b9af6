import { loadConfig, serviceConfigSchema } from '@cs/platform';
import { z } from 'zod';

/** Variables of the observability service. */
export const observabilityConfigSchema = serviceConfigSchema.extend({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('PostgreSQL database of the projections'),
});
export type ObservabilityConfig = z.infer<typeof observabilityConfigSchema>;

export const readObservabilityConfig = (): ObservabilityConfig => loadConfig(observabilityConfigSchema, process.env);
