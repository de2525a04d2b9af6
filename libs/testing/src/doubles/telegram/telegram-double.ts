import { sendCallback, type CallbackAnswer } from '../callback.js';
import { jsonAnswer, type DoubleAnswer, type DoubledPlatform, type DoubleRequest, type PageContent } from '../doubled-platform.js';
import { RateLimit } from '../rate-limit.js';
import { parseTelegramText, type TelegramEntity } from './telegram-markdown.js';
import { hasOpenPrompt, telegramPage, telegramStyle } from './telegram-page.js';

export interface TelegramUser {
  readonly id: number;
  readonly first_name: string;
}

export interface TelegramButton {
  readonly text: string;
  readonly callback_data?: string;
  readonly url?: string;
  readonly style?: string;
}

/** A message as the double keeps it. */
export interface TelegramDoubleMessage {
  readonly message_id: number;
  readonly chat_id: number;
  readonly from: TelegramUser & { readonly is_bot: boolean };
  /** Unix seconds. */
  readonly date: number;
  readonly reply_to?: number | undefined;
  readonly force_reply?: boolean;
  readonly message_thread_id?: number | undefined;
  text: string;
  entities: readonly TelegramEntity[];
  keyboard: readonly (readonly TelegramButton[])[];
  edits: number;
}

/** What a person sees of a press: a line, an alert, nothing, or a clock that never ends. */
export type TelegramShown = { readonly kind: 'line' | 'alert'; readonly text: string } | { readonly kind: 'nothing' } | { readonly kind: 'failed'; readonly why: string };

export interface TelegramDoubleOptions {
  readonly botToken?: string;
  /** Chats that the bot is in. Default: `-1001`. A user's chat exists once they wrote to the bot. */
  readonly chats?: readonly number[];
  /** Calls per second and chat. Default: no limit. */
  readonly perSecond?: number;
  readonly callbackUrl?: string;
  /** Sent with each update. */
  readonly secretToken?: string;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

type Params = Readonly<Record<string, unknown>>;
type Query = { readonly id: string; readonly at_ms: number; shown: TelegramShown | undefined };

/** Used as the person where none is given. */
export const telegramPerson: TelegramUser = { id: 2001, first_name: 'Ada' };

const answerWithinMs = 3_000;
const queryValidMs = 15_000;
const maxText = 4096;

const fail = (error_code: number, description: string, parameters?: Params): DoubleAnswer => jsonAnswer(error_code, { ok: false, error_code, description, ...(parameters === undefined ? {} : { parameters }) });
const badRequest = (description: string): DoubleAnswer => fail(400, `Bad Request: ${description}`);
const ok = (result: unknown): DoubleAnswer => jsonAnswer(200, { ok: true, result });
const membersOf = (value: unknown): Params => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Params) : {});
const rowsOf = (markup: unknown): readonly (readonly TelegramButton[])[] => {
  const { inline_keyboard } = membersOf(markup);
  return Array.isArray(inline_keyboard) ? (inline_keyboard as TelegramButton[][]) : [];
};

const buttonProblem = ({ text, callback_data, url, style }: TelegramButton): string | undefined => {
  if (typeof text !== 'string' || text === '') return 'Text buttons are unallowed in the inline keyboard';
  if (style !== undefined && !['danger', 'success', 'primary'].includes(style)) return 'unsupported button style';
  if (callback_data === undefined) return url !== undefined && URL.canParse(url) && new URL(url).hostname.includes('.') ? undefined : `inline keyboard button URL '${url}' is invalid: Wrong HTTP URL`;
  const bytes = Buffer.byteLength(callback_data);
  return bytes < 1 || bytes > 64 ? 'BUTTON_DATA_INVALID' : undefined;
};

/** Stands in for Telegram: the Bot API as far as a channel uses it, checked as Telegram checks it, and updates sent to its webhook. */
export class TelegramDouble implements DoubledPlatform {
  readonly name = 'Telegram';
  readonly style = telegramStyle;
  readonly botToken: string;
  readonly bot: TelegramUser & { readonly is_bot: true; readonly username: string };
  callbackUrl: string | undefined;
  secretToken: string | undefined;
  /** Each update as it was sent, and what came back. */
  readonly updates: { readonly body: string; readonly answer: CallbackAnswer }[] = [];
  readonly #messages: TelegramDoubleMessage[] = [];
  readonly #chats: Set<number>;
  readonly #moved = new Map<number, number>();
  readonly #queries = new Map<string, Query>();
  readonly #limit: RateLimit | undefined;
  readonly #now: () => number;
  #lastMessage = 100;
  #lastUpdate = 70_000;

  constructor(options: TelegramDoubleOptions = {}) {
    this.botToken = options.botToken ?? '5001:token-of-the-double';
    this.bot = { id: Number(this.botToken.split(':')[0]), is_bot: true, first_name: 'Countersign', username: 'countersign_bot' };
    this.callbackUrl = options.callbackUrl;
    this.secretToken = options.secretToken;
    this.#now = options.now ?? Date.now;
    this.#chats = new Set(options.chats ?? [-1001]);
    this.#limit = options.perSecond === undefined ? undefined : new RateLimit({ perSecond: options.perSecond });
  }

  messages(chatId = -1001): readonly TelegramDoubleMessage[] {
    return this.#messages.filter(({ chat_id }) => chat_id === chatId);
  }

  deleteMessage(messageId: number): void {
    const index = this.#messages.findIndex(({ message_id }) => message_id === messageId);
    if (index >= 0) this.#messages.splice(index, 1);
  }

  /** A group becomes a supergroup: its chat has another id from now on. */
  moveChat(from: number, to: number): void {
    this.#chats.delete(from);
    this.#chats.add(to);
    this.#moved.set(from, to);
  }

  answer(request: DoubleRequest): DoubleAnswer | Promise<DoubleAnswer> {
    const [, token, method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(request.path) ?? [];
    if (token !== this.botToken) return fail(token === undefined ? 404 : 401, token === undefined ? 'Not Found' : 'Unauthorized');
    return this.#call(method, membersOf(JSON.parse(request.body.toString('utf8') || '{}')));
  }

  /** Presses a button; `data` may be one that the message does not have, as a forged client could send. */
  async press(message: TelegramDoubleMessage, data: string, user: TelegramUser = telegramPerson): Promise<TelegramShown> {
    const query: Query = { id: String(8_000_000 + this.#queries.size), at_ms: this.#now(), shown: undefined };
    this.#queries.set(query.id, query);
    const failure = await this.#update({ callback_query: { id: query.id, from: { ...user, is_bot: false }, chat_instance: '1', message: this.#asApi(message), data } });
    return failure ?? query.shown ?? { kind: 'failed', why: 'the press was not answered' };
  }

  /** Writes a message, as an answer to another one where `to` is given. */
  async write(text: string, { user = telegramPerson, to, chatId = to?.chat_id ?? -1001, date }: { readonly user?: TelegramUser; readonly to?: TelegramDoubleMessage; readonly chatId?: number; readonly date?: number } = {}): Promise<TelegramShown> {
    this.#chats.add(chatId);
    const message: TelegramDoubleMessage = { message_id: (this.#lastMessage += 1), chat_id: chatId, from: { ...user, is_bot: false }, date: date ?? Math.floor(this.#now() / 1000), text, entities: [], keyboard: [], edits: 0, ...(to === undefined ? {} : { reply_to: to.message_id }) };
    this.#messages.push(message);
    return (await this.#update({ message: { ...this.#asApi(message), ...(to === undefined ? {} : { reply_to_message: this.#asApi(to) }) } })) ?? { kind: 'nothing' };
  }

  /** Sends any update. */
  sendUpdate(update: Params): Promise<TelegramShown | undefined> {
    return this.#update(update);
  }

  /** Sends the same update again, byte by byte. */
  repeat(index = this.updates.length - 1): Promise<CallbackAnswer> {
    return sendCallback({ url: this.callbackUrl ?? '', headers: this.#headers(), body: this.updates[index]?.body ?? '', timeoutMs: answerWithinMs });
  }

  page(): PageContent {
    return { html: telegramPage(this.#messages), isBusy: hasOpenPrompt(this.#messages) };
  }

  async act(fields: Readonly<Record<string, string>>): Promise<string | undefined> {
    const message = this.#messages.find(({ message_id }) => String(message_id) === fields['message']);
    if (message === undefined) return 'This message is gone.';
    const shown = fields['press'] === undefined ? await this.write(fields['text'] ?? '', { to: message }) : await this.press(message, fields['press']);
    if (shown.kind === 'failed') return `Nothing happened: ${shown.why}`;
    return shown.kind === 'nothing' ? undefined : shown.text;
  }

  #headers(): Readonly<Record<string, string>> {
    return { 'content-type': 'application/json', ...(this.secretToken === undefined ? {} : { 'x-telegram-bot-api-secret-token': this.secretToken }) };
  }

  /** Posts an update. The answer may be a call of the Bot API, which is done; its own outcome nobody is told. */
  async #update(update: Params): Promise<TelegramShown | undefined> {
    if (this.callbackUrl === undefined) return { kind: 'failed', why: 'no webhook is set' };
    const body = JSON.stringify({ update_id: (this.#lastUpdate += 1), ...update });
    const answer = await sendCallback({ url: this.callbackUrl, headers: this.#headers(), body, timeoutMs: answerWithinMs });
    this.updates.push({ body, answer });
    if (answer.kind !== 'answered') return { kind: 'failed', why: answer.kind === 'late' ? 'no answer within 3 seconds' : 'nobody answers' };
    if (answer.status !== 200) return { kind: 'failed', why: `answered ${answer.status}` };
    const { method, ...params } = membersOf(JSON.parse(answer.body || '{}'));
    if (typeof method !== 'string') return undefined;
    const done = await this.#call(method, params);
    return done.status === 200 ? undefined : { kind: 'failed', why: done.body };
  }

  #call(method: string, params: Params): DoubleAnswer | Promise<DoubleAnswer> {
    switch (method) {
      case 'getMe': return ok(this.bot);
      case 'sendMessage': return this.#limited(params) ?? this.#send(params);
      case 'editMessageText': return this.#limited(params) ?? this.#edit(params);
      case 'editMessageReplyMarkup': return this.#limited(params) ?? this.#editMarkup(params);
      case 'answerCallbackQuery': return this.#answerQuery(params);
      case 'setWebhook': return this.#setWebhook(params);
      default: return fail(404, 'Not Found: method not found');
    }
  }

  #limited({ chat_id }: Params): DoubleAnswer | undefined {
    const waitMs = this.#limit?.take(String(chat_id), this.#now()) ?? 0;
    if (waitMs === 0) return undefined;
    const retry_after = Math.max(1, Math.ceil(waitMs / 1000));
    return { ...fail(429, `Too Many Requests: retry after ${retry_after}`, { retry_after }), headers: { 'content-type': 'application/json', 'retry-after': String(retry_after) } };
  }

  /** The text as it is shown, or what is wrong with the text or its buttons. */
  #readText({ text, parse_mode, reply_markup }: Params): { readonly text: string; readonly entities: readonly TelegramEntity[] } | DoubleAnswer {
    if (typeof text !== 'string' || text === '') return badRequest('message text is empty');
    if (/\p{Surrogate}/u.test(text)) return badRequest('strings must be encoded in UTF-8');
    const parsed = parseTelegramText(text, parse_mode);
    if (parsed.kind === 'refused') return badRequest(parsed.description);
    if (parsed.text.trim() === '') return badRequest('message text is empty');
    if (parsed.text.length > maxText) return badRequest('message is too long');
    const problem = rowsOf(reply_markup).flat().map(buttonProblem).find((one) => one !== undefined);
    return problem === undefined ? { text: parsed.text, entities: parsed.entities } : badRequest(problem);
  }

  #send(params: Params): DoubleAnswer {
    const chat = Number(params['chat_id']);
    const moved = this.#moved.get(chat);
    if (moved !== undefined) return fail(400, 'Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: moved });
    if (!this.#chats.has(chat)) return chat > 0 ? fail(403, "Forbidden: bot can't initiate conversation with a user") : badRequest('chat not found');
    const read = this.#readText(params);
    if ('status' in read) return read;
    const { message_id: reply, allow_sending_without_reply } = membersOf(params['reply_parameters']);
    const isThere = this.#messages.some(({ message_id, chat_id }) => message_id === reply && chat_id === chat);
    if (reply !== undefined && !isThere && allow_sending_without_reply !== true) return badRequest('message to be replied not found');
    const { force_reply } = membersOf(params['reply_markup']);
    const thread = params['message_thread_id'];
    const message: TelegramDoubleMessage = {
      message_id: (this.#lastMessage += 1), chat_id: chat, from: this.bot, date: Math.floor(this.#now() / 1000), ...read, keyboard: rowsOf(params['reply_markup']), edits: 0,
      ...(isThere ? { reply_to: Number(reply) } : {}), ...(force_reply === true ? { force_reply: true } : {}), ...(thread === undefined ? {} : { message_thread_id: Number(thread) }),
    };
    this.#messages.push(message);
    return ok(this.#asApi(message));
  }

  #ownMessage({ chat_id, message_id }: Params): TelegramDoubleMessage | DoubleAnswer {
    const message = this.#messages.find((one) => one.message_id === message_id && one.chat_id === Number(chat_id));
    if (message === undefined) return badRequest('message to edit not found');
    return message.from.id === this.bot.id ? message : badRequest("message can't be edited");
  }

  #edit(params: Params): DoubleAnswer {
    const message = this.#ownMessage(params);
    if ('status' in message) return message;
    const read = this.#readText(params);
    return 'status' in read ? read : this.#change(message, { ...read, keyboard: rowsOf(params['reply_markup']) });
  }

  #editMarkup(params: Params): DoubleAnswer {
    const message = this.#ownMessage(params);
    if ('status' in message) return message;
    const keyboard = rowsOf(params['reply_markup']);
    const problem = keyboard.flat().map(buttonProblem).find((one) => one !== undefined);
    return problem === undefined ? this.#change(message, { text: message.text, entities: message.entities, keyboard }) : badRequest(problem);
  }

  #change(message: TelegramDoubleMessage, next: Pick<TelegramDoubleMessage, 'text' | 'entities' | 'keyboard'>): DoubleAnswer {
    const { text, entities, keyboard } = message;
    if (JSON.stringify({ text, entities, keyboard }) === JSON.stringify({ text: next.text, entities: next.entities, keyboard: next.keyboard })) {
      return badRequest('message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message');
    }
    Object.assign(message, next, { edits: message.edits + 1 });
    return ok(this.#asApi(message));
  }

  #answerQuery({ callback_query_id, text = '', show_alert }: Params): DoubleAnswer {
    const query = this.#queries.get(String(callback_query_id));
    if (query === undefined || query.shown !== undefined || this.#now() - query.at_ms > queryValidMs) return badRequest('query is too old and response timeout expired or query ID is invalid');
    if (typeof text !== 'string' || text.length > 200) return badRequest('MESSAGE_TOO_LONG');
    query.shown = text === '' ? { kind: 'nothing' } : { kind: show_alert === true ? 'alert' : 'line', text };
    return ok(true);
  }

  #setWebhook({ url, secret_token }: Params): DoubleAnswer {
    if (typeof url !== 'string' || !URL.canParse(url)) return badRequest('bad webhook: URL host is empty');
    if (secret_token !== undefined && !/^[A-Za-z0-9_-]{1,256}$/.test(String(secret_token))) return badRequest('secret token contains unallowed characters');
    this.callbackUrl = url;
    this.secretToken = secret_token === undefined ? undefined : String(secret_token);
    return ok(true);
  }

  #asApi({ message_id, chat_id, from, date, text, entities, keyboard, edits, reply_to, message_thread_id }: TelegramDoubleMessage): Params {
    return {
      message_id, from, chat: { id: chat_id, type: chat_id > 0 ? 'private' : 'supergroup' }, date, text, entities,
      ...(keyboard.length === 0 ? {} : { reply_markup: { inline_keyboard: keyboard } }), ...(edits === 0 ? {} : { edit_date: date }),
      ...(reply_to === undefined ? {} : { reply_to_message: { message_id: reply_to, date, chat: { id: chat_id } } }), ...(message_thread_id === undefined ? {} : { message_thread_id }),
    };
  }
}
