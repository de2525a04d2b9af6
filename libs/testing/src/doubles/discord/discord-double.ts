import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { sendCallback, type CallbackAnswer } from '../callback.js';
import { jsonAnswer, type DoubleAnswer, type DoubledPlatform, type DoubleRequest, type PageContent } from '../doubled-platform.js';
import { RateLimit } from '../rate-limit.js';
import { customIdsOf, invalidForm, listOf, membersOf, messageProblems, modalProblems } from './discord-limits.js';
import { discordPage, discordStyle } from './discord-page.js';

export interface DiscordUser {
  readonly id: string;
  readonly username: string;
}

/** A message as the double keeps it. */
export interface DiscordDoubleMessage {
  readonly id: string;
  readonly channel_id: string;
  readonly author: DiscordUser & { readonly bot: boolean };
  readonly sent_at_ms: number;
  readonly nonce?: string | undefined;
  readonly message_reference?: { readonly message_id: string; readonly channel_id: string } | undefined;
  content: string;
  embeds: readonly unknown[];
  components: readonly unknown[];
  edits: number;
}

/** What the platform shows who acted: nothing, a message to them alone, a modal, or that the interaction failed. */
export type DiscordShown =
  | { readonly kind: 'nothing' | 'pong' }
  | { readonly kind: 'message'; readonly text: string; readonly onlyToThem: boolean }
  | { readonly kind: 'updated' }
  | { readonly kind: 'modal'; readonly custom_id: string; readonly title: string; readonly input: string }
  | { readonly kind: 'failed'; readonly why: string };

export interface DiscordDoubleOptions {
  readonly botToken?: string;
  readonly applicationId?: string;
  /** Channels that exist. Default: `1100`. */
  readonly channels?: readonly string[];
  /** Messages per second and channel; Discord's own are about 1 with a burst of 5. Default: no limit. */
  readonly perSecond?: number;
  /** Where interactions go. Also set by the API. */
  readonly callbackUrl?: string;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

const answerWithinMs = 3_000;
const nonceRememberedMs = 180_000;
/** Used as the person where none is given. */
export const discordPerson: DiscordUser = { id: '2001', username: 'ada' };

const refusal = (status: number, code: number, message: string): DoubleAnswer => jsonAnswer(status, { message, code });
const notFound = (what: 'Channel' | 'Message'): DoubleAnswer => refusal(404, what === 'Channel' ? 10_003 : 10_008, `Unknown ${what}`);

/** Stands in for Discord: the REST calls that a channel uses, checked as Discord checks them, and interactions signed as Discord signs them. */
export class DiscordDouble implements DoubledPlatform {
  readonly name = 'Discord';
  readonly style = discordStyle;
  readonly botToken: string;
  readonly applicationId: string;
  /** 64 hexadecimal digits. */
  readonly publicKey: string;
  callbackUrl: string | undefined;
  commands: readonly unknown[] = [];
  /** Each interaction as it was sent, and what came back. */
  readonly interactions: { readonly body: string; readonly headers: Readonly<Record<string, string>>; readonly answer: CallbackAnswer }[] = [];
  readonly #privateKey: KeyObject;
  readonly #channels = new Map<string, DiscordDoubleMessage[]>();
  readonly #limit: RateLimit | undefined;
  readonly #now: () => number;
  #lastId = 9_000;
  #modal: { readonly message: DiscordDoubleMessage; readonly shown: Extract<DiscordShown, { kind: 'modal' }>; readonly user: DiscordUser } | undefined;

  constructor(options: DiscordDoubleOptions = {}) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.#privateKey = privateKey;
    this.publicKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
    this.botToken = options.botToken ?? 'bot-token-of-the-double';
    this.applicationId = options.applicationId ?? '1001';
    this.callbackUrl = options.callbackUrl;
    this.#now = options.now ?? Date.now;
    this.#limit = options.perSecond === undefined ? undefined : new RateLimit({ perSecond: options.perSecond, burst: 5 });
    for (const channel of options.channels ?? ['1100']) this.#channels.set(channel, []);
  }

  messages(channelId = '1100'): readonly DiscordDoubleMessage[] {
    return this.#channels.get(channelId) ?? [];
  }

  /** Every message, the oldest first. */
  everyMessage(): readonly DiscordDoubleMessage[] {
    return [...this.#channels.values()].flat().sort((one, other) => Number(one.id) - Number(other.id));
  }

  deleteMessage(messageId: string): void {
    for (const [channel, messages] of this.#channels) this.#channels.set(channel, messages.filter(({ id }) => id !== messageId));
  }

  answer(request: DoubleRequest): DoubleAnswer | Promise<DoubleAnswer> {
    if (request.headers['authorization'] !== `Bot ${this.botToken}`) return refusal(401, 0, '401: Unauthorized');
    if (!/^DiscordBot \(\S+, \S+\)/.test(request.headers['user-agent'] ?? '')) return refusal(403, 40_333, 'internal network error');
    const path = request.path.replace(/^\/api\/v10/, '');
    const [, channel, message] = /^\/channels\/([^/]+)\/messages(?:\/([^/]+))?$/.exec(path) ?? [];
    if (channel !== undefined) return this.#limited(request, channel) ?? this.#channelCall(request, decodeURIComponent(channel), message);
    return this.#otherCall(request, path);
  }

  /** Presses the button of a message as `user`; `custom_id` may be one that the message does not have, as a forged client could send. */
  async press(message: DiscordDoubleMessage, customId: string, user: DiscordUser = discordPerson): Promise<DiscordShown> {
    const shown = await this.#interact({ type: 3, channel_id: message.channel_id, message: { id: message.id, channel_id: message.channel_id }, data: { component_type: 2, custom_id: customId } }, { user, message });
    this.#modal = shown.kind === 'modal' ? { message, shown, user } : undefined;
    return shown;
  }

  /** Sends what was typed into a modal that `press` showed. */
  submit(message: DiscordDoubleMessage, modal: Extract<DiscordShown, { kind: 'modal' }>, { text, user = discordPerson }: { readonly text: string; readonly user?: DiscordUser }): Promise<DiscordShown> {
    this.#modal = undefined;
    const data = { custom_id: modal.custom_id, components: [{ type: 1, components: [{ type: 4, custom_id: modal.input, value: text }] }] };
    return this.#interact({ type: 5, channel_id: message.channel_id, message: { id: message.id, channel_id: message.channel_id }, data }, { user, message });
  }

  /** Sends a slash command. */
  command(name: string, options: Readonly<Record<string, string>>, user: DiscordUser = discordPerson): Promise<DiscordShown> {
    return this.#interact({ type: 2, channel_id: [...this.#channels.keys()][0], data: { id: '1', name, type: 1, options: Object.entries(options).map(([key, value]) => ({ name: key, type: 3, value })) } }, { user });
  }

  /** Signs a body as Discord does, at a time in seconds. */
  signed(body: string | Uint8Array, timestamp = Math.floor(this.#now() / 1000).toString()): Readonly<Record<string, string>> {
    return { 'content-type': 'application/json', 'x-signature-timestamp': timestamp, 'x-signature-ed25519': sign(null, Buffer.concat([Buffer.from(timestamp), Buffer.from(body)]), this.#privateKey).toString('hex') };
  }

  /** Sends the same interaction again, byte by byte. */
  async repeat(index = this.interactions.length - 1): Promise<CallbackAnswer> {
    const { body, headers } = this.interactions[index] ?? { body: '', headers: {} };
    return sendCallback({ url: this.callbackUrl ?? '', headers, body, timeoutMs: answerWithinMs });
  }

  page(): PageContent {
    return { html: discordPage(this.everyMessage(), this.#modal), isBusy: this.#modal !== undefined };
  }

  async act(fields: Readonly<Record<string, string>>): Promise<string | undefined> {
    const message = this.everyMessage().find(({ id }) => id === fields['message']);
    if (message === undefined) return 'This message is gone.';
    const reason = fields['reason'];
    const modal = this.#modal;
    const shown = reason === undefined || modal === undefined ? await this.press(message, fields['press'] ?? '') : await this.submit(message, modal.shown, { text: reason, user: modal.user });
    if (shown.kind === 'message') return `Only you can see this: ${shown.text.replace(/\\(.)/g, '$1')}`;
    return shown.kind === 'failed' ? `This interaction failed: ${shown.why}` : undefined;
  }

  #id(): string {
    return String((this.#lastId += 1));
  }

  #limited({ method }: DoubleRequest, channel: string): DoubleAnswer | undefined {
    const waitMs = this.#limit?.take(`${method} ${channel}`, this.#now()) ?? 0;
    if (waitMs === 0) return undefined;
    const retry_after = waitMs / 1000;
    const headers = { 'retry-after': String(Math.ceil(retry_after)), 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset-after': retry_after.toFixed(3), 'x-ratelimit-bucket': `${method}-${channel}`, 'x-ratelimit-scope': 'user' };
    return jsonAnswer(429, { message: 'You are being rate limited.', retry_after, global: false }, headers);
  }

  #channelCall(request: DoubleRequest, channel: string, messageId: string | undefined): DoubleAnswer {
    const messages = this.#channels.get(channel);
    if (messages === undefined) return notFound('Channel');
    if (request.method === 'GET' && messageId === undefined) return this.#history(request, messages);
    const body: unknown = JSON.parse(request.body.toString('utf8'));
    const problems = messageProblems(body);
    if (problems.length > 0) return jsonAnswer(400, invalidForm(problems));
    if (request.method === 'POST' && messageId === undefined) return this.#create(channel, messages, body);
    const message = messages.find(({ id }) => id === messageId);
    if (message === undefined || request.method !== 'PATCH') return message === undefined ? notFound('Message') : refusal(405, 0, '405: Method Not Allowed');
    return this.#edit(message, body);
  }

  #history({ query }: DoubleRequest, messages: readonly DiscordDoubleMessage[]): DoubleAnswer {
    const limit = Number(query.get('limit') ?? 50);
    if (!Number.isInteger(limit) || limit < 1 || limit > 100) return jsonAnswer(400, invalidForm([{ path: 'limit', code: 'NUMBER_TYPE_MAX', message: 'int value should be between 1 and 100.' }]));
    // The nonce of a message is told to who creates it alone.
    return jsonAnswer(200, messages.slice(-limit).reverse().map(({ nonce: _nonce, edits: _edits, sent_at_ms: _sent, ...message }) => message));
  }

  #create(channel: string, messages: DiscordDoubleMessage[], body: unknown): DoubleAnswer {
    const { content = '', embeds, components, nonce, enforce_nonce, message_reference } = membersOf(body);
    if (content === '' && listOf(embeds).length === 0 && listOf(components).length === 0) return refusal(400, 50_006, 'Cannot send an empty message');
    const known = enforce_nonce === true ? messages.find((message) => message.nonce === String(nonce) && this.#now() - message.sent_at_ms <= nonceRememberedMs) : undefined;
    if (known !== undefined) return jsonAnswer(200, known);
    const { message_id, fail_if_not_exists } = membersOf(message_reference);
    const isThere = messages.some(({ id }) => id === message_id);
    if (message_id !== undefined && !isThere && fail_if_not_exists !== false) return jsonAnswer(400, invalidForm([{ path: 'message_reference', code: 'REPLIES_UNKNOWN_MESSAGE', message: 'Unknown message' }]));
    const message: DiscordDoubleMessage = {
      id: this.#id(), channel_id: channel, author: { id: this.applicationId, username: 'Countersign', bot: true }, sent_at_ms: this.#now(), content: String(content), embeds: listOf(embeds), components: listOf(components), edits: 0,
      ...(nonce === undefined ? {} : { nonce: String(nonce) }), ...(isThere ? { message_reference: { message_id: String(message_id), channel_id: channel } } : {}),
    };
    messages.push(message);
    return jsonAnswer(200, message, { 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '4', 'x-ratelimit-reset-after': '1.000' });
  }

  #edit(message: DiscordDoubleMessage, body: unknown): DoubleAnswer {
    if (message.author.id !== this.applicationId) return refusal(403, 50_005, 'Cannot edit a message authored by another user');
    const { content, embeds, components } = membersOf(body);
    if (content !== undefined) message.content = String(content ?? '');
    if (embeds !== undefined) message.embeds = listOf(embeds);
    if (components !== undefined) message.components = listOf(components);
    message.edits += 1;
    return jsonAnswer(200, message);
  }

  async #otherCall({ method, body }: DoubleRequest, path: string): Promise<DoubleAnswer> {
    const form: unknown = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
    if (method === 'POST' && path === '/users/@me/channels') return this.#openDirect(membersOf(form)['recipient_id']);
    if (method === 'PUT' && path === `/applications/${this.applicationId}/commands`) {
      this.commands = listOf(form);
      return jsonAnswer(200, form);
    }
    if (method === 'PATCH' && path === '/applications/@me') return this.#setCallbackUrl(String(membersOf(form)['interactions_endpoint_url']));
    return refusal(404, 0, '404: Not Found');
  }

  #openDirect(userId: unknown): DoubleAnswer {
    if (typeof userId !== 'string' || !/^\d{1,20}$/.test(userId)) return jsonAnswer(400, invalidForm([{ path: 'recipient_id', code: 'NUMBER_TYPE_COERCE', message: 'Value is not snowflake.' }]));
    const id = `7${userId}`;
    if (!this.#channels.has(id)) this.#channels.set(id, []);
    return jsonAnswer(200, { id, type: 1, recipients: [{ id: userId }] });
  }

  /** An address is taken when it answers a ping, and refuses one whose signature is wrong. */
  async #setCallbackUrl(url: string): Promise<DoubleAnswer> {
    const body = JSON.stringify({ id: this.#id(), application_id: this.applicationId, type: 1, version: 1 });
    const headers = this.signed(body);
    const forged = { ...headers, 'x-signature-ed25519': '0'.repeat(128) };
    const [good, bad] = [await sendCallback({ url, headers, body, timeoutMs: answerWithinMs }), await sendCallback({ url, headers: forged, body, timeoutMs: answerWithinMs })];
    const isPong = good.kind === 'answered' && good.status === 200 && membersOf(JSON.parse(good.body)).type === 1;
    if (!isPong || bad.kind !== 'answered' || bad.status !== 401) return jsonAnswer(400, invalidForm([{ path: 'interactions_endpoint_url', code: 'APPLICATION_INTERACTIONS_ENDPOINT_URL_INVALID', message: 'The specified interactions endpoint url could not be verified.' }]));
    this.callbackUrl = url;
    return jsonAnswer(200, { id: this.applicationId, interactions_endpoint_url: url });
  }

  async #interact(interaction: Readonly<Record<string, unknown>>, { user, message }: { readonly user: DiscordUser; readonly message?: DiscordDoubleMessage }): Promise<DiscordShown> {
    if (this.callbackUrl === undefined) return { kind: 'failed', why: 'no address to call back is set' };
    const body = JSON.stringify({ id: this.#id(), application_id: this.applicationId, token: 'interaction-token', version: 1, guild_id: '3001', member: { user: { ...user, discriminator: '0', global_name: user.username }, roles: [] }, ...interaction });
    const headers = this.signed(body);
    const answer = await sendCallback({ url: this.callbackUrl, headers, body, timeoutMs: answerWithinMs });
    this.interactions.push({ body, headers, answer });
    if (answer.kind !== 'answered') return { kind: 'failed', why: answer.kind === 'late' ? 'no answer within 3 seconds' : 'nobody answers' };
    if (answer.status !== 200) return { kind: 'failed', why: `answered ${answer.status}` };
    return this.#show(JSON.parse(answer.body), Number(interaction['type']), message);
  }

  #show(answer: unknown, interactionType: number, message: DiscordDoubleMessage | undefined): DiscordShown {
    const { type, data } = membersOf(answer);
    if (type === 1) return { kind: 'pong' };
    if (type === 4) return this.#showMessage(data);
    if ((type === 6 || type === 7) && message !== undefined) return this.#showUpdate(type, data, message);
    if (type === 9 && interactionType !== 5) return this.#showModal(data);
    return { kind: 'failed', why: `an answer of type ${String(type)} is not for this interaction` };
  }

  #showMessage(data: unknown): DiscordShown {
    const problems = messageProblems(data);
    const { content, flags } = membersOf(data);
    if (problems.length > 0 || typeof content !== 'string' || content === '') return { kind: 'failed', why: problems[0]?.message ?? 'an empty message' };
    return { kind: 'message', text: content, onlyToThem: (Number(flags) & 64) === 64 };
  }

  #showUpdate(type: 6 | 7, data: unknown, message: DiscordDoubleMessage): DiscordShown {
    if (type === 6) return { kind: 'nothing' };
    const [problem] = messageProblems(data);
    if (problem !== undefined) return { kind: 'failed', why: problem.message };
    this.#edit(message, data);
    return { kind: 'updated' };
  }

  #showModal(data: unknown): DiscordShown {
    const [problem] = modalProblems(data);
    if (problem !== undefined) return { kind: 'failed', why: `${problem.path}: ${problem.message}` };
    const { custom_id, title, components } = membersOf(data);
    return { kind: 'modal', custom_id: String(custom_id), title: String(title), input: customIdsOf(components)[0] ?? '' };
  }
}
