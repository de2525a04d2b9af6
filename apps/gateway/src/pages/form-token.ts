import { randomUUID } from 'node:crypto';
import type { Caller } from '../identity/caller.js';
import type { PageSecrets } from './page-secrets.js';

/** What a form was made for. */
export interface FormPurpose {
  readonly caller: Caller;
  readonly act: 'decide' | 'answer';
  /** The opening of a gate, or the question. */
  readonly about: string;
}

/** A form that lies open for longer has to be looked at again. */
const validMs = 2 * 3_600_000;

/** The form of one person about one opening or question; it is good for nobody and nothing else. */
const textOf = ({ caller: { tenant, actor }, act, about }: FormPurpose, nonce: string, expiresAtMs: number): string =>
  JSON.stringify([act, tenant.org_id, tenant.workspace_id, actor.kind, actor.actor_id ?? null, actor.source ?? null, about, nonce, expiresAtMs]);

/** A token of a form: `<nonce>.<expiry>.<signature>`. The nonce is the idempotency key of what the form asks for. */
export const createFormToken = (secrets: PageSecrets, purpose: FormPurpose, nowMs: number): string => {
  const [nonce, expiresAtMs] = [randomUUID(), nowMs + validMs];
  return `${nonce}.${expiresAtMs}.${secrets.sign(textOf(purpose, nonce, expiresAtMs))}`;
};

const pattern = /^([0-9a-f-]{36})\.(\d{1,15})\.([A-Za-z0-9_-]{43})$/;

/** The nonce of a token that was made for this purpose and is not too old; `undefined` for any other text. */
export const readFormToken = (secrets: PageSecrets, purpose: FormPurpose, { token, nowMs }: { readonly token: string; readonly nowMs: number }): string | undefined => {
  const [, nonce = '', expiry = '', signature = ''] = pattern.exec(token) ?? [];
  if (nonce === '' || !secrets.isSignatureOf(textOf(purpose, nonce, Number(expiry)), signature)) return undefined;
  return Number(expiry) > nowMs ? nonce : undefined;
};
