import type { DeliveryRequest } from '@cs/contracts';

/** What a channel says about one attempt. Reasons are stored and shown: they hold no secret. */
export type ChannelOutcome =
  | { readonly kind: 'sent'; readonly message_id?: string }
  /** It may work later: the network, a rate limit, the channel's own trouble. */
  | { readonly kind: 'transient'; readonly reason: string; readonly retry_after_ms?: number; /** The receiver said that it did not take it, or it was never sent: nothing was posted. */ readonly not_posted?: boolean }
  /** It will never work: refused, gone, not what the channel takes. */
  | { readonly kind: 'permanent'; readonly reason: string };

/** A place where people are told. An attempt is bounded in time by the channel itself. */
export interface NotificationChannel {
  /** Lower-case letters, digits and "-"; part of a delivery's identity, so it never changes. */
  readonly name: string;
  /** A delivery can be sent again when its outcome was lost: `delivery_id` tells the receiver that it is the same. */
  send(request: DeliveryRequest): Promise<ChannelOutcome>;
}
