import { loadConfig, serviceConfigSchema } from '@cs/platform';
import { tracingVariables } from '@cs/telemetry';
import { z } from 'zod';
import { isLoopbackHost } from './identity/loopback.js';

/** Variables of the gateway. */
export const gatewayConfigSchema = serviceConfigSchema
  .pick({ NATS_URL: true, LOG_LEVEL: true })
  .extend({
    HOST: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
    PORT: z.coerce.number().int().min(0).max(65535).default(4400).describe('port to listen on; 0 picks a free one'),
    COUNTERSIGN_API_KEYS_FILE: z.string().optional().describe('JSON file of API keys; read again when it changes'),
    COUNTERSIGN_ASSERTION_KEYS_FILE: z.string().optional().describe('JWK set with the public keys of whoever signs assertions; callers then send `Authorization: Bearer <assertion>`'),
    COUNTERSIGN_ASSERTION_ISSUER: z.string().min(1).max(256).optional().describe('`iss` that an assertion must have; needed with COUNTERSIGN_ASSERTION_KEYS_FILE'),
    COUNTERSIGN_ASSERTION_AUDIENCE: z.string().min(1).max(256).default('countersign').describe('`aud` that an assertion must have'),
    COUNTERSIGN_LOCAL_IMPLICIT: z
      .enum(['true', 'false'])
      .default('false')
      .transform((text) => text === 'true')
      .describe('"true": requests from this machine need no key and act as the local person; only with a loopback HOST'),
    COUNTERSIGN_LOCAL_ACTOR: z.string().trim().min(1).max(256).optional().describe('who the local person is, in events and audit'),
    PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional().describe('address of the gateway as people reach it: forms of its pages come from there and, with https, their sessions go nowhere else'),
    COUNTERSIGN_PAGE_KEY_FILE: z.string().optional().describe('file with a secret of at least 32 bytes, the same for every gateway, that seals the sessions of the pages; without it each gateway has its own until it restarts'),
    COUNTERSIGN_MAX_EVENT_STREAMS: z.coerce.number().int().min(1).max(100_000).default(100).describe('open event streams of one tenant'),
    ...tracingVariables,
  })
  .superRefine((config, context) => {
    if (config.COUNTERSIGN_ASSERTION_KEYS_FILE !== undefined && config.COUNTERSIGN_ASSERTION_ISSUER === undefined) {
      context.addIssue({ code: 'custom', path: ['COUNTERSIGN_ASSERTION_ISSUER'], message: 'COUNTERSIGN_ASSERTION_KEYS_FILE is set, so whose assertions are taken must be said too' });
    }
    if (isLoopbackHost(config.HOST)) return;
    if (config.COUNTERSIGN_API_KEYS_FILE === undefined && config.COUNTERSIGN_ASSERTION_KEYS_FILE === undefined) {
      context.addIssue({ code: 'custom', path: ['HOST'], message: `${config.HOST} can be reached from other machines, so COUNTERSIGN_API_KEYS_FILE must name a file of API keys, or COUNTERSIGN_ASSERTION_KEYS_FILE one of public keys (or set HOST to 127.0.0.1)` });
    }
    if (config.COUNTERSIGN_LOCAL_IMPLICIT) {
      context.addIssue({ code: 'custom', path: ['COUNTERSIGN_LOCAL_IMPLICIT'], message: `needs HOST to be a loopback address, not ${config.HOST}` });
    }
  });

export type GatewayConfig = z.output<typeof gatewayConfigSchema>;

/** Reads the environment. Throws `ConfigError` with every problem. */
export const gatewayConfig = (environment: Readonly<Record<string, string | undefined>> = process.env): GatewayConfig => loadConfig(gatewayConfigSchema, environment);
