import type { OutboundHttp } from '@cs/outbound-http';
import type { RESTPostAPIChannelMessageJSONBody } from 'discord-api-types/v10';
import { z } from 'zod';
import { PlatformHttp, type PlatformAnswer, type PlatformWait } from '../chat/platform-http.js';
import type { DiscordMessage } from './discord-card.js';

export interface DiscordApiOptions {
  readonly http: OutboundHttp;
  /** Token of the bot, without `Bot `. */
  readonly botToken: string;
  /** Default `https://discord.com/api/v10`. */
  readonly baseUrl?: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const errorSchema = z.object({ message: z.string().optional(), code: z.number().optional(), retry_after: z.number().nonnegative().optional(), global: z.boolean().optional() });

/** What Discord says of a refusal, in words without a secret. */
export const discordRefusal = (answer: PlatformAnswer): { readonly code?: number | undefined; readonly reason: string } => {
  if (answer.kind === 'failed') return { reason: answer.reason };
  const { code, message } = errorSchema.safeParse(answer.body).data ?? {};
  return { code, reason: `Discord answered ${answer.status}${message === undefined ? '' : ` (${code ?? 0}: ${message.slice(0, 200)})`}` };
};

const seconds = (value: string | undefined): number => (value !== undefined && /^\d{1,6}(\.\d{1,6})?$/.test(value) ? Number(value) : 0);

const isGlobal = (headers: Readonly<Record<string, string>>): boolean => headers['x-ratelimit-global'] === 'true' || headers['x-ratelimit-scope'] === 'global';

/** 429 says how long to wait, and the last call of a window when the next one opens. */
export const discordWait = ({ status, headers, body }: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown }): PlatformWait | undefined => {
  if (status !== 429) return headers['x-ratelimit-remaining'] === '0' ? { kind: 'after', ms: Math.ceil(seconds(headers['x-ratelimit-reset-after']) * 1000), isGlobal: false } : undefined;
  const { retry_after, global } = errorSchema.safeParse(body).data ?? {};
  const waitS = Math.max(retry_after ?? 0, seconds(headers['retry-after'])) || 1;
  return { kind: 'before', ms: Math.ceil(waitS * 1000), isGlobal: global === true || isGlobal(headers) };
};

type NewMessage = Pick<RESTPostAPIChannelMessageJSONBody, 'content' | 'nonce' | 'enforce_nonce' | 'message_reference'> & Partial<Omit<DiscordMessage, 'allowed_mentions'>> & Pick<DiscordMessage, 'allowed_mentions'>;

/** The calls of Discord's REST API, version 10, that a channel needs. */
export class DiscordApi {
  readonly #http: PlatformHttp;

  constructor({ http, botToken, baseUrl = 'https://discord.com/api/v10', now }: DiscordApiOptions) {
    // Discord asks for this form of user agent, and blocks clients without one.
    const headers = { authorization: `Bot ${botToken}`, 'user-agent': 'DiscordBot (https://countersign.invalid, 1)' };
    this.#http = new PlatformHttp({ http, baseUrl: baseUrl.replace(/\/+$/, ''), headers, now, waitAsked: discordWait });
  }

  createMessage(channelId: string, body: NewMessage, deadline_ms: number): Promise<PlatformAnswer> {
    return this.#http.call({ method: 'POST', path: `/channels/${encodeURIComponent(channelId)}/messages`, body, limit: `post ${channelId}`, deadline_ms });
  }

  editMessage({ conversation, message_id }: { readonly conversation: string; readonly message_id: string }, body: DiscordMessage, deadline_ms: number): Promise<PlatformAnswer> {
    return this.#http.call({ method: 'PATCH', path: `/channels/${encodeURIComponent(conversation)}/messages/${encodeURIComponent(message_id)}`, body, limit: `edit ${conversation}`, deadline_ms });
  }

  /** The newest 100 messages of a channel. */
  recentMessages(channelId: string, deadline_ms: number): Promise<PlatformAnswer> {
    return this.#http.call({ method: 'GET', path: `/channels/${encodeURIComponent(channelId)}/messages?limit=100`, limit: `read ${channelId}`, deadline_ms });
  }

  /** The channel of direct messages with a user; the same one each time. */
  openDirectMessages(userId: string, deadline_ms: number): Promise<PlatformAnswer> {
    return this.#http.call({ method: 'POST', path: '/users/@me/channels', body: { recipient_id: userId }, limit: 'direct', deadline_ms });
  }

  /** Tells Discord where to call back; it pings that address before it answers. */
  setCallbackUrl(url: string, deadline_ms: number): Promise<PlatformAnswer> {
    return this.#http.call({ method: 'PATCH', path: '/applications/@me', body: { interactions_endpoint_url: url }, limit: 'application', deadline_ms });
  }

  /** Sets the commands of the application, all of them. */
  setCommands(applicationId: string, commands: readonly unknown[], deadline_ms: number): Promise<PlatformAnswer> {
    return this.#http.call({ method: 'PUT', path: `/applications/${encodeURIComponent(applicationId)}/commands`, body: commands, limit: 'commands', deadline_ms });
  }
}
