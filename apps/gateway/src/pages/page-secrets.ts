import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

const ivBytes = 12;
const tagBytes = 16;

/** Keys of the pages, each for one purpose, from one secret. */
export class PageSecrets {
  readonly #sealing: Buffer;
  readonly #signing: Buffer;

  /** At least 32 bytes that nobody else knows. */
  constructor(secret: Buffer) {
    if (secret.length < 32) throw new Error('the secret of the pages has fewer than 32 bytes');
    const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', `countersign pages: ${purpose}`, 32));
    this.#sealing = derive('session');
    this.#signing = derive('form');
  }

  /** A text that only this gateway, or one with the same secret, can read again. */
  seal(text: string): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#sealing, iv);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** `undefined` for anything that was not sealed so. */
  open(sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < ivBytes + tagBytes) return undefined;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#sealing, bytes.subarray(0, ivBytes)).setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  sign(text: string): string {
    return createHmac('sha256', this.#signing).update(text).digest('base64url');
  }

  isSignatureOf(text: string, signature: string): boolean {
    const [given, own] = [Buffer.from(signature), Buffer.from(this.sign(text))];
    return given.length === own.length && timingSafeEqual(given, own);
  }
}
