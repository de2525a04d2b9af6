import { auditKeyIdSchema, describeProblems, problemsOf } from '@cs/contracts';
import { noAuditKeys, type AuditKeys } from '@cs/eventing';
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const fewestBytes = 32;
const base64url = /^[A-Za-z0-9_-]+$/;
const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');

const keySchema = z.union([
  z.strictObject({
    kty: z.literal('oct'), kid: auditKeyIdSchema,
    k: z.string().regex(base64url).refine((text) => bytesOf(text).length >= fewestBytes, `expected at least ${fewestBytes} bytes as base64url`),
  }),
  z.strictObject({ kty: z.literal('oct'), kid: auditKeyIdSchema, lost: z.literal(true) }),
]);
const keySetSchema = z
  .strictObject({ keys: z.array(keySchema).min(1, 'holds no key') })
  .refine(({ keys }) => new Set(keys.map(({ kid }) => kid)).size === keys.length, 'two keys have the same `kid`');
type Entry = z.infer<typeof keySchema>;

const parse = (text: string): readonly Entry[] => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message would quote the file.
    throw new Error('the audit key file is not JSON');
  }
  const parsed = keySetSchema.safeParse(value);
  if (!parsed.success) throw new Error(`the audit key file is no JWK set of secret keys (\`kty\` "oct", \`kid\`, \`k\`): ${describeProblems(problemsOf(parsed.error))}`);
  return parsed.data.keys;
};

/** The keys of a JWK set (RFC 7517) of HMAC keys. The first one signs; the others verify, and sign again in a rebuild. */
export class HmacAuditKeys implements AuditKeys {
  readonly #keys = new Map<string, KeyObject>();
  readonly #lost = new Set<string>();
  readonly first: AuditKeys['first'];

  /** Throws when the text is no such set; the message never contains a key. */
  constructor(text: string) {
    const entries = parse(text);
    for (const entry of entries) {
      if ('k' in entry) this.#keys.set(entry.kid, createSecretKey(bytesOf(entry.k)));
      else this.#lost.add(entry.kid);
    }
    const [first] = entries;
    const key_check = first && this.check(first.kid);
    if (first === undefined || key_check === undefined) throw new Error('the first key of the audit key file is marked as lost; put a new key before it');
    this.first = { key_id: first.kid, key_check };
  }

  sign(key_id: string, text: string): string | undefined {
    const key = this.#keys.get(key_id);
    return key && createHmac('sha256', key).update(text).digest('hex');
  }

  check(key_id: string): string | undefined {
    return this.sign(key_id, `countersign audit key ${key_id}`);
  }

  isLost(key_id: string): boolean {
    return this.#lost.has(key_id);
  }
}

/** The keys of a file; none without one. Throws when the file cannot be read or used. */
export const openAuditKeys = async (file: string | undefined): Promise<AuditKeys> => (file === undefined ? noAuditKeys : new HmacAuditKeys(await readFile(file, 'utf8')));
