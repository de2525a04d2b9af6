import type { KeyObject } from 'node:crypto';
import { followsUp, renews, type AdapterOutcome, type HttpAnswer, type InboundCall, type InteractiveChannel, type Interaction, type Outgoing, type PostedMessage, type Received, type Reply } from '@cs/notification';
import { z } from 'zod';
import { answerBelow, viewOf, type CardView } from '../chat/card-view.js';
import { cleanText, fitText } from '../chat/chat-text.js';
import { failedOutcome, type PlatformAnswer } from '../chat/platform-http.js';
import { DiscordApi, discordRefusal, type DiscordApiOptions } from './discord-api.js';
import { discordLimits, discordReference, renderDiscordCard } from './discord-card.js';
import { readDiscordInteraction } from './discord-interaction.js';
import { answerDiscord } from './discord-reply.js';
import { readDiscordKey, refuseDiscordSignature } from './discord-signature.js';
import { escapeDiscord } from './discord-text.js';

export interface DiscordChannelOptions extends DiscordApiOptions {
  readonly applicationId: string;
  /** Public key of the application: 64 hexadecimal digits, base64 or PEM. With none, every callback is refused. */
  readonly publicKey: string;
  /** The server that callbacks must come from. Absent: any. */
  readonly guildId?: string | undefined;
  /** Limit of one delivery, waits for the rate limit included. Default 20 s. */
  readonly timeoutMs?: number;
}

const idSchema = z.object({ id: z.string() });
const listedSchema = z.array(z.object({
  id: z.string(), content: z.string().default(''),
  embeds: z.array(z.object({ footer: z.object({ text: z.string() }).optional() })).default([]),
  message_reference: z.object({ message_id: z.string().optional() }).nullish(),
}));
type Listed = z.infer<typeof listedSchema>[number];

const unknownMessage = 10_008;
const ofAnotherAuthor = 50_005;
const maxNonce = 25;
const sent: AdapterOutcome = { kind: 'sent' };

/** Differs for the card and for the answer below it. */
const nonceOf = (deliveryId: string, part: 'c' | 'a'): string => `${part}${deliveryId.replace(/^delivery-/, '')}`.slice(0, maxNonce);
const isOk = (answer: PlatformAnswer): boolean => answer.kind === 'answered' && answer.status >= 200 && answer.status < 300;
const failed = (answer: PlatformAnswer): Exclude<AdapterOutcome, { kind: 'sent' }> => failedOutcome(answer, discordRefusal(answer).reason);
const bodyOf = (answer: PlatformAnswer): unknown => (answer.kind === 'answered' ? answer.body : undefined);

const belowOf = (view: CardView): string => {
  const { lead, node, run, detail } = answerBelow(view);
  const where = node === undefined || run === undefined ? '' : ` \`${node}\` for run \`${run}\`.`;
  const more = detail === undefined ? '' : `\n${fitText(cleanText(detail), 1200, { escape: escapeDiscord })}`;
  return `${fitText(cleanText(lead), 400, { escape: escapeDiscord })}${where}${more}`.slice(0, discordLimits.content);
};

/** Cards as messages of a Discord bot, decided by their buttons over signed interactions. */
export class DiscordChannel implements InteractiveChannel {
  readonly #options: DiscordChannelOptions;
  readonly #api: DiscordApi;
  readonly #key: KeyObject | undefined;

  constructor(options: DiscordChannelOptions) {
    this.#options = options;
    this.#api = new DiscordApi(options);
    this.#key = readDiscordKey(options.publicKey);
  }

  async deliver(outgoing: Outgoing): Promise<AdapterOutcome> {
    const view = viewOf(outgoing.request);
    if (view === undefined) return { kind: 'permanent', reason: 'the card cannot be read' };
    const deadline_ms = this.#options.now() + (this.#options.timeoutMs ?? 20_000);
    const { notice } = outgoing.request;
    if (renews(notice) || (followsUp(notice) && outgoing.asked.length > 0)) return this.#change(outgoing, view, deadline_ms);
    return followsUp(notice) && view.actions.length === 0 ? sent : this.#post(outgoing, view, deadline_ms);
  }

  receive(call: InboundCall): Promise<Received> {
    const reason = refuseDiscordSignature(this.#key, call);
    return Promise.resolve(reason === undefined ? readDiscordInteraction(call.body, this.#options) : { kind: 'refused', status: 401, reason });
  }

  reply(interaction: Interaction, reply: Reply): Promise<HttpAnswer> {
    return Promise.resolve(answerDiscord(interaction, reply));
  }

  /** Makes the application call `callbackUrl`, and sets its command `/enrol`. */
  async connect(callbackUrl: string): Promise<AdapterOutcome> {
    const deadline_ms = this.#options.now() + (this.#options.timeoutMs ?? 20_000);
    const commands = [{ name: 'enrol', type: 1, description: 'Show who you are by a code from the console', options: [{ type: 3, name: 'code', description: 'The code, 8 letters and digits', required: true, min_length: 8, max_length: 8 }] }];
    for (const call of [() => this.#api.setCommands(this.#options.applicationId, commands, deadline_ms), () => this.#api.setCallbackUrl(callbackUrl, deadline_ms)]) {
      const answer = await call();
      if (!isOk(answer)) return failed(answer);
    }
    return sent;
  }

  async #post({ request, recipient, token, thread, mayBePosted }: Outgoing, view: CardView, deadline_ms: number): Promise<AdapterOutcome> {
    const channel = await this.#channelOf(recipient, deadline_ms);
    if (typeof channel !== 'string') return channel;
    const { delivery_id: deliveryId } = request;
    const reference = discordReference(deliveryId);
    const found = mayBePosted ? await this.#find(channel, (message) => message.embeds.some(({ footer }) => footer?.text.endsWith(reference) === true), deadline_ms) : undefined;
    if (found !== undefined) return found;
    const answers = thread?.conversation === channel ? { message_reference: { message_id: thread.message_id, fail_if_not_exists: false } } : {};
    const answer = await this.#api.createMessage(channel, { ...renderDiscordCard(view, { token, deliveryId }), ...answers, nonce: nonceOf(deliveryId, 'c'), enforce_nonce: true }, deadline_ms);
    const posted = idSchema.safeParse(bodyOf(answer));
    return isOk(answer) && posted.success ? { kind: 'sent', message: { conversation: channel, message_id: posted.data.id } } : failed(answer);
  }

  async #change(outgoing: Outgoing, view: CardView, deadline_ms: number): Promise<AdapterOutcome> {
    const message = renderDiscordCard(view, { token: outgoing.token, deliveryId: outgoing.request.delivery_id });
    for (const asked of outgoing.asked) {
      const answer = await this.#api.editMessage(asked, message, deadline_ms);
      const { code } = discordRefusal(answer);
      if (!isOk(answer) && code !== unknownMessage && code !== ofAnotherAuthor) return failed(answer);
    }
    const [first] = outgoing.asked;
    return first === undefined || renews(outgoing.request.notice) ? sent : this.#answerBelow(first, outgoing, { content: belowOf(view), deadline_ms });
  }

  async #answerBelow({ conversation, message_id }: PostedMessage, { request, mayBePosted }: Outgoing, { content, deadline_ms }: { readonly content: string; readonly deadline_ms: number }): Promise<AdapterOutcome> {
    const found = mayBePosted ? await this.#find(conversation, (listed) => listed.message_reference?.message_id === message_id && listed.content === content, deadline_ms) : undefined;
    if (found !== undefined) return found.kind === 'sent' ? sent : found;
    const answer = await this.#api.createMessage(conversation, { content, allowed_mentions: { parse: [] }, message_reference: { message_id, fail_if_not_exists: false }, nonce: nonceOf(request.delivery_id, 'a'), enforce_nonce: true }, deadline_ms);
    return isOk(answer) ? sent : failed(answer);
  }

  /** `user:<id>` is a person, anything else a channel. */
  async #channelOf(recipient: string, deadline_ms: number): Promise<string | AdapterOutcome> {
    if (!recipient.startsWith('user:')) return recipient;
    const answer = await this.#api.openDirectMessages(recipient.slice('user:'.length), deadline_ms);
    const opened = idSchema.safeParse(bodyOf(answer));
    return isOk(answer) && opened.success ? opened.data.id : failed(answer);
  }

  /** A message that an earlier attempt posted. Discord drops a repeated nonce for some minutes only; a bot that may not read the channel has nothing else. */
  async #find(conversation: string, isIt: (message: Listed) => boolean, deadline_ms: number): Promise<AdapterOutcome | undefined> {
    const answer = await this.#api.recentMessages(conversation, deadline_ms);
    if (answer.kind === 'answered' && answer.status === 403) return undefined;
    const listed = listedSchema.safeParse(bodyOf(answer));
    if (!isOk(answer) || !listed.success) return failed(answer);
    const found = listed.data.find(isIt);
    return found === undefined ? undefined : { kind: 'sent', message: { conversation, message_id: found.id } };
  }
}
