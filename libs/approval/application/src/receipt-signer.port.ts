import type { JsonObject } from '@cs/kernel';

/** Signs what a decision was, so that anyone with the public key can check it without us. */
export interface ReceiptSigner {
  /** A compact JWS (RFC 7515). The same claims give the same receipt as long as the key is the same. */
  sign(claims: JsonObject, receipt: { readonly id: string; readonly issued_at_ms: number }): Promise<string>;
  /** Public keys of all receipts that still count, as a JWK set (RFC 7517). */
  publicKeys(): JsonObject;
}
