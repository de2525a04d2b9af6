import { randomBytes } from 'node:crypto';
import { DiscordDouble, DoubleServer, EmailDouble, SlackDouble, TelegramDouble, type DoubledPlatform } from '@cs/testing/doubles';
import type { ApiClient, ChannelSettingsSent } from './api-client.js';
import type { Environment, StandaloneConfig } from './config.js';
import { StartError } from './servers.js';

/** Stand-ins for chats and for a mail server, on this machine. */
export interface ChatDoubles {
  /** Pages that show their messages, by the platform's name. */
  readonly pages: Readonly<Record<string, string>>;
  /** What the notifier finds in its environment: secrets by their variable. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Where the notifier has to be allowed to send them. */
  readonly host: string;
  /** Makes each of them a channel of the local workspace, and tells it where to call back. */
  connect(api: ApiClient, gatewayUrl: string): Promise<void>;
  stop(): Promise<void>;
}

interface Chat {
  readonly name: string;
  /** Of its page, and of its API where it has one. */
  readonly url: string;
  readonly channel: ChannelSettingsSent;
  /** Tells a chat where to call back. */
  readonly callBack?: (url: string) => void;
  stop(): Promise<unknown>;
}

const secretPrefix = 'COUNTERSIGN_CHANNEL_SECRET_';
const perSecond = 20;
const host = '127.0.0.1';

/** Chats of one's own, and API keys, mean that this is no trial. */
const areWanted = ({ COUNTERSIGN_CHAT_DOUBLES: wanted, COUNTERSIGN_API_KEYS_FILE: keys }: StandaloneConfig, environment: Environment): boolean =>
  wanted === 'true' && keys === undefined && !Object.keys(environment).some((name) => name.startsWith(secretPrefix));

/** Listens, or says which variable moves the port. */
const listening = async <Listening>(port: number, start: () => Promise<Listening>): Promise<Listening> => {
  try {
    return await start();
  } catch (error) {
    throw new StartError(`Port ${port} of a stand-in for chats or mail is taken. Set CHAT_DOUBLES_PORT to the first of five free ports, or COUNTERSIGN_CHAT_DOUBLES=false to leave the stand-ins out.`, { cause: error });
  }
};

const serve = <Platform extends DoubledPlatform>(platform: Platform, port: number): Promise<DoubleServer<Platform>> => listening(port, () => new DoubleServer(platform, { port }).start());

const secretsOf = (): Readonly<Record<'slackToken' | 'slackSigning' | 'discordToken' | 'telegramToken' | 'telegramSecret', string>> => {
  const random = (): string => randomBytes(24).toString('hex');
  return { slackToken: `xoxb-${random()}`, slackSigning: random(), discordToken: random(), telegramToken: `5001:${random()}`, telegramSecret: random() };
};

type Secrets = ReturnType<typeof secretsOf>;

/** Leaves nothing listening behind when the next one cannot start. */
const stopped = (started: readonly Pick<Chat, 'stop'>[]) => async (error: unknown): Promise<never> => {
  await Promise.all(started.map((chat) => chat.stop()));
  throw error;
};

const chatOf = <Platform extends DoubledPlatform & { callbackUrl: string | undefined }>(server: DoubleServer<Platform>, channel: ChannelSettingsSent): Chat => ({
  name: server.platform.name, url: server.url, channel, stop: () => server.close(),
  callBack: (url) => {
    server.platform.callbackUrl = url;
  },
});

const startSlack = async ({ slackToken, slackSigning }: Secrets, port: number): Promise<Chat> => {
  const server = await serve(new SlackDouble({ botToken: slackToken, signingSecret: slackSigning }), port);
  const { app, store } = server.platform;
  server.platform.ownUrl = server.url;
  return chatOf(server, {
    kind: 'slack', name: 'Slack (stand-in)', secrets: { bot_token: 'DOUBLE_SLACK_TOKEN', signing_secret: 'DOUBLE_SLACK_SIGNING' },
    settings: { recipient: 'C0APPROVALS', allowed_users: [...store.people.keys()], base_url: `${server.url}/api`, per_second: perSecond, options: { team_id: app.teamId, app_id: app.appId } },
  });
};

const startDiscord = async ({ discordToken }: Secrets, port: number): Promise<Chat> => {
  const server = await serve(new DiscordDouble({ botToken: discordToken }), port);
  const { applicationId, publicKey } = server.platform;
  return chatOf(server, {
    kind: 'discord', name: 'Discord (stand-in)', secrets: { bot_token: 'DOUBLE_DISCORD_TOKEN' },
    settings: { recipient: '1100', allowed_users: ['2001'], base_url: `${server.url}/api/v10`, per_second: perSecond, options: { application_id: applicationId, public_key: publicKey } },
  });
};

const startTelegram = async ({ telegramToken, telegramSecret }: Secrets, port: number): Promise<Chat> => {
  const server = await serve(new TelegramDouble({ botToken: telegramToken, secretToken: telegramSecret }), port);
  return chatOf(server, {
    kind: 'telegram', name: 'Telegram (stand-in)', secrets: { bot_token: 'DOUBLE_TELEGRAM_TOKEN', webhook_secret: 'DOUBLE_TELEGRAM_SECRET' },
    settings: { recipient: '-1001', allowed_users: ['2001'], base_url: server.url, per_second: perSecond },
  });
};

/** A mail server, and a page of the mails that it took. */
const startEmail = async (port: number, smtpPort: number): Promise<Chat> => {
  const mailServer = await listening(smtpPort, () => new EmailDouble().start(smtpPort));
  const server = await serve(mailServer, port).catch(stopped([{ stop: () => mailServer.close() }]));
  return {
    name: mailServer.name, url: server.url, stop: () => Promise.all([server.close(), mailServer.close()]),
    channel: {
      kind: 'email', name: 'E-mail (stand-in)', secrets: {},
      settings: { recipient: 'approvals@example.com', per_second: perSecond, options: { host, port: String(mailServer.port), tls: 'none', from: 'countersign@example.com' } },
    },
  };
};

const startAll = async (secrets: Secrets, port: number): Promise<Readonly<Record<string, Chat>>> => {
  const at = (offset: number): number => (port === 0 ? 0 : port + offset);
  const starts = { slack: () => startSlack(secrets, at(0)), discord: () => startDiscord(secrets, at(1)), telegram: () => startTelegram(secrets, at(2)), email: () => startEmail(at(3), at(4)) };
  const chats: Record<string, Chat> = {};
  for (const [kind, start] of Object.entries(starts)) chats[kind] = await start().catch(stopped(Object.values(chats)));
  return chats;
};

const startChatDoubles = async (port: number): Promise<ChatDoubles> => {
  const secrets = secretsOf();
  const chats = await startAll(secrets, port);
  return {
    pages: Object.fromEntries(Object.values(chats).map(({ name, url }) => [name, url])),
    secrets: {
      [`${secretPrefix}DOUBLE_SLACK_TOKEN`]: secrets.slackToken, [`${secretPrefix}DOUBLE_SLACK_SIGNING`]: secrets.slackSigning, [`${secretPrefix}DOUBLE_DISCORD_TOKEN`]: secrets.discordToken,
      [`${secretPrefix}DOUBLE_TELEGRAM_TOKEN`]: secrets.telegramToken, [`${secretPrefix}DOUBLE_TELEGRAM_SECRET`]: secrets.telegramSecret,
    },
    host,
    connect: async (api, gatewayUrl) => {
      for (const [kind, { channel, callBack }] of Object.entries(chats)) {
        const { callback_path } = await api.setChannel(`${kind}-stand-in`, channel);
        callBack?.(`${gatewayUrl}${callback_path}`);
      }
    },
    stop: async () => {
      await Promise.all(Object.values(chats).map((chat) => chat.stop()));
    },
  };
};

/** Starts the stand-ins: Slack at the configured port, and behind it Discord, Telegram, the page of mails and its mail server; none where they are not wanted. */
export const chatDoubles = async (config: StandaloneConfig, environment: Environment): Promise<ChatDoubles | undefined> =>
  areWanted(config, environment) ? await startChatDoubles(config.CHAT_DOUBLES_PORT) : undefined;
