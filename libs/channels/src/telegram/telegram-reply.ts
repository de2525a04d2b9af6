import type { HttpAnswer } from '@cs/notification';
import { z } from 'zod';
import { cleanText, fitText } from '../chat/chat-text.js';
import { telegramLimits } from './telegram-card.js';

/** Where an interaction came from, kept while it is answered. */
export const handleSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('query'), query_id: z.string(), chat_id: z.int(), message_id: z.int() }),
  z.object({ kind: z.literal('message'), chat_id: z.int(), message_id: z.int() }),
]);
export type Handle = z.infer<typeof handleSchema>;

const jsonOf = (body: unknown): HttpAnswer => ({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** Taken, and nothing to say. */
export const ignored: HttpAnswer = jsonOf({});

/** Answers a press: a short line, or an alert that has to be closed. The answer of the webhook is a call of the Bot API itself, so that no second request is needed. */
export const answerQuery = (queryId: string, text: string, isAlert: boolean): HttpAnswer =>
  jsonOf({ method: 'answerCallbackQuery', callback_query_id: queryId, text: fitText(cleanText(text), telegramLimits.answer), show_alert: isAlert });

/** Answers a message, without markup. */
export const sayTo = ({ chat, message_id }: { readonly chat: { readonly id: number }; readonly message_id: number }, text: string): HttpAnswer =>
  jsonOf({ method: 'sendMessage', chat_id: chat.id, text: fitText(cleanText(text) || 'Done.', telegramLimits.text), reply_parameters: { message_id, allow_sending_without_reply: true }, link_preview_options: { is_disabled: true } });
