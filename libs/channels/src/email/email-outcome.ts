import type { AdapterOutcome } from '@cs/notification';
import { z } from 'zod';
import { cleanLine, fitText } from '../chat/chat-text.js';

type Failed = Exclude<AdapterOutcome, { kind: 'sent' }>;

/** What nodemailer says of a failure: its own code, and the server's reply where there was one. */
const failureSchema = z.object({ code: z.string().catch(''), responseCode: z.int().catch(0), response: z.string().catch(''), originalCode: z.string().catch('') }).catch({ code: '', responseCode: 0, response: '', originalCode: '' });
type Failure = z.infer<typeof failureSchema>;

const maxReply = 200;

/** A server may say anything, and repeat anything that it was told. */
const replyOf = ({ response, responseCode }: Failure, password: string): string => {
  const text = password === '' ? response : response.replaceAll(password, '***');
  return fitText(cleanLine(text) || String(responseCode), maxReply);
};

const withReply = (failure: Failure, password: string): Failed => {
  const { responseCode } = failure;
  const reason = failure.code === 'EAUTH' ? `the mail server refused the credentials (${responseCode})` : `the mail server answered ${replyOf(failure, password)}`;
  return responseCode >= 500 ? { kind: 'permanent', reason } : { kind: 'transient', reason, not_posted: true };
};

/** Node's codes for a certificate that is not believed, e.g. `DEPTH_ZERO_SELF_SIGNED_CERT`. */
const distrust = /CERT|LEAF_SIGNATURE/;

/** Without a reply of the server. */
const reasons: Readonly<Record<string, string>> = {
  EABORT: 'the mail server did not finish in time', ETIMEDOUT: 'the mail server did not answer in time', ECONNECTION: 'the mail server closed the connection', ESOCKET: 'the connection to the mail server broke',
};
/** What this side will never send. */
const finals: Readonly<Record<string, string>> = { EENVELOPE: 'the address is none that can be written to', EMESSAGE: 'the mail server does not take mails of this size', EAUTH: 'the mail server offers no way to sign in that is known here' };

/** What a failed attempt means: 5xx is final, 4xx and the network are tried again. TLS that cannot be made is tried again, whatever the server says: it may be somebody in between. */
export const emailOutcome = (error: unknown, password: string): Failed => {
  const failure = failureSchema.parse(error);
  const { code, originalCode, responseCode } = failure;
  if (code === 'ETLS' || distrust.test(originalCode)) return { kind: 'transient', reason: `no TLS connection that can be trusted was made to the mail server (${originalCode || code})`, not_posted: true };
  if (responseCode >= 400) return withReply(failure, password);
  const final = finals[code];
  return final === undefined ? { kind: 'transient', reason: reasons[code] ?? 'the mail could not be handed over' } : { kind: 'permanent', reason: final };
};
