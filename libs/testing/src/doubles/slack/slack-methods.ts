import { jsonAnswer, type DoubleAnswer, type DoubleRequest } from '../doubled-platform.js';
import { RateLimit, type RateLimitOptions } from '../rate-limit.js';
import { checkMessageBlocks, checkView, isParts } from './slack-block-check.js';
import type { SlackConversation, SlackStore, SlackStoredMessage } from './slack-store.js';

/** Whose Web API it is. */
export interface SlackApp {
  readonly teamId: string;
  readonly appId: string;
  readonly botId: string;
  readonly botUserId: string;
  readonly botToken: string;
}

export interface SlackMethodsOptions extends SlackApp {
  readonly store: SlackStore;
  /** Of messages to one conversation. Default: none. */
  readonly rateLimit?: RateLimitOptions | undefined;
  readonly now: () => number;
}

type Args = Readonly<Record<string, unknown>>;
type Result = { readonly ok: true; readonly [name: string]: unknown } | { readonly ok: false; readonly error: string; readonly response_metadata?: unknown };

const no = (error: string, messages?: readonly string[]): Result => ({ ok: false, error, ...(messages === undefined ? {} : { response_metadata: { messages } }) });
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const orMissing = (args: Args, name: string): Args => (args[name] === undefined ? {} : { [name]: args[name] });

/** Methods that only read take their arguments from a form, never from JSON. */
const formOnly: ReadonlySet<string> = new Set(['auth.test', 'bots.info', 'conversations.history', 'conversations.replies']);

const readArgs = (method: string, { headers, body }: DoubleRequest): Args | undefined => {
  const text = body.toString('utf8');
  if (!(headers['content-type'] ?? '').startsWith('application/json')) return Object.fromEntries(new URLSearchParams(text));
  if (formOnly.has(method)) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isParts(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const readMetadata = (value: unknown): SlackStoredMessage['metadata'] | 'invalid' | undefined => {
  if (value === undefined) return undefined;
  if (!isParts(value) || typeof value['event_type'] !== 'string' || value['event_type'] === '' || !isParts(value['event_payload'])) return 'invalid';
  return { event_type: value['event_type'], event_payload: value['event_payload'] };
};

/** The methods of the Web API that Countersign calls, with what Slack checks of their calls. */
export class SlackMethods {
  readonly #options: SlackMethodsOptions;
  readonly #limit: RateLimit | undefined;

  constructor(options: SlackMethodsOptions) {
    this.#options = options;
    this.#limit = options.rateLimit === undefined ? undefined : new RateLimit(options.rateLimit);
  }

  answer(method: string, request: DoubleRequest): DoubleAnswer {
    const given = request.headers['authorization'];
    if (given === undefined) return jsonAnswer(200, no('not_authed'));
    if (given !== `Bearer ${this.#options.botToken}`) return jsonAnswer(200, no('invalid_auth'));
    const args = readArgs(method, request);
    if (args === undefined) return jsonAnswer(200, no('invalid_json'));
    return this.#limited(method, args) ?? jsonAnswer(200, this.#call(method, args));
  }

  #limited(method: string, args: Args): DoubleAnswer | undefined {
    if (method !== 'chat.postMessage' && method !== 'chat.update') return undefined;
    const waitMs = this.#limit?.take(`${method} ${textOf(args['channel'])}`, this.#options.now()) ?? 0;
    return waitMs === 0 ? undefined : jsonAnswer(429, no('ratelimited'), { 'retry-after': String(Math.ceil(waitMs / 1000)) });
  }

  #call(method: string, args: Args): Result {
    switch (method) {
      case 'auth.test': return { ok: true, url: 'https://double.slack.com/', team: 'Double', user: 'countersign', team_id: this.#options.teamId, user_id: this.#options.botUserId, bot_id: this.#options.botId, is_enterprise_install: false };
      case 'bots.info': return args['bot'] === this.#options.botId ? { ok: true, bot: { id: this.#options.botId, app_id: this.#options.appId, name: 'countersign', deleted: false } } : no('bot_not_found');
      case 'chat.postMessage': return this.#post(args);
      case 'chat.update': return this.#update(args);
      case 'conversations.open': return this.#open(args);
      case 'conversations.history': return this.#list(args, (message) => message.thread_ts === undefined || message.broadcast);
      case 'conversations.replies': return this.#replies(args);
      case 'views.open': return this.#view(args);
      default: return no('unknown_method');
    }
  }

  #conversation(args: Args): SlackConversation | string {
    const conversation = this.#options.store.conversations.get(textOf(args['channel']));
    if (conversation === undefined) return 'channel_not_found';
    if (conversation.isArchived) return 'is_archived';
    return conversation.isMember ? conversation : 'not_in_channel';
  }

  #contentProblem({ text, blocks }: Args): Result | undefined {
    if (textOf(text) === '' && blocks === undefined) return no('no_text');
    if (textOf(text).length > 40_000) return no('msg_too_long');
    const problems = blocks === undefined ? [] : checkMessageBlocks(blocks);
    return problems.length === 0 ? undefined : no('invalid_blocks', problems);
  }

  #post(args: Args): Result {
    const { store, botUserId, now } = this.#options;
    const conversation = this.#conversation(args);
    if (typeof conversation === 'string') return no(conversation);
    const metadata = readMetadata(args['metadata']);
    const problem = this.#contentProblem(args) ?? (metadata === 'invalid' ? no('invalid_metadata_format') : undefined);
    if (problem) return problem;
    const thread = args['thread_ts'] === undefined ? undefined : store.find(conversation.id, textOf(args['thread_ts']));
    if (args['thread_ts'] !== undefined && thread === undefined) return no('thread_not_found');
    const message: SlackStoredMessage = {
      channel: conversation.id, ts: store.stamp(now()), broadcast: args['reply_broadcast'] === true, author: botUserId, text: textOf(args['text']), blocks: (args['blocks'] ?? []) as unknown[], edits: 0, deleted: false,
      ...(thread === undefined ? {} : { thread_ts: thread.thread_ts ?? thread.ts }), ...(metadata === undefined || metadata === 'invalid' ? {} : { metadata }),
    };
    store.messages.push(message);
    return { ok: true, channel: message.channel, ts: message.ts, message: this.#shown(message, false) };
  }

  #update(args: Args): Result {
    const conversation = this.#conversation(args);
    if (typeof conversation === 'string') return no(conversation);
    const message = this.#options.store.find(conversation.id, textOf(args['ts']));
    if (message === undefined) return no('message_not_found');
    if (message.author !== this.#options.botUserId) return no('cant_update_message');
    const problem = this.#contentProblem(args);
    if (problem) return problem;
    message.text = textOf(args['text']);
    message.blocks = (args['blocks'] ?? []) as unknown[];
    message.edits += 1;
    return { ok: true, channel: message.channel, ts: message.ts, text: message.text };
  }

  #open(args: Args): Result {
    const { store } = this.#options;
    const person = store.people.get(textOf(args['users']));
    if (person === undefined) return no('user_not_found');
    const id = `D${person.id.slice(1)}`;
    if (!store.conversations.has(id)) store.conversations.set(id, { id, name: person.name, isMember: true, isArchived: false, with: person.id });
    return { ok: true, channel: { id } };
  }

  #replies(args: Args): Result {
    const root = textOf(args['ts']);
    if (typeof this.#conversation(args) !== 'string' && this.#options.store.find(textOf(args['channel']), root) === undefined) return no('thread_not_found');
    return this.#list(args, (message) => message.ts === root || message.thread_ts === root);
  }

  /** Newest first, in pages, with metadata only when it is asked for. */
  #list(args: Args, isListed: (message: SlackStoredMessage) => boolean): Result {
    const conversation = this.#conversation(args);
    if (typeof conversation === 'string') return no(conversation);
    const limit = Math.min(Number(args['limit'] ?? 100), 999);
    const from = Number(textOf(args['cursor']) || 0);
    const all = this.#options.store.messages.filter((message) => message.channel === conversation.id && !message.deleted && isListed(message)).reverse();
    const page = all.slice(from, from + limit).map((message) => this.#shown(message, args['include_all_metadata'] === 'true'));
    const hasMore = from + limit < all.length;
    return { ok: true, messages: page, has_more: hasMore, response_metadata: { next_cursor: hasMore ? String(from + limit) : '' } };
  }

  #view(args: Args): Result {
    const { store, now } = this.#options;
    const problems = checkView(args['view']);
    if (problems.length > 0) return no('invalid_arguments', problems);
    const taken = store.takeTrigger(args['trigger_id'], now());
    if ('error' in taken) return no(taken.error);
    const id = `V${store.next()}`;
    store.modals.set(id, { id, user: taken.user, view: isParts(args['view']) ? args['view'] : {}, errors: {} });
    return { ok: true, view: { id } };
  }

  #shown(message: SlackStoredMessage, withMetadata: boolean): Args {
    const { ts, text, blocks, thread_ts, metadata } = message;
    return { type: 'message', ts, text, blocks, bot_id: this.#options.botId, app_id: this.#options.appId, ...orMissing({ thread_ts }, 'thread_ts'), ...(withMetadata && metadata !== undefined ? { metadata } : {}) };
  }
}
