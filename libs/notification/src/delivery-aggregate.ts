import type { AggregateRef, DeliveryEvent, DeliveryRequest } from '@cs/contracts';
import type { Aggregate, Digest } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { deliveryDecider } from './delivery.decider.js';
import { deliverySchema, type Delivery } from './delivery.state.js';

/** The token of the commit that requests a delivery of an installation: it feeds the sender of that installation, and no other. */
export const pendingToken = (installation: string): string => `pending-${installation}`;

const tokenOf = (delivery: Delivery): string => {
  if (delivery.status !== 'pending') return delivery.status;
  if (delivery.items !== undefined) return 'collecting';
  if (delivery.hastened) return 'hastened';
  const { installation } = delivery.request;
  return installation === undefined ? 'pending' : pendingToken(installation);
};

/**
 * How deliveries are stored. Only the commit that requests one has the status `pending`, which feeds the
 * senders: what is tried again waits as that same message, so nothing feeds it twice.
 */
export const deliveryAggregate: Aggregate<Delivery, DeliveryEvent> = {
  name: 'delivery',
  initialState: deliveryDecider.initialState,
  evolve: deliveryDecider.evolve,
  status: tokenOf,
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (delivery): Json => delivery as unknown as Json,
  readState: (value) => deliverySchema.parse(value),
};

type Identity = Pick<DeliveryRequest, 'gate_opening_id' | 'request_id' | 'notice' | 'channel' | 'notification_key' | 'installation' | 'recipient'> & { readonly org_id: string; readonly workspace_id: string };

/** The same notice of the same gate opening or question to the same recipient on the same channel is one delivery, however often it is asked for; each reminder and escalation is one of its own. */
export const deliveryRef = (digest: Digest, { org_id, workspace_id, gate_opening_id, request_id, notice, channel, notification_key, installation, recipient = '' }: Identity): AggregateRef => {
  const place = installation === undefined ? [channel] : [channel, installation, recipient];
  const key = notification_key === undefined ? [] : [notification_key];
  return { org_id, workspace_id, aggregate: 'delivery', id: `delivery-${digest([org_id, workspace_id, gate_opening_id ?? request_id ?? '', notice, ...place, ...key].join('\n')).slice(0, 32)}` };
};

/** What stands for the card in buttons. */
export const tokenOfDelivery = (delivery_id: string): string => delivery_id.replace(/^delivery-/, '');

/** The delivery that a button stands for; `undefined` for what is no token. */
export const deliveryOfToken = ({ org_id, workspace_id }: Pick<AggregateRef, 'org_id' | 'workspace_id'>, token: string): AggregateRef | undefined =>
  /^[0-9a-f]{32}$/.test(token) ? { org_id, workspace_id, aggregate: 'delivery', id: `delivery-${token}` } : undefined;
