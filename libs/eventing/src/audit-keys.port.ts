/** The secret keys that sign the audit, by id. */
export interface AuditKeys {
  /** The key that is to sign from now on, with its check value. Absent: records are chained, not signed. */
  readonly first?: { readonly key_id: string; readonly key_check: string } | undefined;
  /** HMAC-SHA-256 of a text in lower-case hexadecimal; `undefined` when the key is not there. */
  sign(key_id: string, text: string): string | undefined;
  /** The check value of a key (`audit_key_activated`); `undefined` when the key is not there. */
  check(key_id: string): string | undefined;
  /** Someone declared that the key is gone for ever: its records can be chained, and no longer verified. */
  isLost(key_id: string): boolean;
}

/** No keys at all. */
export const noAuditKeys: AuditKeys = { sign: () => undefined, check: () => undefined, isLost: () => false };

/** A record has to be signed with a key that is not there. */
export class AuditKeyMissingError extends Error {
  override readonly name = 'AuditKeyMissingError';
  constructor(readonly keyId: string) {
    super(`the audit key "${keyId}", which signs at this place of the log, is not in COUNTERSIGN_AUDIT_KEYS_FILE: put it back (first, or behind the one that is to replace it)`);
  }
}
