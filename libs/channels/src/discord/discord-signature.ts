import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { InboundCall } from '@cs/notification';

const windowMs = 300_000;
/** SubjectPublicKeyInfo of an Ed25519 key, up to the key itself (RFC 8410). */
const prefix = Buffer.from('302a300506032b6570032100', 'hex');
const keyBytes = 32;

const keyOf = (der: Buffer): KeyObject | undefined => {
  try {
    const key = createPublicKey({ key: der.length === keyBytes ? Buffer.concat([prefix, der]) : der, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
};

/** The application's public key as Discord shows it (64 hexadecimal digits), or as base64 or PEM; `undefined` when it is no Ed25519 key. */
export const readDiscordKey = (text: string): KeyObject | undefined => {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return keyOf(Buffer.from(trimmed, 'hex'));
  const base64 = trimmed.replace(/-----(BEGIN|END) PUBLIC KEY-----/g, '').replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]{43,64}={0,2}$/.test(base64)) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === keyBytes || bytes.length === keyBytes + prefix.length ? keyOf(bytes) : undefined;
};

/** Why a call is not Discord's; `undefined` when it is. Nothing of the body is read. */
export const refuseDiscordSignature = (key: KeyObject | undefined, { headers, body, received_at_ms }: InboundCall): string | undefined => {
  if (key === undefined) return 'the public key of the application is not configured or cannot be read';
  const signature = headers['x-signature-ed25519'] ?? '';
  const timestamp = headers['x-signature-timestamp'] ?? '';
  if (!/^[0-9a-f]{128}$/i.test(signature)) return 'X-Signature-Ed25519 is missing or is not 128 hexadecimal digits';
  if (!/^\d{1,12}$/.test(timestamp)) return 'X-Signature-Timestamp is missing or is no time in seconds';
  if (Math.abs(received_at_ms - Number(timestamp) * 1000) > windowMs) return 'X-Signature-Timestamp is more than 5 minutes off';
  const isSigned = verify(null, Buffer.concat([Buffer.from(timestamp), body]), key, Buffer.from(signature, 'hex'));
  return isSigned ? undefined : 'the signature does not fit';
};
