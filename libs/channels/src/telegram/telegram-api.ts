import type { OutboundHttp } from '@cs/outbound-http';
import type { ApiMethods } from '@grammyjs/types';
import { z } from 'zod';
import { failedOutcome, PlatformHttp, type PlatformAnswer, type PlatformWait } from '../chat/platform-http.js';

export interface TelegramApiOptions {
  readonly http: OutboundHttp;
  /** `<bot id>:<secret>`. */
  readonly botToken: string;
  /** Default `https://api.telegram.org`. */
  readonly baseUrl?: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

type Method = 'sendMessage' | 'editMessageText' | 'setWebhook';
type Params<Name extends Method> = Parameters<ApiMethods<never>[Name]>[0];

/** `failed` with what Telegram says, as far as it may be stored. */
export type TelegramAnswer =
  | { readonly kind: 'ok'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly code: number; readonly description: string; readonly movedTo?: number; readonly mayHaveHappened: boolean; readonly outcome: ReturnType<typeof failedOutcome> };

const answerSchema = z.object({
  ok: z.boolean(), result: z.unknown().optional(), description: z.string().optional(),
  parameters: z.object({ retry_after: z.number().nonnegative().optional(), migrate_to_chat_id: z.int().optional() }).optional(),
});

export const telegramWait = ({ status, headers, body }: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown }): PlatformWait | undefined => {
  if (status !== 429) return undefined;
  const inHeader = Number(headers['retry-after'] ?? 0);
  const seconds = answerSchema.safeParse(body).data?.parameters?.retry_after ?? (Number.isFinite(inHeader) ? inHeader : 0);
  return { kind: 'before', ms: Math.ceil((seconds || 1) * 1000), isGlobal: false };
};

const refusedBy = (answer: Extract<PlatformAnswer, { kind: 'answered' }>, { description = 'no reason', parameters }: Pick<z.infer<typeof answerSchema>, 'description' | 'parameters'>): TelegramAnswer => {
  const { status } = answer;
  const movedTo = parameters?.migrate_to_chat_id;
  const outcome = failedOutcome(answer, `Telegram answered ${status} (${description.slice(0, 200)})`);
  return { kind: 'failed', code: status, description, mayHaveHappened: status < 400 || status >= 500, outcome, ...(movedTo === undefined ? {} : { movedTo }) };
};

const read = (answer: PlatformAnswer): TelegramAnswer => {
  if (answer.kind === 'failed') return { kind: 'failed', code: 0, description: answer.reason, mayHaveHappened: answer.mayHaveHappened, outcome: failedOutcome(answer, answer.reason) };
  const parsed = answerSchema.safeParse(answer.body);
  if (parsed.success && parsed.data.ok) return { kind: 'ok', result: parsed.data.result };
  return refusedBy(answer, parsed.data ?? {});
};

/** The methods of the Bot API that a channel needs. The token is part of the path, which no message repeats. */
export class TelegramApi {
  readonly #http: PlatformHttp;
  readonly #botToken: string;

  constructor({ http, botToken, baseUrl = 'https://api.telegram.org', now }: TelegramApiOptions) {
    this.#botToken = botToken;
    this.#http = new PlatformHttp({ http, baseUrl: baseUrl.replace(/\/+$/, ''), headers: {}, now, waitAsked: telegramWait });
  }

  async call<Name extends Method>(method: Name, params: Params<Name>, deadline_ms: number): Promise<TelegramAnswer> {
    const chat = typeof params === 'object' && params !== null && 'chat_id' in params ? String(params.chat_id) : '';
    return read(await this.#http.call({ method: 'POST', path: `/bot${this.#botToken}/${method}`, body: params, limit: chat, deadline_ms }));
  }
}
