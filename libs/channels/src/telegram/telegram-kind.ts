import type { ChannelKind } from '@cs/notification';
import type { PlatformParts } from '../platform-parts.js';
import { besidePlatform } from '../secret-destination.js';
import { TelegramChannel } from './telegram-channel.adapter.js';

/** Telegram: one bot. */
export const telegramKind = ({ http, now }: PlatformParts): ChannelKind => ({
  kind: 'telegram',
  secrets: [{ role: 'bot_token', required: true }, { role: 'webhook_secret', required: true }],
  sendsSecretsTo: besidePlatform('https://api.telegram.org'),
  check: () => [],
  create: ({ channel: { settings: { base_url } }, secrets: { bot_token = '', webhook_secret = '' } }) => new TelegramChannel({ http, now, botToken: bot_token, webhookSecret: webhook_secret, baseUrl: base_url }),
});
