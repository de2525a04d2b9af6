import { cardSchema, type AdapterOutcome, type Card, type HttpAnswer, type InboundCall, type InteractiveChannel, type Interaction, type Outgoing, type PostedMessage, type Received, type Reply } from '@cs/notification';
import { followsUp } from '../chat/card-heading.js';
import type { TelegramApiOptions } from './telegram-api.js';
import { renderTelegramAnswer, renderTelegramCard } from './telegram-card.js';
import { TelegramMessages, type Written } from './telegram-messages.js';
import { promptReference } from './telegram-prompt.js';
import { answerQuery, handleSchema, sayTo, type Handle } from './telegram-reply.js';
import { telegramText, toMarkdown, toPlain, type Span } from './telegram-text.js';
import { readTelegramUpdate, refuseTelegramSecret } from './telegram-update.js';

export interface TelegramChannelOptions extends TelegramApiOptions {
  /** Secret that Telegram sends with each update: 1 to 256 letters, digits, "_" or "-". Empty: every callback is refused. */
  readonly webhookSecret: string;
  /** Limit of one delivery, waits for the rate limit included. Default 20 s. */
  readonly timeoutMs?: number;
}

/** True of a card whose buttons follow, and of one that stays without them because this process ended in between. */
const buttonsFollow = 'If no buttons appear here, the same question follows below.';
const sent: AdapterOutcome = { kind: 'sent' };

const promptOf = ({ userId, name, title, reference }: { readonly userId: string; readonly name: string; readonly title: string; readonly reference: string }): readonly Span[] => [
  // Only who is mentioned is asked to answer.
  { kind: 'link', text: name, url: `tg://user?id=${userId}` },
  { kind: 'plain', text: `: ${telegramText(title)}\n\nAnswer to this message within 10 minutes.\n` },
  { kind: 'code', text: reference },
];

/**
 * Cards as messages of a Telegram bot. A message cannot be found again, so a card is posted without buttons, recorded
 * where the caller can, and then given its buttons: what a crash leaves behind cannot be pressed.
 */
export class TelegramChannel implements InteractiveChannel {
  readonly #options: TelegramChannelOptions;
  readonly #messages: TelegramMessages;

  constructor(options: TelegramChannelOptions) {
    this.#options = options;
    this.#messages = new TelegramMessages(options);
  }

  async deliver(outgoing: Outgoing): Promise<AdapterOutcome> {
    const card = cardSchema.safeParse(outgoing.request.card);
    if (!card.success) return { kind: 'permanent', reason: 'the card cannot be read' };
    const deadline_ms = this.#options.now() + (this.#options.timeoutMs ?? 20_000);
    if (followsUp(outgoing.request.notice) && outgoing.asked.length > 0) return this.#change(outgoing, card.data, deadline_ms);
    return followsUp(outgoing.request.notice) && card.data.actions.length === 0 ? sent : this.#ask(outgoing, card.data, deadline_ms);
  }

  receive(call: InboundCall): Promise<Received> {
    const reason = refuseTelegramSecret(this.#options.webhookSecret, call);
    return Promise.resolve(reason === undefined ? readTelegramUpdate(call.body, this.#options.botToken) : { kind: 'refused', status: 401, reason });
  }

  async reply(interaction: Interaction, reply: Reply, deadline_ms: number): Promise<HttpAnswer> {
    const handle = handleSchema.safeParse(interaction.handle);
    if (!handle.success) return { status: 200, body: '{}' };
    if (reply.kind === 'ask_reason') return this.#askReason({ interaction, handle: handle.data, reply }, deadline_ms);
    if (handle.data.kind === 'query') return answerQuery(handle.data.query_id, reply.text, reply.kind === 'too_late' || reply.kind === 'refused');
    return sayTo({ chat: { id: handle.data.chat_id }, message_id: handle.data.message_id }, reply.text);
  }

  /** Makes Telegram call `callbackUrl`, with the secret and only for what is read here. */
  async connect(callbackUrl: string): Promise<AdapterOutcome> {
    const answer = await this.#messages.setWebhook({ url: callbackUrl, secret_token: this.#options.webhookSecret, allowed_updates: ['message', 'callback_query'] }, this.#options.now() + 10_000);
    return answer.kind === 'ok' ? sent : answer.outcome;
  }

  async #ask(outgoing: Outgoing, card: Card, deadline_ms: number): Promise<AdapterOutcome> {
    const { request, recipient, token, thread, recordPosted } = outgoing;
    const whole = renderTelegramCard(request, card, { token });
    const known = outgoing.posted ?? this.#messages.unfinished(request.delivery_id);
    const first = whole.keyboard.length === 0 ? whole : renderTelegramCard(request, card, { token, note: buttonsFollow });
    const posted: Written = known === undefined ? await this.#messages.post(recipient, { ...first, keyboard: [], answers: thread }, deadline_ms) : { kind: 'written', message: known };
    if (posted.kind !== 'written') return posted.outcome;
    if (whole.keyboard.length === 0) return { kind: 'sent', message: posted.message };
    if (known === undefined) {
      this.#messages.remember(request.delivery_id, posted.message);
      await recordPosted?.(posted.message);
    }
    const finished = await this.#messages.edit(posted.message, whole, deadline_ms);
    if (finished.kind === 'failed') return finished.outcome;
    this.#messages.forget(request.delivery_id);
    if (finished.kind === 'edited') return { kind: 'sent', message: posted.message };
    const { posted: _gone, ...again } = outgoing;
    return known === undefined ? { kind: 'transient', reason: 'the message was deleted before it had its buttons' } : this.#ask(again, card, deadline_ms);
  }

  async #change({ request, token, asked }: Outgoing, card: Card, deadline_ms: number): Promise<AdapterOutcome> {
    const changed = renderTelegramCard(request, card, { token });
    for (const message of asked) {
      const edited = await this.#messages.edit(message, changed, deadline_ms);
      if (edited.kind === 'failed') return edited.outcome;
    }
    const [first] = asked;
    if (first === undefined) return sent;
    const answer = await this.#messages.post(first.conversation, { ...renderTelegramAnswer(card), keyboard: [], answers: first }, deadline_ms);
    // The cards say it already: an answer that may have been posted is not posted again.
    return answer.kind === 'written' || answer.mayBeWritten ? sent : answer.outcome;
  }

  async #askReason({ interaction, handle, reply }: { readonly interaction: Interaction; readonly handle: Handle; readonly reply: Extract<Reply, { kind: 'ask_reason' }> }, deadline_ms: number): Promise<HttpAnswer> {
    const { user } = interaction;
    const chatId = String(handle.chat_id);
    const about: PostedMessage = { conversation: chatId, message_id: String(handle.message_id) };
    const reference = promptReference(this.#options.botToken, { decision: reply.decision, token: reply.token, chatId, userId: user.user_id });
    const spans = promptOf({ userId: user.user_id, name: telegramText(user.display_name ?? '') || 'You', title: reply.title.slice(0, 500), reference });
    const asked = await this.#messages.post(chatId, { markdown: toMarkdown(spans), plain: toPlain(spans), keyboard: [], answers: about, forceReply: true }, deadline_ms);
    const [text, isAlert] = asked.kind === 'written' || asked.mayBeWritten ? ['Say why in an answer to the message below.', false] as const : ['The question for a reason could not be asked. Press again, or use the page.', true] as const;
    return handle.kind === 'query' ? answerQuery(handle.query_id, text, isAlert) : sayTo({ chat: { id: handle.chat_id }, message_id: handle.message_id }, text);
  }
}
