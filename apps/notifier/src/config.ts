import { serviceConfigSchema } from '@cs/platform';
import { z } from 'zod';
import { isHost } from './channel-hosts.js';

const list = z.string().default('').transform((text) => text.split(',').map((item) => item.trim()).filter((item) => item !== ''));

/** Variables of the notifier. Without a webhook and with the console off it tells nobody anything. */
export const notifierConfigSchema = serviceConfigSchema
  .extend({
    PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:4400').describe('address of the gateway as people reach it; notices contain it'),
    NOTIFIER_CONSOLE: z.enum(['true', 'false']).default('true').transform((text) => text === 'true').describe('"true": notices are written to standard output'),
    NOTIFIER_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional().describe('address that every notice is posted to'),
    NOTIFIER_WEBHOOK_SECRET: z.string().min(16).optional().describe('key of the signature of what is posted; at least 16 characters'),
    COUNTERSIGN_EGRESS_ALLOW: list.describe('private hosts and CIDRs that the webhook may be at, separated by commas'),
    COUNTERSIGN_CHANNEL_HOSTS: list
      .refine((hosts) => hosts.every(isHost), 'is a list of hosts without scheme and port')
      .describe('hosts beside those of the platforms that secrets of channels may be sent to, separated by commas: an SMTP server, a Bot API server, a stand-in'),
  })
  .superRefine((config, context) => {
    if (config.NOTIFIER_WEBHOOK_URL !== undefined && config.NOTIFIER_WEBHOOK_SECRET === undefined) {
      context.addIssue({ code: 'custom', path: ['NOTIFIER_WEBHOOK_SECRET'], message: 'is needed with NOTIFIER_WEBHOOK_URL' });
    }
  });
export type NotifierConfig = z.output<typeof notifierConfigSchema>;

export const notifierEnvironment = (): NodeJS.ProcessEnv => process.env;
