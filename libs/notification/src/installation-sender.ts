import type { Eventing, IdSource } from '@cs/eventing';
import type { AdapterOutcome, ChannelAdapter, Outgoing } from './channel-adapter.port.js';
import { maxRetryAfterMs } from './back-off.policy.js';
import { storable, thrown } from './send-outcome.js';

/** How often a platform may be called. */
export interface Pace {
  /** Waits for its turn; those who ask first have theirs first. `false`: there are none any more. */
  take(): Promise<boolean>;
  /** Nobody has a turn for so long, whoever waits included: the platform said so. */
  pause(ms: number): void;
  /** Whoever waits goes without a turn, however long that would have been. */
  close(): void;
}

export interface InstallationSender {
  readonly eventing: Eventing;
  readonly adapter: ChannelAdapter;
  readonly pace: Pace;
  readonly newId: IdSource;
  /** In [0, 1). */
  readonly random: () => number;
}

/** One call of the adapter; what it says is redacted. */
export const attemptDelivery = async ({ adapter, pace }: InstallationSender, outgoing: Outgoing): Promise<AdapterOutcome> => {
  try {
    const outcome = storable(await adapter.deliver(outgoing));
    if (outcome.kind === 'transient' && outcome.retry_after_ms !== undefined) pace.pause(Math.min(outcome.retry_after_ms, maxRetryAfterMs));
    return outcome;
  } catch (error) {
    return storable(thrown(error));
  }
};
