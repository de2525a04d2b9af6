import { auditKeyRef, type AuditKeyEvent } from '@cs/contracts';
import { executeCommand, type Aggregate, type AuditKeys, type Eventing, type EventStore } from '@cs/eventing';
import { isJsonObject, toPosition } from '@cs/kernel';
import { auditKeyDecider, type AuditKeyState } from './audit-key.decider.js';
import { eventsOf } from './typed-events.js';

/** How the keys of the audit are folded and stored. */
export const auditKeyAggregate: Aggregate<AuditKeyState, AuditKeyEvent> = {
  name: 'audit_key',
  initialState: auditKeyDecider.initialState,
  evolve: auditKeyDecider.evolve,
  status: () => 'active',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (state) => state ?? null,
  readState: (value) => {
    const { key_id, key_check } = isJsonObject(value) ? value : {};
    if (typeof key_id !== 'string' || typeof key_check !== 'string') throw new Error('not the state of an audit key');
    return { key_id, key_check };
  },
};

/** The keys cannot sign what is to come. */
export class AuditKeysUnusableError extends Error {
  override readonly name = 'AuditKeysUnusableError';
}

/**
 * Makes the first of the keys the one that signs, if it is not already; records are signed with it from
 * that commit on. Repeating it changes nothing. Throws `AuditKeysUnusableError` with what to do.
 */
export const activateAuditKey = async (eventing: Eventing, keys: AuditKeys): Promise<void> => {
  const outcome = await executeCommand(auditKeyRef, {
    eventing, aggregate: auditKeyAggregate, decide: (state) => auditKeyDecider.decide(keys, state), context: { actor: { kind: 'system', source: 'projector' } },
  });
  if (outcome.kind === 'refused') throw new AuditKeysUnusableError(outcome.refusal.message);
  if (outcome.kind === 'contended') throw new Error('others keep activating audit keys');
};

/** From this position of the log on, this key signs. */
export interface AuditKeyActivation {
  readonly position: number;
  readonly key_id: string;
  readonly key_check: string;
}

/** Every activation that the log holds, oldest first. There are as many as keys were ever used. */
export const auditKeyHistory = async (store: EventStore): Promise<readonly AuditKeyActivation[]> => {
  const found: AuditKeyActivation[] = [];
  let commit = await store.last(auditKeyRef);
  while (commit !== undefined) {
    const { position } = commit;
    for (const { data } of [...eventsOf('audit_key', commit)].reverse()) found.unshift({ position, key_id: data.key_id, key_check: data.key_check });
    const { previous } = commit.commit;
    commit = previous === 0 ? undefined : await store.at(toPosition(previous));
  }
  return found;
};
