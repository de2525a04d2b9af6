import { createHash, timingSafeEqual } from 'node:crypto';
import type { ChannelUser, HttpAnswer, InboundCall, Interaction, PostedMessage, Received } from '@cs/notification';
import { z } from 'zod';
import { readButton } from '../chat/button-data.js';
import { cleanText } from '../chat/chat-text.js';
import { promptValidS, readPrompt, type ReadPrompt } from './telegram-prompt.js';
import { answerQuery, ignored, sayTo, type Handle } from './telegram-reply.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Why a call is not Telegram's; `undefined` when it is. Digests are compared, so that lengths say nothing. */
export const refuseTelegramSecret = (secret: string, { headers }: InboundCall): string | undefined => {
  const given = headers['x-telegram-bot-api-secret-token'];
  if (secret === '') return 'the secret of the webhook is not configured';
  if (given === undefined || given === '') return 'X-Telegram-Bot-Api-Secret-Token is missing';
  return timingSafeEqual(digest(given), digest(secret)) ? undefined : 'X-Telegram-Bot-Api-Secret-Token does not fit';
};

const id = z.int();
const text = z.string().max(20_000);
const userSchema = z.object({ id, is_bot: z.boolean().default(false), first_name: z.string().max(200).default(''), last_name: z.string().max(200).default('') });
const chatSchema = z.object({ id, type: z.string().default('') });
const messageSchema = z.object({ message_id: id, date: z.int().nonnegative(), chat: chatSchema });
const answeredMessageSchema = messageSchema.extend({ from: userSchema.optional(), text: text.optional() });
const updateSchema = z.object({
  update_id: id,
  callback_query: z.object({ id: text, from: userSchema, message: messageSchema.optional(), data: text.optional() }).optional(),
  message: messageSchema.extend({ from: userSchema.optional(), text: text.optional(), message_thread_id: id.optional(), reply_to_message: answeredMessageSchema.optional() }).optional(),
});
type Update = z.infer<typeof updateSchema>;
type Query = NonNullable<Update['callback_query']>;
type Message = NonNullable<Update['message']>;
type ByPerson = Message & { readonly from: z.infer<typeof userSchema> };

const answered = (answer: HttpAnswer): Received => ({ kind: 'answered', answer });

const userOf = ({ id: userId, first_name, last_name }: z.infer<typeof userSchema>): ChannelUser => {
  const display_name = cleanText(`${first_name} ${last_name}`);
  return { user_id: String(userId), ...(display_name === '' ? {} : { display_name }) };
};

const postedOf = ({ chat, message_id }: z.infer<typeof messageSchema>): PostedMessage => ({ conversation: String(chat.id), message_id: String(message_id) });

const readQuery = (update_id: number, { id: queryId, from, message, data }: Query): Received => {
  if (data === undefined || message === undefined) return answered(answerQuery(queryId, 'This cannot be done here. Nothing was decided.', true));
  const button = readButton(data);
  if (button.kind === 'unreadable') return answered(answerQuery(queryId, button.text, true));
  const { decision, token } = button;
  const handle: Handle = { kind: 'query', query_id: queryId, chat_id: message.chat.id, message_id: message.message_id };
  return { kind: 'interaction', interaction: { interaction_key: String(update_id), user: userOf(from), action: { kind: 'press', decision, token }, message: postedOf(message), handle } };
};

const interactionOf = (update_id: number, message: ByPerson, action: Interaction['action']): Received => ({
  kind: 'interaction',
  interaction: { interaction_key: String(update_id), user: userOf(message.from), action, handle: { kind: 'message', chat_id: message.chat.id, message_id: message.message_id } satisfies Handle },
});

const usage = 'To show who you are, ask for a code in the console and send: /enrol CODE';
const command = /^\/(start|enrol)(?:@\w{1,64})?(?:\s+(\S+))?\s*$/i;

const readCommand = (update_id: number, message: ByPerson): Received | undefined => {
  const [, name, code] = command.exec(message.text ?? '') ?? [];
  if (name === undefined) return undefined;
  if (code === undefined) return answered(message.chat.type === 'private' ? sayTo(message, usage) : ignored);
  if (!/^[A-Z0-9]{8}$/i.test(code)) return answered(sayTo(message, `A code has 8 letters and digits. ${usage}`));
  return interactionOf(update_id, message, { kind: 'enrol', code: code.toUpperCase() });
};

/** Texts of other messages than the bot's own are nothing to go by. */
const promptIn = ({ chat, from, reply_to_message: asked }: ByPerson, botToken: string): ReadPrompt =>
  asked?.text === undefined || String(asked.from?.id) !== botToken.split(':')[0] ? { kind: 'none' } : readPrompt(botToken, asked.text, { chatId: String(chat.id), userId: String(from.id) });

const isInTime = ({ date, reply_to_message: asked }: ByPerson): boolean => asked !== undefined && date >= asked.date && date - asked.date <= promptValidS;

const readAnswer = (update_id: number, message: ByPerson, botToken: string): Received => {
  const prompt = promptIn(message, botToken);
  if (prompt.kind === 'none') return answered(ignored);
  if (prompt.kind === 'someone_else') return answered(sayTo(message, 'This was asked of somebody else. Nothing was decided.'));
  if (!isInTime(message)) return answered(sayTo(message, 'This was asked more than 10 minutes ago. Nothing was decided; press the button again.'));
  const reason = cleanText(message.text ?? '');
  if (reason === '') return answered(sayTo(message, 'A reason in words is needed. Nothing was decided yet; answer again.'));
  return interactionOf(update_id, message, { kind: 'reason', decision: prompt.decision, token: prompt.token, reason });
};

const readMessage = (update_id: number, message: Message, botToken: string): Received => {
  const { from } = message;
  if (from === undefined || from.is_bot) return answered(ignored);
  const byPerson = { ...message, from };
  return readCommand(update_id, byPerson) ?? readAnswer(update_id, byPerson, botToken);
};

const parseJson = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
};

const isUpdate = z.object({ update_id: id });

/** Reads an update whose secret was verified. What concerns nobody here is taken, so that Telegram does not send it again. */
export const readTelegramUpdate = (body: Uint8Array, botToken: string): Received => {
  const json = parseJson(body);
  if (!isUpdate.safeParse(json).success) return { kind: 'refused', status: 400, reason: 'not an update of the Bot API' };
  const parsed = updateSchema.safeParse(json);
  if (!parsed.success) return answered(ignored);
  const { update_id, callback_query, message } = parsed.data;
  if (callback_query !== undefined) return readQuery(update_id, callback_query);
  return message === undefined ? answered(ignored) : readMessage(update_id, message, botToken);
};
