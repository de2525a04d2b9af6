import { setTimeout as pause } from 'node:timers/promises';
import type { AdapterOutcome, PostedMessage } from '@cs/notification';
import type { ForceReply, InlineKeyboardMarkup } from '@grammyjs/types';
import { LruCache } from '@cs/kernel';
import { z } from 'zod';
import { TelegramApi, type TelegramAnswer, type TelegramApiOptions } from './telegram-api.js';
import { telegramLimits, type TelegramMessage } from './telegram-card.js';

type Failure = { readonly kind: 'failed'; readonly outcome: Exclude<AdapterOutcome, { kind: 'sent' }>; readonly mayBeWritten: boolean };
export type Written = { readonly kind: 'written'; readonly message: PostedMessage } | Failure;
export type Edited = { readonly kind: 'edited' | 'gone' } | Failure;

/** A message to post. It has no buttons: those come by an edit. */
export interface NewMessage extends Omit<TelegramMessage, 'keyboard'> {
  /** What it answers to, where that is in the same chat. */
  readonly answers?: PostedMessage | undefined;
  readonly forceReply?: boolean;
}

type Target = { readonly chat: string; readonly topic?: number };

const repeatMs = 300;
const remembered = 1_000;
const postedSchema = z.object({ message_id: z.int(), chat: z.object({ id: z.int() }) });

/** `<chat>`, `<chat>/<topic>` of a forum, or `user:<id>`, whose chat has the same id. */
const targetOf = (recipient: string): Target => {
  const [chat = '', topic] = recipient.replace(/^user:/, '').split('/');
  return topic === undefined || !/^\d{1,15}$/.test(topic) ? { chat } : { chat, topic: Number(topic) };
};

const says = (answer: TelegramAnswer, pattern: RegExp): boolean => answer.kind === 'failed' && answer.code === 400 && pattern.test(answer.description);
const refusesMarkup = (answer: TelegramAnswer): boolean => says(answer, /can't parse entities|can't find end of/i);
const isSame = (answer: TelegramAnswer): boolean => says(answer, /message is not modified/i);
const isGone = (answer: TelegramAnswer): boolean => says(answer, /message to edit not found|message can't be edited|MESSAGE_ID_INVALID|message not found/i);

const failureOf = (answer: Extract<TelegramAnswer, { kind: 'failed' }>): Failure => ({ kind: 'failed', outcome: answer.outcome, mayBeWritten: answer.mayHaveHappened });

/** Posts and changes messages, with markup where Telegram takes it, and without where it does not. */
export class TelegramMessages {
  readonly #api: TelegramApi;
  readonly #now: () => number;
  /** Cards without buttons yet, by delivery. It saves this process a second message; what it forgets has none to press. */
  readonly #unfinished = new LruCache<string, { readonly message: PostedMessage | undefined }>(remembered);

  constructor(options: TelegramApiOptions) {
    this.#api = new TelegramApi(options);
    this.#now = options.now;
  }

  unfinished(deliveryId: string): PostedMessage | undefined {
    return this.#unfinished.get(deliveryId)?.message;
  }

  remember(deliveryId: string, message: PostedMessage): void {
    this.#unfinished.set(deliveryId, { message });
  }

  forget(deliveryId: string): void {
    this.#unfinished.set(deliveryId, { message: undefined });
  }

  setWebhook(webhook: { readonly url: string; readonly secret_token: string; readonly allowed_updates: ('message' | 'callback_query')[] }, deadline_ms: number): Promise<TelegramAnswer> {
    return this.#api.call('setWebhook', webhook, deadline_ms);
  }

  /** Posts one message; a group that became a supergroup is followed to its new chat. */
  async post(recipient: string, message: NewMessage, deadline_ms: number): Promise<Written> {
    const target = targetOf(recipient);
    const answer = await this.#send(target, message, deadline_ms);
    const moved = answer.kind === 'failed' && answer.movedTo !== undefined ? await this.#send({ chat: String(answer.movedTo) }, message, deadline_ms) : answer;
    if (moved.kind === 'failed') return failureOf(moved);
    const posted = postedSchema.safeParse(moved.result);
    if (!posted.success) return { kind: 'failed', outcome: { kind: 'transient', reason: 'Telegram did not say which message it posted' }, mayBeWritten: true };
    return { kind: 'written', message: { conversation: String(posted.data.chat.id), message_id: String(posted.data.message_id) } };
  }

  /** Changes one message. An edit can be repeated, so an unknown outcome is made certain while there is time. */
  async edit({ conversation, message_id }: PostedMessage, message: TelegramMessage, deadline_ms: number): Promise<Edited> {
    for (;;) {
      const answer = await this.#edit({ chat: targetOf(conversation).chat, message_id: Number(message_id) }, message, deadline_ms);
      if (answer.kind === 'ok' || isSame(answer)) return { kind: 'edited' };
      if (isGone(answer)) return { kind: 'gone' };
      if (answer.outcome.kind === 'permanent' || answer.code === 429 || this.#now() + repeatMs >= deadline_ms) return failureOf(answer);
      await pause(repeatMs);
    }
  }

  async #send({ chat, topic }: Target, { markdown, plain, answers, forceReply }: NewMessage, deadline_ms: number): Promise<TelegramAnswer> {
    const reply_parameters = answers !== undefined && answers.conversation === chat ? { reply_parameters: { message_id: Number(answers.message_id), allow_sending_without_reply: true } } : {};
    const reply_markup: { reply_markup?: ForceReply } = forceReply === true ? { reply_markup: { force_reply: true, selective: true, input_field_placeholder: 'Reason'.slice(0, telegramLimits.placeholder) } } : {};
    const message = { chat_id: chat, ...(topic === undefined ? {} : { message_thread_id: topic }), link_preview_options: { is_disabled: true }, ...reply_parameters, ...reply_markup };
    const answer = await this.#api.call('sendMessage', { ...message, text: markdown, parse_mode: 'MarkdownV2' }, deadline_ms);
    return refusesMarkup(answer) ? this.#api.call('sendMessage', { ...message, text: plain }, deadline_ms) : answer;
  }

  async #edit({ chat, message_id }: { readonly chat: string; readonly message_id: number }, { markdown, plain, keyboard }: TelegramMessage, deadline_ms: number): Promise<TelegramAnswer> {
    // No keyboard at all takes away the one that is there.
    const reply_markup: { reply_markup?: InlineKeyboardMarkup } = keyboard.length === 0 ? {} : { reply_markup: { inline_keyboard: keyboard } };
    const message = { chat_id: chat, message_id, link_preview_options: { is_disabled: true }, ...reply_markup };
    const answer = await this.#api.call('editMessageText', { ...message, text: markdown, parse_mode: 'MarkdownV2' }, deadline_ms);
    return refusesMarkup(answer) ? this.#api.call('editMessageText', { ...message, text: plain }, deadline_ms) : answer;
  }
}
