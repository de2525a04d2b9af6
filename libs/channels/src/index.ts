export { ConsoleChannel, type ConsoleChannelOptions } from './console-channel.adapter.js';
export { SlackChannel, type SlackChannelOptions } from './slack/slack-channel.adapter.js';
export { DiscordChannel, type DiscordChannelOptions } from './discord/discord-channel.adapter.js';
export { TelegramChannel, type TelegramChannelOptions } from './telegram/telegram-channel.adapter.js';
export { WebhookChannel, type WebhookChannelOptions } from './webhook-channel.adapter.js';
export type { PlatformParts } from './platform-parts.js';
export { webhookKind } from './webhook-kind.js';
export { signatureHeader, signWebhook, standardWebhookHeaders, verifyWebhook } from './webhook-signature.js';
