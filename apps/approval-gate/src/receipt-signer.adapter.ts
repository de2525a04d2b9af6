import type { ReceiptSigner } from '@cs/approval-application';
import type { JsonObject } from '@cs/kernel';
import { importJWK, SignJWT, type CryptoKey } from 'jose';
import { z } from 'zod';

const keySchema = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string().min(1), d: z.string().min(1), kid: z.string().min(1) });
const keySetSchema = z.object({ keys: z.array(keySchema).min(1, 'holds no key') });
type Key = z.infer<typeof keySchema>;

const algorithm = 'EdDSA';
/** `typ` of a receipt, so that it is taken for no other token (RFC 8725, 3.11). */
export const receiptType = 'countersign-receipt+jwt';

const publicPart = ({ kty, crv, x, kid }: Key): JsonObject => ({ kty, crv, x, kid, use: 'sig', alg: algorithm });

/**
 * Signs receipts with the first key of a set (Ed25519, RFC 8037). To rotate, put a new key first: the
 * others sign nothing any more and are published as long as they stand there.
 */
export class JwsReceiptSigner implements ReceiptSigner {
  readonly #issuer: string;
  readonly #keys: readonly Key[];
  readonly #signing: CryptoKey;
  readonly #keyId: string;

  private constructor(issuer: string, { keys, signing, keyId }: { keys: readonly Key[]; signing: CryptoKey; keyId: string }) {
    this.#issuer = issuer;
    this.#keys = keys;
    this.#signing = signing;
    this.#keyId = keyId;
  }

  /** Throws when the text is no set of private Ed25519 keys; what is wrong is said without the keys. */
  static async of(text: string, issuer: string): Promise<JwsReceiptSigner> {
    const parsed = keySetSchema.safeParse(JSON.parse(text));
    const first = parsed.data?.keys[0];
    if (!parsed.success || first === undefined) throw new Error(`not a JWK set of private Ed25519 keys: ${z.prettifyError(parsed.error ?? new z.ZodError([]))}`);
    const signing = await importJWK(first, algorithm);
    if (signing instanceof Uint8Array) throw new Error('a receipt key must be asymmetric');
    return new JwsReceiptSigner(issuer, { keys: parsed.data.keys, signing, keyId: first.kid });
  }

  sign(claims: JsonObject, { id, issued_at_ms }: { readonly id: string; readonly issued_at_ms: number }): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, kid: this.#keyId, typ: receiptType })
      .setIssuer(this.#issuer).setJti(id).setIssuedAt(Math.floor(issued_at_ms / 1000))
      .sign(this.#signing);
  }

  publicKeys(): JsonObject {
    return { keys: this.#keys.map(publicPart) };
  }
}
