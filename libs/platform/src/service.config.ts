import { tracingVariables } from '@cs/telemetry';
import { z } from 'zod';
import { natsUrlSchema } from './nats-servers.js';

/** Variables that every service has. Each app's `config.ts` extends this with its own. */
export const serviceConfigSchema = z.object({
  NATS_URL: natsUrlSchema.describe('NATS server, or several separated by commas; with credentials as nats://user:password@host:4222'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info').describe('least severe level that is logged'),
  HEALTH_HOST: z.string().default('127.0.0.1').describe('address of /healthz, /readyz and /metrics'),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65535).default(0).describe('port of /healthz, /readyz and /metrics; 0 picks a free one'),
  ...tracingVariables,
});
