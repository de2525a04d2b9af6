import type { AggregateRef, DeliveryEvent, DeliveryRequest } from '@cs/contracts';
import type { Aggregate, Digest } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { deliveryDecider } from './delivery.decider.js';
import { deliverySchema, type Delivery } from './delivery.state.js';

/**
 * How deliveries are stored. Only the commit that requests one has the status `pending`, which feeds the
 * senders: what is tried again waits as that same message, so nothing feeds it twice.
 */
export const deliveryAggregate: Aggregate<Delivery, DeliveryEvent> = {
  name: 'delivery',
  initialState: deliveryDecider.initialState,
  evolve: deliveryDecider.evolve,
  status: ({ status }) => status,
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (delivery): Json => delivery as unknown as Json,
  readState: (value) => deliverySchema.parse(value),
};

type Identity = Pick<DeliveryRequest, 'gate_opening_id' | 'notice' | 'channel' | 'notification_key'> & { readonly org_id: string; readonly workspace_id: string };

/** The same notice of the same gate opening on the same channel is one delivery, however often it is asked for; each reminder and escalation is one of its own. */
export const deliveryRef = (digest: Digest, { org_id, workspace_id, gate_opening_id, notice, channel, notification_key }: Identity): AggregateRef => ({
  org_id, workspace_id, aggregate: 'delivery',
  id: `delivery-${digest([org_id, workspace_id, gate_opening_id, notice, channel, ...(notification_key === undefined ? [] : [notification_key])].join('\n')).slice(0, 32)}`,
});
