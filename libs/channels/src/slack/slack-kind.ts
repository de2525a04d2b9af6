import type { ChannelKind } from '@cs/notification';
import type { PlatformParts } from '../platform-parts.js';
import { besidePlatform } from '../secret-destination.js';
import { SlackChannel } from './slack-channel.adapter.js';

const needed = ['team_id', 'app_id'] as const;

/** Slack: one app in one workspace. */
export const slackKind = ({ http, now }: PlatformParts): ChannelKind => ({
  kind: 'slack',
  secrets: [{ role: 'bot_token', required: true }, { role: 'signing_secret', required: true }],
  sendsSecretsTo: besidePlatform('https://slack.com'),
  check: ({ options }) => needed.filter((name) => (options[name] ?? '') === '').map((name) => ({ path: `options.${name}`, code: 'required', message: 'is needed: see the guide of Slack' })),
  create: ({ channel: { settings: { options, base_url } }, secrets: { bot_token = '', signing_secret = '' } }) => new SlackChannel({
    http, now, botToken: bot_token, signingSecret: signing_secret, team_id: options['team_id'] ?? '', api_app_id: options['app_id'] ?? '', eventsEnabled: options['events'] === 'true',
    ...(base_url === undefined ? {} : { apiBaseUrl: base_url }),
  }),
});
