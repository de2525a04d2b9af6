import { randomBytes } from 'node:crypto';
import { DiscordDouble, DoubleServer, SlackDouble, TelegramDouble, type DoubledPlatform } from '@cs/testing/doubles';
import type { ApiClient, ChannelSettingsSent } from './api-client.js';
import type { Environment, StandaloneConfig } from './config.js';
import { StartError } from './servers.js';

/** Stand-ins for chats, on this machine. */
export interface ChatDoubles {
  /** Pages that show their messages, by the platform's name. */
  readonly pages: Readonly<Record<string, string>>;
  /** What the notifier finds in its environment: secrets by their variable. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Makes each of them a channel of the local workspace, and tells it where to call back. */
  connect(api: ApiClient, gatewayUrl: string): Promise<void>;
  stop(): Promise<void>;
}

interface Chat {
  readonly server: DoubleServer<DoubledPlatform & { callbackUrl: string | undefined }>;
  readonly channel: (url: string) => ChannelSettingsSent;
}

const secretPrefix = 'COUNTERSIGN_CHANNEL_SECRET_';
const perSecond = 20;

/** Chats of one's own, and API keys, mean that this is no trial. */
const areWanted = ({ COUNTERSIGN_CHAT_DOUBLES: wanted, COUNTERSIGN_API_KEYS_FILE: keys }: StandaloneConfig, environment: Environment): boolean =>
  wanted === 'true' && keys === undefined && !Object.keys(environment).some((name) => name.startsWith(secretPrefix));

const listening = async <Platform extends DoubledPlatform>(platform: Platform, port: number): Promise<DoubleServer<Platform>> => {
  try {
    return await new DoubleServer(platform, { port }).start();
  } catch (error) {
    throw new StartError(`Port ${port} of a stand-in for chats is taken; CHAT_DOUBLES_PORT changes it, COUNTERSIGN_CHAT_DOUBLES=false leaves them out`, { cause: error });
  }
};

const secretsOf = (): Readonly<Record<'slackToken' | 'slackSigning' | 'discordToken' | 'telegramToken' | 'telegramSecret', string>> => {
  const random = (): string => randomBytes(24).toString('hex');
  return { slackToken: `xoxb-${random()}`, slackSigning: random(), discordToken: random(), telegramToken: `5001:${random()}`, telegramSecret: random() };
};

type Secrets = ReturnType<typeof secretsOf>;

const slackChannel = ({ app, store }: SlackDouble) => (url: string): ChannelSettingsSent => ({
  kind: 'slack', name: 'Slack (stand-in)', secrets: { bot_token: 'DOUBLE_SLACK_TOKEN', signing_secret: 'DOUBLE_SLACK_SIGNING' },
  settings: { recipient: 'C0APPROVALS', allowed_users: [...store.people.keys()], base_url: `${url}/api`, per_second: perSecond, options: { team_id: app.teamId, app_id: app.appId } },
});

const discordChannel = ({ applicationId, publicKey }: DiscordDouble) => (url: string): ChannelSettingsSent => ({
  kind: 'discord', name: 'Discord (stand-in)', secrets: { bot_token: 'DOUBLE_DISCORD_TOKEN' },
  settings: { recipient: '1100', allowed_users: ['2001'], base_url: `${url}/api/v10`, per_second: perSecond, options: { application_id: applicationId, public_key: publicKey } },
});

const telegramChannel = (url: string): ChannelSettingsSent => ({
  kind: 'telegram', name: 'Telegram (stand-in)', secrets: { bot_token: 'DOUBLE_TELEGRAM_TOKEN', webhook_secret: 'DOUBLE_TELEGRAM_SECRET' },
  settings: { recipient: '-1001', allowed_users: ['2001'], base_url: url, per_second: perSecond },
});

const startAll = async (secrets: Secrets, port: number): Promise<Readonly<Record<string, Chat>>> => {
  const at = (offset: number): number => (port === 0 ? 0 : port + offset);
  const slack = await listening(new SlackDouble({ botToken: secrets.slackToken, signingSecret: secrets.slackSigning }), at(0));
  slack.platform.ownUrl = slack.url;
  const discord = await listening(new DiscordDouble({ botToken: secrets.discordToken }), at(1));
  const telegram = await listening(new TelegramDouble({ botToken: secrets.telegramToken, secretToken: secrets.telegramSecret }), at(2));
  return { slack: { server: slack, channel: slackChannel(slack.platform) }, discord: { server: discord, channel: discordChannel(discord.platform) }, telegram: { server: telegram, channel: telegramChannel } };
};

const startChatDoubles = async (port: number): Promise<ChatDoubles> => {
  const secrets = secretsOf();
  const chats = await startAll(secrets, port);
  return {
    pages: Object.fromEntries(Object.values(chats).map(({ server }) => [server.platform.name, server.url])),
    secrets: {
      [`${secretPrefix}DOUBLE_SLACK_TOKEN`]: secrets.slackToken, [`${secretPrefix}DOUBLE_SLACK_SIGNING`]: secrets.slackSigning, [`${secretPrefix}DOUBLE_DISCORD_TOKEN`]: secrets.discordToken,
      [`${secretPrefix}DOUBLE_TELEGRAM_TOKEN`]: secrets.telegramToken, [`${secretPrefix}DOUBLE_TELEGRAM_SECRET`]: secrets.telegramSecret,
    },
    connect: async (api, gatewayUrl) => {
      for (const [kind, { server, channel }] of Object.entries(chats)) server.platform.callbackUrl = `${gatewayUrl}${(await api.setChannel(`${kind}-stand-in`, channel(server.url))).callback_path}`;
    },
    stop: async () => {
      await Promise.all(Object.values(chats).map(({ server }) => server.close()));
    },
  };
};

/** Starts a stand-in for each chat, Slack at the configured port and Discord and Telegram behind it; none where they are not wanted. */
export const chatDoubles = async (config: StandaloneConfig, environment: Environment): Promise<ChatDoubles | undefined> =>
  areWanted(config, environment) ? await startChatDoubles(config.CHAT_DOUBLES_PORT) : undefined;
