export { ConsoleChannel, type ConsoleChannelOptions } from './console-channel.adapter.js';
export { SlackChannel, type SlackChannelOptions } from './slack/slack-channel.adapter.js';
export { DiscordChannel, type DiscordChannelOptions } from './discord/discord-channel.adapter.js';
export { TelegramChannel, type TelegramChannelOptions } from './telegram/telegram-channel.adapter.js';
export { WebhookChannel, type WebhookChannelOptions } from './webhook-channel.adapter.js';
export { signatureHeader, signWebhook, verifyWebhook } from './webhook-signature.js';
