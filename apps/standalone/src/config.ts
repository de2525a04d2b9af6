import { natsUrlSchema } from '@cs/platform';
import { z } from 'zod';

const port = (fallback: number, text: string) => z.coerce.number().int().min(0).max(65535).default(fallback).describe(`${text}; 0 picks a free one`);

/** Variables of `npm start`, beside those of the services. */
export const standaloneConfigSchema = z.object({
  HOST: z.string().min(1).default('127.0.0.1').describe('address of the API'),
  PORT: port(4400, 'port of the API'),
  COUNTERSIGN_DATA: z.string().min(1).default('.countersign').describe('data folder of the embedded servers'),
  NATS_URL: natsUrlSchema.optional().describe('NATS server of your own instead of the embedded one'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional().describe('PostgreSQL database of your own instead of the embedded one'),
  COUNTERSIGN_NATS_PORT: port(42222, 'port of the embedded NATS server'),
  COUNTERSIGN_POSTGRES_PORT: port(54329, 'port of the embedded PostgreSQL server'),
  COUNTERSIGN_NATS_SYNC: z.string().default('always').describe('sync_interval of the embedded NATS server'),
  PAYMENTS_PORT: port(4500, 'port of the payments service of the refund example'),
  COUNTERSIGN_CHAT_DOUBLES: z.enum(['true', 'false']).default('true').describe('"true": stand-ins for Slack, Discord, Telegram and e-mail on this machine, unless a channel secret or API keys are configured'),
  CHAT_DOUBLES_PORT: port(4600, 'port of the stand-in for Slack; Discord, Telegram, the page of mails and its mail server have the four behind it'),
  COUNTERSIGN_API_KEY: z.string().optional().describe('with COUNTERSIGN_API_KEYS_FILE: the key that loads the examples at start'),
  COUNTERSIGN_API_KEYS_FILE: z.string().optional().describe('JSON file of API keys; without it this machine needs none'),
  LOG_LEVEL: z.string().default('warn').describe('least severe level that is logged'),
});
export type StandaloneConfig = z.infer<typeof standaloneConfigSchema>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process, and what the services find in it when nothing else is said. */
export const readEnvironment = (): Environment => process.env;

/** Secrets reach the steps through the environment only. */
export const giveSecret = (name: string, value: string): void => {
  process.env[`COUNTERSIGN_SECRET_${name}`] ??= value;
};

/** Secrets of channels reach the notifier through the environment only. */
export const giveChannelSecrets = (secrets: Readonly<Record<string, string>>): void => {
  Object.assign(process.env, secrets);
};

/** Whether the gateway may take requests from this machine without a key: unless keys are configured. */
export const localDefaults = (environment: Environment): Environment => ({
  COUNTERSIGN_EGRESS_ALLOW: '127.0.0.0/8',
  ...(environment['COUNTERSIGN_API_KEYS_FILE'] === undefined ? { COUNTERSIGN_LOCAL_IMPLICIT: 'true' } : {}),
  ...environment,
});

