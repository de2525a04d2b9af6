import { describeProblems, problemsOf } from '@cs/contracts';
import type { ChannelUser, HttpAnswer, Interaction, PostedMessage, Received } from '@cs/notification';
import { z } from 'zod';
import { readButton } from '../chat/button-data.js';
import { cleanText } from '../chat/chat-text.js';
import { ephemeral, jsonOf, modalPrefix, reasonInput, type Origin } from './discord-reply.js';

const snowflake = z.string().regex(/^\d{1,20}$/);
const userSchema = z.object({ id: snowflake, username: z.string().max(100).optional(), global_name: z.string().max(100).nullish() });
const text = z.string().max(20_000);

const interactionSchema = z.object({
  id: snowflake,
  application_id: snowflake,
  type: z.int(),
  guild_id: snowflake.optional(),
  channel_id: snowflake.optional(),
  user: userSchema.optional(),
  member: z.object({ user: userSchema }).optional(),
  message: z.object({ id: snowflake, channel_id: snowflake.optional() }).optional(),
  data: z.unknown().optional(),
});
type Raw = z.infer<typeof interactionSchema>;

const componentSchema = z.object({ custom_id: text });
const inputSchema = z.object({ custom_id: text, value: text });
/** A modal's inputs are in rows, or in labels in newer ones. */
const modalSchema = z.object({ custom_id: text, components: z.array(z.union([z.object({ components: z.array(inputSchema).max(5) }).transform(({ components }) => components), z.object({ component: inputSchema }).transform(({ component }) => [component])])).max(5) });
const commandSchema = z.object({ name: text, options: z.array(z.object({ name: text, value: z.unknown().optional() })).max(25).default([]) });

export interface DiscordIdentity {
  readonly applicationId: string;
  /** Absent: any server, and direct messages. */
  readonly guildId?: string | undefined;
}

const answered = (answer: HttpAnswer): Received => ({ kind: 'answered', answer });
const refused = (reason: string): Received => ({ kind: 'refused', status: 400, reason });

const userOf = ({ user, member }: Raw): ChannelUser | undefined => {
  const found = member?.user ?? user;
  if (found === undefined) return undefined;
  const display_name = cleanText(found.global_name ?? found.username ?? '');
  return { user_id: found.id, ...(display_name === '' ? {} : { display_name }) };
};

const messageOf = ({ message, channel_id }: Raw): PostedMessage | undefined => {
  const conversation = message?.channel_id ?? channel_id;
  return message === undefined || conversation === undefined ? undefined : { conversation, message_id: message.id };
};

const interactionOf = (raw: Raw, action: Interaction['action'], origin: Origin): Received => {
  const user = userOf(raw);
  const message = messageOf(raw);
  if (user === undefined) return refused('the interaction names no user');
  return { kind: 'interaction', interaction: { interaction_key: raw.id, user, action, ...(message === undefined ? {} : { message }), handle: { origin, on_message: message !== undefined } } };
};

const readPress = (raw: Raw): Received => {
  const data = componentSchema.safeParse(raw.data);
  if (!data.success) return refused('the component has no custom_id');
  const button = readButton(data.data.custom_id);
  if (button.kind === 'unreadable') return answered(ephemeral(button.text));
  const { decision, token } = button;
  return interactionOf(raw, { kind: 'press', decision, token }, 'component');
};

const readModal = (raw: Raw): Received => {
  const data = modalSchema.safeParse(raw.data);
  if (!data.success) return refused('the modal cannot be read');
  const { custom_id, components } = data.data;
  const button = readButton(custom_id.startsWith(modalPrefix) ? `tdm:${custom_id.slice(modalPrefix.length)}` : custom_id);
  if (button.kind === 'unreadable') return answered(ephemeral(button.text));
  const reason = cleanText(components.flat().find((input) => input.custom_id === reasonInput)?.value ?? '');
  if (reason === '') return answered(ephemeral('A reason is needed. Nothing was decided; press the button again.'));
  const { decision, token } = button;
  return interactionOf(raw, { kind: 'reason', decision, token, reason }, 'modal');
};

const readCommand = (raw: Raw): Received => {
  const data = commandSchema.safeParse(raw.data);
  if (!data.success || data.data.name !== 'enrol') return answered(ephemeral('The only command here is /enrol, with a code from the console.'));
  const value = data.data.options.find(({ name }) => name === 'code')?.value;
  const code = typeof value === 'string' ? value.trim().toUpperCase() : '';
  if (!/^[A-Z0-9]{8}$/.test(code)) return answered(ephemeral('A code has 8 letters and digits. Ask for one in the console.'));
  return interactionOf(raw, { kind: 'enrol', code }, 'command');
};

const parseJson = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
};

const readers: Readonly<Record<number, (raw: Raw) => Received>> = { 1: () => answered(jsonOf({ type: 1 })), 2: readCommand, 3: readPress, 5: readModal };

/** Reads a call whose signature was verified. */
export const readDiscordInteraction = (body: Uint8Array, { applicationId, guildId }: DiscordIdentity): Received => {
  const parsed = interactionSchema.safeParse(parseJson(body));
  if (!parsed.success) return refused(`not an interaction: ${describeProblems(problemsOf(parsed.error))}`);
  const raw = parsed.data;
  if (raw.application_id !== applicationId) return refused('the interaction is of another application');
  if (raw.type !== 1 && guildId !== undefined && raw.guild_id !== undefined && raw.guild_id !== guildId) return answered(ephemeral('This server is not connected. Nothing was decided.'));
  return (readers[raw.type] ?? (() => answered(ephemeral('This cannot be done here.'))))(raw);
};
