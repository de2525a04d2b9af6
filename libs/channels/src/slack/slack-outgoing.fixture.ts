import type { DeliveryRequest } from '@cs/contracts';
import type { Card, NoticeCard, Outgoing } from '@cs/notification';
import { everyCard, outgoingOf, requestOf } from '../chat/cards.fixture.js';

export const cardOf = (state: string): Card => {
  const known = everyCard[state];
  if (known === undefined) throw new Error(`no card ${state}`);
  return known.card;
};

interface Change extends Partial<Omit<Outgoing, 'request'>> {
  readonly notice?: DeliveryRequest['notice'];
  readonly delivery_id?: string;
}

/** Something to do in the channel of the double. */
export const slackOutgoing = (card: Card | NoticeCard, { notice = 'gate_opened', delivery_id = 'delivery-1', recipient = 'C0APPROVALS', ...rest }: Change = {}): Outgoing =>
  outgoingOf(recipient, { request: requestOf(card, notice, delivery_id), ...rest });
