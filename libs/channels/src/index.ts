export { ConsoleChannel, type ConsoleChannelOptions } from './console-channel.adapter.js';
export { SlackChannel, type SlackChannelOptions } from './slack/slack-channel.adapter.js';
export { WebhookChannel, type WebhookChannelOptions } from './webhook-channel.adapter.js';
export { signatureHeader, signWebhook, verifyWebhook } from './webhook-signature.js';
