import { channelSettingsSchema } from '@cs/contracts';
import type { ChannelKind } from '@cs/notification';
import { createOutboundHttp, createOutboundSockets } from '@cs/outbound-http';
import { discordKind } from './discord/discord-kind.js';
import { emailKind } from './email/email-kind.js';
import type { PlatformParts } from './platform-parts.js';
import { slackKind } from './slack/slack-kind.js';
import { teamsKind } from './teams/teams-kind.js';
import { telegramKind } from './telegram/telegram-kind.js';
import { webhookKind } from './webhook-kind.js';

const parts: PlatformParts = { http: createOutboundHttp({ egressAllow: [] }), sockets: createOutboundSockets({ egressAllow: [] }), now: () => 0, publicUrl: 'https://sign.example' };
afterAll(() => parts.http.close());

const hostOf = (kind: ChannelKind, settings: object, secrets: Readonly<Record<string, string>> = { bot_token: 'TOKEN' }) =>
  kind.sendsSecretsTo?.({ settings: channelSettingsSchema.parse({ recipient: 'C1', ...settings }), secrets });

describe('where a channel sends its secrets', () => {
  it.each([
    ['slack', slackKind(parts), 'https://slack.com/api'], ['discord', discordKind(parts), 'https://discord.com/api/v10'], ['telegram', telegramKind(parts), 'https://api.telegram.org'],
  ] as const)('%s: to its platform, or to the host of base_url', (_name, kind, own) => {
    expect(hostOf(kind, {})).toBeUndefined();
    expect(hostOf(kind, { base_url: own })).toBeUndefined();
    const host = new URL(own).hostname;
    expect(hostOf(kind, { base_url: own.replace('https:', 'http:') })).toEqual({ path: 'base_url', host });
    expect(hostOf(kind, { base_url: own.replace(host, `${host}:8443`) })).toEqual({ path: 'base_url', host });
    expect(hostOf(kind, { base_url: own.replace(host, `${host}.evil.example`) })).toEqual({ path: 'base_url', host: `${host}.evil.example` });
    expect(hostOf(kind, { base_url: own.replace(host, `${host}@evil.example`) })).toEqual({ path: 'base_url', host: 'evil.example' });
    expect(hostOf(kind, { base_url: 'http://127.0.0.1:4600/api' })).toEqual({ path: 'base_url', host: '127.0.0.1' });
  });

  it('e-mail: the password to the mail server', () => {
    expect(hostOf(emailKind(parts), { options: { host: 'smtp.evil.example' } }, { password: 'MAIL' })).toEqual({ path: 'options.host', host: 'smtp.evil.example' });
    expect(hostOf(emailKind(parts), { options: { host: 'smtp.example.com' } }, {})).toBeUndefined();
  });

  it('webhooks sign with theirs, and that of Teams is the address itself', () => {
    expect([webhookKind(parts), teamsKind(parts)].map((kind) => hostOf(kind, { base_url: 'https://evil.example' }))).toEqual([undefined, undefined]);
  });
});
