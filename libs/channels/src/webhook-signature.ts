import { createHmac, timingSafeEqual } from 'node:crypto';

/** Header that carries the signature. */
export const signatureHeader = 'Countersign-Signature';

const hmac = (secret: string, timestampS: number, body: string): string => createHmac('sha256', secret).update(`${timestampS}.${body}`).digest('hex');

/** `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`. */
export const signWebhook = (secret: string, body: string, nowMs: number): string => {
  const timestampS = Math.floor(nowMs / 1000);
  return `t=${timestampS},v1=${hmac(secret, timestampS, body)}`;
};

const pattern = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/** Whether the signature is of this body and secret and not older or newer than `toleranceS` (default 300 s). For receivers. */
export const verifyWebhook = (secret: string, { signature, body, nowMs, toleranceS = 300 }: { readonly signature: string; readonly body: string; readonly nowMs: number; readonly toleranceS?: number }): boolean => {
  const [, timestamp = '', given = ''] = pattern.exec(signature) ?? [];
  if (given === '' || Math.abs(nowMs / 1000 - Number(timestamp)) > toleranceS) return false;
  return timingSafeEqual(Buffer.from(given, 'hex'), Buffer.from(hmac(secret, Number(timestamp), body), 'hex'));
};

/** Secrets of Standard Webhooks are base64 behind `whsec_`; any other text is used as it is. */
const standardKey = (secret: string): Buffer => (secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret));

/** Headers of Standard Webhooks: `v1,<base64 HMAC-SHA256 of "<id>.<unix seconds>.<body>">`. */
export const standardWebhookHeaders = (secret: string, { id, body, nowMs }: { readonly id: string; readonly body: string; readonly nowMs: number }): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> => {
  const timestamp = String(Math.floor(nowMs / 1000));
  const signature = createHmac('sha256', standardKey(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
};
