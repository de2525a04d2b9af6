import { deliveryRequestSchema, postedMessageSchema } from '@cs/contracts';
import { z } from 'zod';

const itemSchema = z.object({ item_id: z.string(), item: z.json() });

const known = {
  request: deliveryRequestSchema,
  /** Attempts that began. */
  attempts: z.int().nonnegative(),
  /** How many of them surely did nothing, e.g. because the platform limits the rate. */
  harmless: z.int().positive().exactOptional(),
  /** Of a list, in the order in which they came. */
  items: z.array(itemSchema).readonly().exactOptional(),
  /** Keys of items that came when the list was full: they only count. */
  counted: z.array(z.string()).readonly().exactOptional(),
  /** It waits for its time no longer. */
  hastened: z.literal(true).exactOptional(),
  /** A message that is there and may not be finished. */
  posted: postedMessageSchema.exactOptional(),
  /** An earlier attempt may have posted the message without our knowing. */
  uncertain: z.literal(true).exactOptional(),
  /** Messages that nobody had recorded when they were pressed. */
  duplicates: z.array(postedMessageSchema).readonly().exactOptional(),
};
const failed = { ...known, last_error: z.string() };

export const deliverySchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('none') }),
  z.object({ status: z.literal('pending'), ...known }),
  z.object({ status: z.literal('sending'), ...known, attempt_id: z.string(), started_at_ms: z.int() }),
  z.object({ status: z.literal('retrying'), ...failed }),
  z.object({ status: z.literal('sent'), ...known, sent_at_ms: z.int(), message_id: z.string().optional(), message: postedMessageSchema.exactOptional() }),
  z.object({ status: z.literal('abandoned'), ...failed }),
]);

/**
 * One thing to tell on one channel. `none` before it was requested; `sending` while an attempt is under way, or
 * its outcome was lost; `sent` and `abandoned` are final, but for duplicates that turn up.
 */
export type Delivery = z.infer<typeof deliverySchema>;
export type RequestedDelivery = Exclude<Delivery, { readonly status: 'none' }>;
export type OpenDelivery = Extract<Delivery, { readonly status: 'pending' | 'sending' | 'retrying' }>;

const open: ReadonlySet<Delivery['status']> = new Set(['pending', 'sending', 'retrying']);

export const isOpen = (delivery: Delivery): delivery is OpenDelivery => open.has(delivery.status);

export const isRequested = (delivery: Delivery): delivery is RequestedDelivery => delivery.status !== 'none';

/** How long it still waits for its time, in ms. */
export const heldMs = ({ request, hastened }: RequestedDelivery, now_ms: number): number => (hastened || request.not_before_ms === undefined ? 0 : Math.max(0, request.not_before_ms - now_ms));

/** Longer than an attempt and the lease of its message: whoever began before that is gone. */
export const lostAfterMs = 60_000;

/** An attempt that began, and whose outcome is not lost. */
export const isUnderWay = (delivery: Delivery, now_ms: number): boolean => delivery.status === 'sending' && now_ms - delivery.started_at_ms < lostAfterMs;

/** How many items a list has, also those that only count. */
export const itemCount = ({ items = [], counted = [] }: RequestedDelivery): number => items.length + counted.length;

/** Whether an item is in the list, or counted. */
export const isListed = ({ items = [], counted = [] }: RequestedDelivery, { item_id, item_key }: { readonly item_id: string; readonly item_key: string }): boolean => items.some((known) => known.item_id === item_id) || counted.includes(item_key);

/** Whether a message may be there that we do not know of. */
export const mayBePosted = (delivery: RequestedDelivery): boolean => delivery.status === 'sending' || delivery.uncertain === true;

type Message = z.infer<typeof postedMessageSchema>;

const isSame = (a: Message, b: Message): boolean => a.conversation === b.conversation && a.message_id === b.message_id;

/** Every message that was posted for it, as far as we know; also while it is not settled. */
export const knownMessagesOf = (delivery: RequestedDelivery): readonly Message[] => {
  const first = delivery.status === 'sent' ? (delivery.message ?? delivery.posted) : delivery.posted;
  const others = (delivery.duplicates ?? []).filter((duplicate) => first === undefined || !isSame(duplicate, first));
  return [...(first === undefined ? [] : [first]), ...others];
};

export const isKnownMessage = (delivery: RequestedDelivery, message: Message): boolean => [...knownMessagesOf(delivery), ...(delivery.duplicates ?? [])].some((known) => isSame(known, message));

/** The same of one that is settled; none before. */
export const messagesOf = (delivery: Delivery): readonly Message[] => (delivery.status === 'sent' || delivery.status === 'abandoned' ? knownMessagesOf(delivery) : []);
