import { createHmac, timingSafeEqual } from 'node:crypto';
import type { InboundCall } from '@cs/notification';

/** How far the time of a request may be off, in seconds, to either side; the bounds are within. */
export const slackToleranceS = 300;

const maxTimestampDigits = 12;

const timestampOf = (text: string | undefined): number | undefined => (text !== undefined && /^\d+$/.test(text) && text.length <= maxTimestampDigits ? Number(text) : undefined);

const signatureOf = (text: string | undefined): Buffer | undefined => {
  const [, hex] = /^v0=([0-9a-f]{64})$/.exec(text ?? '') ?? [];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
};

/** HMAC-SHA256 over `v0:<timestamp>:<raw body>` (https://docs.slack.dev/authentication/verifying-requests-from-slack). */
export const slackMac = (secret: string, timestamp: string, body: Uint8Array): Buffer => createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest();

/** Why the call is not one of Slack for the holder of this secret; `undefined` when it is. Looks at headers and bytes only. */
export const slackSignatureProblem = (secret: string, { headers, body, received_at_ms }: InboundCall): string | undefined => {
  if (secret === '') return 'there is no signing secret to verify with';
  const timestampText = headers['x-slack-request-timestamp'];
  const timestamp = timestampOf(timestampText);
  const signature = signatureOf(headers['x-slack-signature']);
  if (timestampText === undefined || timestamp === undefined) return 'X-Slack-Request-Timestamp is missing or no Unix time';
  if (signature === undefined) return 'X-Slack-Signature is missing or not of the form v0=<64 hexadecimal digits>';
  if (Math.abs(Math.floor(received_at_ms / 1000) - timestamp) > slackToleranceS) return `the request is more than ${slackToleranceS} s old or early`;
  return timingSafeEqual(signature, slackMac(secret, timestampText, body)) ? undefined : 'the signature is not of this body and secret';
};
