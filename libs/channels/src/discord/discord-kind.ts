import type { ChannelKind } from '@cs/notification';
import type { PlatformParts } from '../platform-parts.js';
import { besidePlatform } from '../secret-destination.js';
import { DiscordChannel } from './discord-channel.adapter.js';

const needed = ['application_id', 'public_key'] as const;

/** Discord: the bot of one application. */
export const discordKind = ({ http, now }: PlatformParts): ChannelKind => ({
  kind: 'discord',
  secrets: [{ role: 'bot_token', required: true }],
  sendsSecretsTo: besidePlatform('https://discord.com'),
  check: ({ options }) => needed.filter((name) => (options[name] ?? '') === '').map((name) => ({ path: `options.${name}`, code: 'required', message: 'is needed: see the guide of Discord' })),
  create: ({ channel: { settings: { options, base_url } }, secrets: { bot_token = '' } }) => new DiscordChannel({
    http, now, botToken: bot_token, baseUrl: base_url, applicationId: options['application_id'] ?? '', publicKey: options['public_key'] ?? '', guildId: options['guild_id'],
  }),
});
