import { createHash } from 'node:crypto';
import type { AggregateRef, DeliveryEvent } from '@cs/contracts';
import type { Json, JsonObject } from '@cs/kernel';
import type { Aggregate } from './aggregate.js';
import type { Digest } from './clock.port.js';
import type { EventStore } from './event-store.port.js';

export const digest: Digest = (text) => createHash('sha256').update(text).digest('hex');

/** Every event in order, so that a lost, doubled or reordered one shows. */
export interface Attempts {
  readonly seen: readonly string[];
  readonly resting: boolean;
}

const label = (event: DeliveryEvent): string => {
  const what = event.event_type.replace(/^delivery_(attempt_)?/, '');
  if (event.event_type === 'delivery_requested') return `requested ${event.data.delivery_id}`;
  return 'attempt' in event.data ? `${what} ${event.data.attempt}` : what;
};

const isState = (value: Json): value is JsonObject & { readonly seen: readonly string[]; readonly resting: boolean } => Array.isArray((value as JsonObject)['seen']);

/** Lists what happened; rests after a success. */
export const attempts: Aggregate<Attempts, DeliveryEvent> = {
  name: 'delivery',
  initialState: { seen: [], resting: false },
  evolve: (state, event) => ({ seen: [...state.seen, label(event)], resting: event.event_type === 'delivery_sent' }),
  status: (state) => (state.resting ? 'sent' : 'retrying'),
  isAtRest: (state) => state.resting,
  stateVersion: 1,
  writeState: ({ seen, resting }) => ({ seen: [...seen], resting }),
  readState: (value) => {
    if (!isState(value)) throw new Error('not a state of attempts');
    return value;
  },
};

export const ref: AggregateRef = { org_id: 'acme', workspace_id: 'ops', aggregate: 'delivery', id: 'd-1' };

export const failed = (attempt: number, reason = 'no answer'): DeliveryEvent => ({ event_type: 'delivery_attempt_failed', data: { attempt, reason, failed_at_ms: 1000 + attempt } });
export const sent = (attempt: number): DeliveryEvent => ({ event_type: 'delivery_sent', data: { attempt, sent_at_ms: 1000 + attempt } });

/** A store that counts what is asked of it, and can be interfered with before an append. */
export const watched = (store: EventStore, beforeAppend: () => Promise<void> = () => Promise.resolve()) => {
  const count = { last: 0, at: 0, append: 0 };
  const watching: EventStore = {
    last: (of) => ((count.last += 1), store.last(of)),
    at: (position) => ((count.at += 1), store.at(position)),
    append: async (of, status, commit) => {
      count.append += 1;
      await beforeAppend();
      return store.append(of, status, commit);
    },
  };
  return { store: watching, count };
};
