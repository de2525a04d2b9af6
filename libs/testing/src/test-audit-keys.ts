import type { AuditKeys } from '@cs/eventing';
import { createHmac } from 'node:crypto';

/** Audit keys by name, the first of which signs. Each is derived from its name and `secret`, so that tests can have another key of the same name. */
export const testAuditKeys = (names: readonly string[], { secret = 'secret', lost = [] }: { readonly secret?: string; readonly lost?: readonly string[] } = {}): AuditKeys => {
  const sign = (name: string, text: string): string | undefined => (names.includes(name) ? createHmac('sha256', `${secret} ${name}`).update(text).digest('hex') : undefined);
  const check = (name: string): string | undefined => sign(name, `check ${name}`);
  const [first] = names;
  const key_check = first === undefined ? undefined : check(first);
  return { sign, check, isLost: (name) => lost.includes(name), ...(first === undefined || key_check === undefined ? {} : { first: { key_id: first, key_check } }) };
};
