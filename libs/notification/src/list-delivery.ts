import type { DeliveryRequest } from '@cs/contracts';
import type { Eventing } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { deliveryRef } from './delivery-aggregate.js';
import type { NoticeCard } from './notice-card.schema.js';
import { commandDelivery, requestDelivery, type Cause, type Requested } from './request-delivery.js';

/** Something for a list that is told later. */
export interface ListItem {
  readonly place: Pick<DeliveryRequest, 'channel'> & { readonly installation: string; readonly recipient: string };
  readonly notice: 'gates_waiting' | 'dead_letters';
  /** When the list is told, Unix milliseconds. */
  readonly due_ms: number;
  readonly item_id: string;
  readonly item: Json;
  /** The list is told only when it has so many, and then at once, but not before `not_before_ms`. */
  readonly minimum_items?: number;
  readonly not_before_ms?: number;
}

/** What comes too late for its list is in another one so much later. */
const lateMs = 3_600_000;

const titles: Readonly<Record<ListItem['notice'], string>> = { gates_waiting: 'Waiting for a decision or an answer', dead_letters: 'Dead letters' };

const listCard = ({ workspace_id }: Cause, { notice }: ListItem): NoticeCard => ({
  kind: 'notice', title: titles[notice], body_markdown: '', tone: notice === 'dead_letters' ? 'bad' : 'warning', fields: [{ label: 'Workspace', value: workspace_id }], items: [],
});

/** Adds an item to the list of its place that is told at `due_ms`; to a later one when that was told meanwhile. */
// eslint-disable-next-line complexity -- steps of one addition, each of which others may have done before
export const addToList = async (eventing: Eventing, cause: Cause, item: ListItem): Promise<Requested> => {
  const { place, notice, due_ms, minimum_items, item_id, not_before_ms = due_ms } = item;
  const notification_key = `${notice}:${due_ms}`;
  const identity = { ...place, notice, notification_key };
  const request = { ...identity, not_before_ms: Math.max(due_ms, not_before_ms), card: listCard(cause, item), ...(minimum_items === undefined ? {} : { minimum_items }) };
  if ((await requestDelivery({ eventing }, cause, request)) === 'contended') return 'contended';
  const ref = deliveryRef(eventing.digest, { ...identity, org_id: cause.org_id, workspace_id: cause.workspace_id });
  const listed = await commandDelivery(eventing, ref, { command: () => ({ kind: 'add_item', item_id, item: item.item }) });
  if (listed === undefined || listed.status === 'none') return 'contended';
  const items = listed.items ?? [];
  const isMissed = notice === 'gates_waiting' && listed.status !== 'pending' && !items.some((known) => known.item_id === item_id);
  if (isMissed) return await addToList(eventing, cause, { ...item, due_ms: Math.max(due_ms, eventing.clock()) + lateMs });
  if (minimum_items !== undefined && items.length >= minimum_items && listed.status === 'pending' && not_before_ms <= due_ms) {
    return (await commandDelivery(eventing, ref, { command: () => ({ kind: 'hasten', reason: `there are ${items.length}` }) })) === undefined ? 'contended' : 'requested';
  }
  return 'requested';
};
