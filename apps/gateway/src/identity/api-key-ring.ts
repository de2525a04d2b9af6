import { describeProblems, problemsOf } from '@cs/contracts';
import { createHash, timingSafeEqual } from 'node:crypto';
import { apiKeyFileSchema, type ApiKeyEntry } from './api-keys.schema.js';
import { callerOfKey, type Caller } from './caller.js';

interface Held {
  readonly digest: Buffer;
  readonly caller: Caller;
}

/** The keys of one version of the key file. */
export class ApiKeyRing {
  /** By the start of the digest, which tells nothing about the key; the rest is compared in constant time. */
  readonly #held = new Map<string, Held[]>();

  constructor(entries: readonly ApiKeyEntry[]) {
    for (const entry of entries) {
      const start = entry.sha256.slice(0, 8);
      this.#held.set(start, [...(this.#held.get(start) ?? []), { digest: Buffer.from(entry.sha256, 'hex'), caller: callerOfKey(entry) }]);
    }
  }

  find(key: string): Caller | undefined {
    const digest = createHash('sha256').update(key).digest();
    const candidates = this.#held.get(digest.toString('hex', 0, 4));
    return candidates?.find((held) => timingSafeEqual(held.digest, digest))?.caller;
  }
}

/** Reads the text of a key file. Throws with what is wrong; the message never contains the text. */
export const parseApiKeyFile = (text: string): ApiKeyRing => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message would quote the file.
    throw new Error('the API key file is not JSON');
  }
  const parsed = apiKeyFileSchema.safeParse(value);
  if (!parsed.success) throw new Error(`the API key file is not usable: ${describeProblems(problemsOf(parsed.error))}`);
  return new ApiKeyRing(parsed.data);
};
