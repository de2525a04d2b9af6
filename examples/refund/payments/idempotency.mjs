// @ts-check
import { createHash } from 'node:crypto';
import { Problem } from './problem.mjs';

/**
 * @typedef {import('./ledger.mjs').Entry} Entry
 * @typedef {import('./ledger.mjs').Idempotency} Idempotency
 */

const MAX_KEY_LENGTH = 255;

/**
 * @param {string | string[] | undefined} header
 * @param {unknown} request the parsed body, its fields in a fixed order
 * @returns {Idempotency | undefined} nothing when the caller sent no key
 */
export const readIdempotency = (header, request) => {
  if (header === undefined) return undefined;
  const key = String(header).trim();
  if (key === '' || key.length > MAX_KEY_LENGTH) {
    throw new Problem(400, 'idempotency_key_invalid', { detail: `The Idempotency-Key header must have 1 to ${MAX_KEY_LENGTH} characters.` });
  }
  return { key, digest: createHash('sha256').update(JSON.stringify(request)).digest('base64url') };
};

/**
 * Which calls with a key are being worked on. What has been done is in the ledger; what is under way
 * is only here, because a restart ends it.
 */
export class CallsInFlight {
  /** @type {Map<string, string>} */
  #digests = new Map();

  /**
   * Claims the key for one call. Refuses while another call holds it.
   * @param {Entry['kind']} kind
   * @param {Idempotency} idempotency
   * @returns {() => void} gives the key back
   */
  claim(kind, { key, digest }) {
    const id = `${kind}:${key}`;
    const held = this.#digests.get(id);
    if (held !== undefined) {
      requireSameBody(held, digest);
      throw new Problem(409, 'idempotency_key_in_use', {
        detail: 'A call with this Idempotency-Key is still being worked on. Repeat the same call later to get its answer.',
        headers: { 'retry-after': '1' },
      });
    }
    this.#digests.set(id, digest);
    return () => this.#digests.delete(id);
  }
}

/**
 * @param {string} first
 * @param {string} now
 */
export const requireSameBody = (first, now) => {
  if (first === now) return;
  throw new Problem(422, 'idempotency_key_reused', {
    detail: 'This Idempotency-Key was first used with another body. Use a new key for a new call, or repeat the first body.',
  });
};
