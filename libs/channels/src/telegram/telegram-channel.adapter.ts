import { followsUp, renews, type AdapterOutcome, type HttpAnswer, type InboundCall, type InteractiveChannel, type Interaction, type Outgoing, type PostedMessage, type Received, type Reply } from '@cs/notification';
import { viewOf, type CardView } from '../chat/card-view.js';
import type { TelegramApiOptions } from './telegram-api.js';
import { renderTelegramAnswer, renderTelegramCard } from './telegram-card.js';
import { TelegramMessages, type Written } from './telegram-messages.js';
import { promptReference, promptSpans } from './telegram-prompt.js';
import { answerQuery, handleSchema, sayTo, type Handle } from './telegram-reply.js';
import { toMarkdown, toPlain } from './telegram-text.js';
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

/** Its buttons are missing, but the card is posted, whatever became of the call that failed. */
const isThere = (outcome: Exclude<AdapterOutcome, { kind: 'sent' }>): AdapterOutcome => {
  if (outcome.kind === 'permanent') return outcome;
  const { not_posted: _not, ...posted } = outcome;
  return posted;
};

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
    const view = viewOf(outgoing.request);
    if (view === undefined) return { kind: 'permanent', reason: 'the card cannot be read' };
    const deadline_ms = this.#options.now() + (this.#options.timeoutMs ?? 20_000);
    const { notice } = outgoing.request;
    if (renews(notice) || (followsUp(notice) && outgoing.asked.length > 0)) return this.#change(outgoing, view, deadline_ms);
    return followsUp(notice) && view.actions.length === 0 ? sent : this.#ask(outgoing, view, deadline_ms);
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

  async #ask(outgoing: Outgoing, view: CardView, deadline_ms: number): Promise<AdapterOutcome> {
    const known = outgoing.posted ?? this.#messages.unfinished(outgoing.request.delivery_id);
    const finished = known === undefined ? undefined : await this.#finish(outgoing, { view, message: known, deadline_ms });
    if (finished !== undefined) return finished;
    const posted = await this.#postPlain(outgoing, view, deadline_ms);
    if (posted.kind !== 'written') return posted.outcome;
    const { message } = posted;
    return (await this.#finish(outgoing, { view, message, deadline_ms })) ?? { kind: 'transient', reason: 'the message was deleted before it had its buttons' };
  }

  /** Posts the card without its buttons, and has it recorded. */
  async #postPlain({ request, recipient, token, thread, recordPosted }: Outgoing, view: CardView, deadline_ms: number): Promise<Written> {
    const asks = view.actions.length > 0;
    const posted = await this.#messages.post(recipient, { ...renderTelegramCard(view, { token, note: asks ? buttonsFollow : undefined }), answers: thread }, deadline_ms);
    if (posted.kind !== 'written' || !asks) return posted;
    this.#messages.remember(request.delivery_id, posted.message);
    await recordPosted?.(posted.message);
    return posted;
  }

  /** Gives the card its buttons; `undefined` when it is gone. */
  async #finish({ request, token }: Outgoing, { view, message, deadline_ms }: { readonly view: CardView; readonly message: PostedMessage; readonly deadline_ms: number }): Promise<AdapterOutcome | undefined> {
    if (view.actions.length === 0) return { kind: 'sent', message };
    const finished = await this.#messages.edit(message, renderTelegramCard(view, { token }), deadline_ms);
    if (finished.kind === 'failed') return isThere(finished.outcome);
    this.#messages.forget(request.delivery_id);
    return finished.kind === 'gone' ? undefined : { kind: 'sent', message };
  }

  async #change({ request, token, asked }: Outgoing, view: CardView, deadline_ms: number): Promise<AdapterOutcome> {
    const changed = renderTelegramCard(view, { token });
    for (const message of asked) {
      const edited = await this.#messages.edit(message, changed, deadline_ms);
      if (edited.kind === 'failed') return edited.outcome;
    }
    const [first] = asked;
    if (first === undefined || renews(request.notice)) return sent;
    const answer = await this.#messages.post(first.conversation, { ...renderTelegramAnswer(view), answers: first }, deadline_ms);
    // The cards say it already: an answer that may have been posted is not posted again.
    return answer.kind === 'written' || answer.mayBeWritten ? sent : answer.outcome;
  }

  async #askReason({ interaction, handle, reply }: { readonly interaction: Interaction; readonly handle: Handle; readonly reply: Extract<Reply, { kind: 'ask_reason' }> }, deadline_ms: number): Promise<HttpAnswer> {
    const { user } = interaction;
    const chatId = String(handle.chat_id);
    const about: PostedMessage = { conversation: chatId, message_id: String(handle.message_id) };
    const reference = promptReference(this.#options.botToken, { decision: reply.decision, token: reply.token, chatId, userId: user.user_id });
    const spans = promptSpans({ userId: user.user_id, name: user.display_name ?? '', title: reply.title, reference });
    const asked = await this.#messages.post(chatId, { markdown: toMarkdown(spans), plain: toPlain(spans), answers: about, forceReply: true }, deadline_ms);
    const [text, isAlert] = asked.kind === 'written' || asked.mayBeWritten ? ['Say why in an answer to the message below.', false] as const : ['The question for a reason could not be asked. Press again, or use the page.', true] as const;
    return handle.kind === 'query' ? answerQuery(handle.query_id, text, isAlert) : sayTo({ chat: { id: handle.chat_id }, message_id: handle.message_id }, text);
  }
}
