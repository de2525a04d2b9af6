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
