import { done, retryLater, type ConsumerOutcome } from '@cs/eventing';
import type { AdapterOutcome } from './channel-adapter.port.js';
import { backOffMs } from './back-off.policy.js';
import type { Delivery } from './delivery.state.js';
import type { ChannelOutcome } from './notification-channel.port.js';
import { redactText } from './redact-text.js';

const maxReasonLength = 500;

/** Reasons are stored: whatever a channel says is redacted and cut. */
export const storable = <Outcome extends ChannelOutcome | AdapterOutcome>(outcome: Outcome): Outcome =>
  outcome.kind === 'sent' ? outcome : { ...outcome, reason: redactText(outcome.reason).slice(0, maxReasonLength) };

/** What an adapter that threw says. */
export const thrown = (error: unknown): { readonly kind: 'transient'; readonly reason: string } => ({ kind: 'transient', reason: error instanceof Error ? error.message : 'the channel failed' });

/** Whether the message comes again, and when. */
export const afterAttempt = (next: Delivery | undefined, outcome: ChannelOutcome | AdapterOutcome, random: () => number): ConsumerOutcome => {
  if (next === undefined) return retryLater(1_000, 'others kept writing to the delivery');
  if (next.status !== 'retrying') return done;
  const retryAfterMs = outcome.kind === 'transient' ? outcome.retry_after_ms : undefined;
  return retryLater(backOffMs(next.attempts, { retryAfterMs, random: random() }), next.last_error);
};
