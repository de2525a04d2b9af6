import type { AuditKeyEvent } from '@cs/contracts';
import type { AuditKeys } from '@cs/eventing';
import { accept, refuse, type Decider, type Refusal } from '@cs/kernel';

/** The key that signs now; `undefined` while none does. */
export type AuditKeyState = { readonly key_id: string; readonly key_check: string } | undefined;

export type AuditKeyRefusal = Refusal<'AUDIT_KEY_MISSING' | 'AUDIT_KEY_CHANGED'>;

const missing = (key_id: string): AuditKeyRefusal => ({
  code: 'AUDIT_KEY_MISSING',
  message: `the audit key "${key_id}", which signs now, is not in COUNTERSIGN_AUDIT_KEYS_FILE: put it back (first, or behind the one that is to replace it)`,
});
const changed = (key_id: string): AuditKeyRefusal => ({
  code: 'AUDIT_KEY_CHANGED', message: `the audit key "${key_id}" in COUNTERSIGN_AUDIT_KEYS_FILE is another one than the key of that name that signs now: put that one back, and give the new one a name of its own`,
});

const problemWith = (current: NonNullable<AuditKeyState>, keys: AuditKeys): AuditKeyRefusal | undefined => {
  if (keys.isLost(current.key_id)) return keys.first === undefined ? missing(current.key_id) : undefined;
  const check = keys.check(current.key_id);
  if (check === undefined) return missing(current.key_id);
  return check === current.key_check ? undefined : changed(current.key_id);
};

/**
 * Which key signs the audit. A process may only put another key in the place of one that it has itself:
 * one with an old key file, which does not know the newest key, changes nothing.
 */
export const auditKeyDecider: Decider<AuditKeys, AuditKeyState, AuditKeyEvent, AuditKeyRefusal> = {
  initialState: undefined,
  evolve: (_state, { data: { key_id, key_check } }) => ({ key_id, key_check }),
  decide: (keys, current) => {
    const problem = current && problemWith(current, keys);
    if (problem) return refuse(problem);
    if (keys.first === undefined || keys.first.key_id === current?.key_id) return accept();
    return accept({ event_type: 'audit_key_activated', data: { ...keys.first, algorithm: 'hmac-sha256', previous_key_id: current?.key_id ?? null } });
  },
};
