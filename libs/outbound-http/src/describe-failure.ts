import { EgressDeniedError } from './guarded-lookup.js';
import type { NotSentReason, OutboundResult, UnknownReason } from './outbound-result.js';

const texts: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name has no address',
  EAI_AGAIN: 'the name server did not answer',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed while the request was written',
  ETIMEDOUT: 'the connection attempt timed out',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  UND_ERR_CONNECT_TIMEOUT: 'the connection attempt timed out',
  UND_ERR_SOCKET: 'the peer closed the connection',
  UND_ERR_HEADERS_OVERFLOW: 'the answer\'s headers are too large',
};

const codeOf = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'UNKNOWN';
};

const describe = (code: string): string => {
  const known = texts[code];
  if (known !== undefined) return `${known} (${code})`;
  return /CERT|TLS|SSL|SELF_SIGNED|LEAF_SIGNATURE/.test(code) ? `the TLS connection could not be made (${code})` : `the request failed (${code})`;
};

/** undici reports a request that it will not write with these. */
const isInvalid = (code: string): boolean => code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH';

/** A failure before anything was written. */
export const describeNotSent = (error: unknown): Extract<OutboundResult, { kind: 'not_sent' }> => {
  if (error instanceof EgressDeniedError) return { kind: 'not_sent', reason: 'egress_denied', message: error.message };
  const code = codeOf(error);
  const reason: NotSentReason = isInvalid(code) ? 'request_invalid' : 'connection_failed';
  return { kind: 'not_sent', reason, message: isInvalid(code) ? `the request cannot be written: ${error instanceof Error ? error.message : code}` : describe(code) };
};

/** A failure after writing may have begun. */
export const describeUnknown = (error: unknown): OutboundResult => {
  const code = codeOf(error);
  if (error instanceof Error && error.name === 'HTTPParserError') return { kind: 'unknown', reason: 'response_malformed', message: 'the answer is not HTTP' };
  const reason: UnknownReason = code === 'UND_ERR_HEADERS_OVERFLOW' ? 'response_too_large' : 'connection_failed';
  return { kind: 'unknown', reason, message: describe(code) };
};
