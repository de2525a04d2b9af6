import { createHmac, timingSafeEqual } from 'node:crypto';
import { gateDecisionSchema, type GateDecision } from '@cs/contracts';
import { telegramText, type Span } from './telegram-text.js';

/** What a question for a reason is about, and who was asked where. */
export interface Prompted {
  readonly decision: GateDecision;
  readonly token: string;
  readonly chatId: string;
  readonly userId: string;
}

/** Seconds in which a prompt can be answered. */
export const promptValidS = 600;

const shape = /(?:^|\s)([a-z_]{1,16})\.([0-9a-f]{32})\.([A-Za-z0-9_-]{22})$/;

const seal = (botToken: string, { decision, token, chatId, userId }: Prompted): string =>
  createHmac('sha256', botToken).update(['countersign prompt', decision, token, chatId, userId].join('\n')).digest('base64url').slice(0, 22);

/**
 * What a prompt carries in its text, so that any notifier can read the answer: which card and decision, sealed for
 * this chat and user. It holds no secret and decides nothing without an answer to that very message.
 */
export const promptReference = (botToken: string, prompted: Prompted): string => `${prompted.decision}.${prompted.token}.${seal(botToken, prompted)}`;

export type ReadPrompt = { readonly kind: 'prompt'; readonly decision: GateDecision; readonly token: string } | { readonly kind: 'none' } | { readonly kind: 'someone_else' };

/** Reads the text of a message of the bot that somebody answered to. */
export const readPrompt = (botToken: string, text: string, { chatId, userId }: Pick<Prompted, 'chatId' | 'userId'>): ReadPrompt => {
  const [, action, token, sealed] = shape.exec(text) ?? [];
  const decision = gateDecisionSchema.safeParse(action);
  if (!decision.success || token === undefined || sealed === undefined) return { kind: 'none' };
  const expected = seal(botToken, { decision: decision.data, token, chatId, userId });
  return timingSafeEqual(Buffer.from(sealed), Buffer.from(expected)) ? { kind: 'prompt', decision: decision.data, token } : { kind: 'someone_else' };
};

const maxTitle = 500;
const maxName = 128;

/** The question for a reason. Only who is mentioned is asked to answer; the reference is what `readPrompt` reads. */
export const promptSpans = ({ userId, name, title, reference }: { readonly userId: string; readonly name: string; readonly title: string; readonly reference: string }): readonly Span[] => [
  { kind: 'link', text: telegramText(name.slice(0, maxName)) || 'You', url: `tg://user?id=${userId}` },
  { kind: 'plain', text: `: ${telegramText(title.slice(0, maxTitle))}\n\nAnswer to this message within ${promptValidS / 60} minutes.\n` },
  { kind: 'code', text: reference },
];
