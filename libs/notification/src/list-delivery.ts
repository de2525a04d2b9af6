import type { DeliveryRequest } from '@cs/contracts';
import type { Eventing } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { deliveryRef } from './delivery-aggregate.js';
import { isListed, itemCount } from './delivery.state.js';
import { emptyList, type ListNotice } from './list-card.js';
import { commandDelivery, requestDelivery, type Cause, type Requested } from './request-delivery.js';

/** Something for a list that is told later. */
export interface ListItem {
  readonly place: Pick<DeliveryRequest, 'channel'> & { readonly installation: string; readonly recipient: string };
  readonly notice: ListNotice;
  /** When the list is told, Unix milliseconds. */
  readonly due_ms: number;
  readonly item_id: string;
  readonly item: Json;
  /** The list is told only when it has so many, and then at once, but not before `not_before_ms`. Items may come until `untoldAfterMs` after that. */
  readonly minimum_items?: number;
  readonly not_before_ms?: number;
  /** The gateway as people reach it. */
  readonly public_url?: string | undefined;
}

/** What happened to a run so long ago is not told any more, and comes in no list. */
export const untoldAfterMs = 3_600_000;

/** What comes too late for its list is in another one so much later. */
const lateMs = 3_600_000;

/** Adds an item to the list of its place that is told at `due_ms`; to a later one when that was told meanwhile. */
// eslint-disable-next-line complexity -- steps of one addition, each of which others may have done before
export const addToList = async (eventing: Eventing, cause: Cause, item: ListItem): Promise<Requested> => {
  const { place, notice, due_ms, minimum_items, item_id, public_url, not_before_ms = due_ms } = item;
  const item_key = eventing.digest(item_id).slice(0, 12);
  const notification_key = `${notice}:${due_ms}`;
  const identity = { ...place, notice, notification_key };
  const card = emptyList({ notice, workspace_id: cause.workspace_id, public_url });
  const request = { ...identity, not_before_ms: Math.max(due_ms, not_before_ms), card, ...(minimum_items === undefined ? {} : { minimum_items }) };
  if ((await requestDelivery({ eventing }, cause, request)) === 'contended') return 'contended';
  const ref = deliveryRef(eventing.digest, { ...identity, org_id: cause.org_id, workspace_id: cause.workspace_id });
  const listed = await commandDelivery(eventing, ref, { command: () => ({ kind: 'add_item', item_id, item_key, item: item.item }) });
  if (listed === undefined || listed.status === 'none') return 'contended';
  const isMissed = notice === 'gates_waiting' && listed.status !== 'pending' && !isListed(listed, { item_id, item_key });
  if (isMissed) return await addToList(eventing, cause, { ...item, due_ms: Math.max(due_ms, eventing.clock()) + lateMs });
  if (minimum_items !== undefined && itemCount(listed) >= minimum_items && listed.status === 'pending' && not_before_ms <= due_ms) {
    return (await commandDelivery(eventing, ref, { command: () => ({ kind: 'hasten', reason: `there are ${itemCount(listed)}` }) })) === undefined ? 'contended' : 'requested';
  }
  return 'requested';
};
