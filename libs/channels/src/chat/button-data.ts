import { gateDecisionSchema, type GateDecision } from '@cs/contracts';

/** What a button carries: `tdm:<action>:<token>`, at most 44 ASCII characters. It holds no state: the token names the card, and the log knows the rest. */
export const buttonData = (decision: GateDecision, token: string): string => `tdm:${decision}:${token}`;

export type ReadButton = { readonly kind: 'button'; readonly decision: GateDecision; readonly token: string } | { readonly kind: 'unreadable'; readonly text: string };

const shape = /^tdm:([a-z_]{1,16}):([0-9a-f]{32})$/;

const unreadable = (text: string): ReadButton => ({ kind: 'unreadable', text });

/**
 * Reads a button. Cards of earlier systems name a run and a node instead of a card (`tdm:<action>:<run>:<node>`)
 * and could be cut (`~`): which gate they meant is not certain any more, so they decide nothing.
 */
export const readButton = (data: string): ReadButton => {
  const [, action, token] = shape.exec(data) ?? [];
  const decision = gateDecisionSchema.safeParse(action);
  if (decision.success && token !== undefined) return { kind: 'button', decision: decision.data, token };
  if (data.includes('~')) return unreadable('This button was cut off and cannot say what it belongs to. Nothing was decided. Open the inbox to decide.');
  if (data.startsWith('tdm:')) return unreadable('This card is of an older kind and cannot decide any more. Nothing was decided. Open the inbox to decide.');
  return unreadable('This button is not one of ours. Nothing was decided.');
};
