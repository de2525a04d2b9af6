import type { AggregateRef, DeliveryEvent } from '@cs/contracts';
import type { Aggregate } from '@cs/eventing';
import { isJsonObject, type Json } from '@cs/kernel';
import { sha256 } from './deterministic.js';

/** What {@link attemptLog} folds to: how many attempts, and a digest over all of them in order. */
export interface AttemptLog {
  readonly attempts: number;
  readonly chain: string;
  /** Of the last attempt; makes the state as large as a test wants it. */
  readonly reason: string;
}

const isAttemptLog = (value: Json): value is Json & AttemptLog => isJsonObject(value) && typeof value['attempts'] === 'number' && typeof value['chain'] === 'string';

/**
 * The smallest real aggregate: it counts. Uses the catalogue's deliveries, so that it passes through
 * the same codecs as everything else. Its state shows a lost, doubled or reordered event.
 */
export const attemptLog: Aggregate<AttemptLog, DeliveryEvent> = {
  name: 'delivery',
  initialState: { attempts: 0, chain: '', reason: '' },
  evolve: (state, event) =>
    event.event_type === 'delivery_attempt_failed'
      ? { attempts: state.attempts + 1, chain: sha256(`${state.chain}/${event.data.attempt}/${event.data.reason}`), reason: event.data.reason }
      : state,
  status: () => 'retrying',
  isAtRest: () => false,
  stateVersion: 1,
  writeState: ({ attempts, chain, reason }) => ({ attempts, chain, reason }),
  readState: (value) => {
    if (!isAttemptLog(value)) throw new Error('not an attempt log');
    return value;
  },
};

export const attemptLogRef = (id: string, tenant: Partial<Pick<AggregateRef, 'org_id' | 'workspace_id'>> = {}): AggregateRef => ({
  org_id: 'acme', workspace_id: 'ops', ...tenant, aggregate: 'delivery', id,
});

/** One event of {@link attemptLog}. */
export const attempt = (number: number, reason = `reason ${number}`): DeliveryEvent => ({
  event_type: 'delivery_attempt_failed', data: { attempt: number, reason, failed_at_ms: 1_767_225_600_000 + number },
});
