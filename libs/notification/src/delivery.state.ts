import { deliveryRequestSchema } from '@cs/contracts';
import { z } from 'zod';

const known = { request: deliveryRequestSchema, attempts: z.int().nonnegative() };
const failed = { ...known, last_error: z.string() };

export const deliverySchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('none') }),
  z.object({ status: z.literal('pending'), ...known }),
  z.object({ status: z.literal('retrying'), ...failed }),
  z.object({ status: z.literal('sent'), ...known, sent_at_ms: z.int(), message_id: z.string().optional() }),
  z.object({ status: z.literal('abandoned'), ...failed }),
]);

/** One thing to tell on one channel. `none` before it was requested; `sent` and `abandoned` are final. */
export type Delivery = z.infer<typeof deliverySchema>;
export type RequestedDelivery = Exclude<Delivery, { readonly status: 'none' }>;

export const isOpen = (delivery: Delivery): delivery is Extract<Delivery, { readonly status: 'pending' | 'retrying' }> =>
  delivery.status === 'pending' || delivery.status === 'retrying';
