/** What became of a message. One place turns it into ack, nak or dead letter (jetstream/settlement.ts). */
export type ConsumerOutcome =
  | { readonly kind: 'done' }
  /** Not now: deliver again after the delay. */
  | { readonly kind: 'retry-later'; readonly delayMs: number; readonly reason: string }
  /** Never: set it aside with its reason, out of the way of others. */
  | { readonly kind: 'give-up'; readonly reason: string };

export const done: ConsumerOutcome = { kind: 'done' };
export const retryLater = (delayMs: number, reason: string): ConsumerOutcome => ({ kind: 'retry-later', delayMs, reason });
export const giveUp = (reason: string): ConsumerOutcome => ({ kind: 'give-up', reason });
