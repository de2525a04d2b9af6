import type { HttpAnswer, Interaction, Reply } from '@cs/notification';
import type { APIInteractionResponse } from 'discord-api-types/v10';
import { z } from 'zod';
import { cleanLine, cleanText, fitText } from '../chat/chat-text.js';
import { discordLimits } from './discord-card.js';
import { escapeDiscord } from './discord-text.js';

/** Where an interaction came from, kept while it is answered. */
const handleSchema = z.object({ origin: z.enum(['component', 'modal', 'command']), on_message: z.boolean() });
export type Origin = z.infer<typeof handleSchema>['origin'];

export const modalPrefix = 'tdm-modal:';
export const reasonInput = 'reason';
const onlyToThem = 64;
const modalTitle = 45;
const maxReason = 4000;

export const jsonOf = (response: APIInteractionResponse): HttpAnswer => ({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(response) });

/** A message that only who acted sees. */
export const ephemeral = (text: string): HttpAnswer =>
  jsonOf({ type: 4, data: { content: fitText(cleanText(text) || 'Done.', discordLimits.content, { escape: escapeDiscord }), flags: onlyToThem, allowed_mentions: { parse: [] } } });

const askReason = ({ decision, token, title }: Extract<Reply, { kind: 'ask_reason' }>): HttpAnswer =>
  jsonOf({
    type: 9,
    data: {
      custom_id: `${modalPrefix}${decision}:${token}`,
      title: fitText(cleanLine(title) || 'Reason', modalTitle),
      components: [{ type: 1, components: [{ type: 4, custom_id: reasonInput, style: 2, label: 'Reason', required: true, min_length: 1, max_length: maxReason }] }],
    },
  });

const onMessage = ({ kind, text }: Exclude<Reply, { kind: 'ask_reason' }>): HttpAnswer | undefined => {
  if (kind === 'decided') return jsonOf({ type: 7, data: { components: [] } });
  return text.trim() === '' ? jsonOf({ type: 6 }) : undefined;
};

/**
 * Answers an interaction: a modal for the reason; the card without its buttons at once when the press took effect
 * (its colours and words follow with the change of the card); everything else in a message to who acted alone.
 */
export const answerDiscord = ({ handle }: Interaction, reply: Reply): HttpAnswer => {
  const { origin, on_message } = handleSchema.safeParse(handle).data ?? { origin: 'command', on_message: false };
  // Discord takes no modal as the answer to a modal.
  if (reply.kind === 'ask_reason') return origin === 'modal' ? ephemeral(reply.title) : askReason(reply);
  return (on_message && origin !== 'command' ? onMessage(reply) : undefined) ?? ephemeral(reply.text);
};
