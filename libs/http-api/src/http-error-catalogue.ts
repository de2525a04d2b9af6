import { errorCatalogue, type ErrorCode, type ErrorKind } from '@cs/contracts';

/** Kinds of "no" that only HTTP knows, beside those of the shared catalogue. */
export type HttpErrorKind = ErrorKind | 'uri_too_long' | 'headers_too_large' | 'request_timeout';

interface HttpErrorEntry {
  readonly kind: HttpErrorKind;
  readonly title: string;
  readonly remedy: string;
}

/** Codes that come from the HTTP edge itself; no service answers them. */
const edgeErrors = {
  REQUEST_MALFORMED: { kind: 'invalid', title: 'The request is not HTTP as it should be', remedy: 'Check the request line, the headers and the length of the body.' },
  REQUEST_URI_TOO_LONG: { kind: 'uri_too_long', title: 'The address is too long', remedy: 'Shorten the path or the query.' },
  REQUEST_HEADERS_TOO_LARGE: { kind: 'headers_too_large', title: 'The headers are too large', remedy: 'Send at most 16 KiB of headers.' },
  REQUEST_TIMEOUT: { kind: 'request_timeout', title: 'The request did not arrive in time', remedy: 'Send the whole request without long pauses.' },
  REQUEST_ORIGIN_FORBIDDEN: { kind: 'forbidden', title: 'This address may not be used from there', remedy: 'Without an API key, use http://localhost or http://127.0.0.1 with the port of this server, from no other web page.' },
  SCHEMA_NOT_FOUND: { kind: 'not_found', title: 'There is no such schema', remedy: 'Names are listed in `schemas`.' },
} as const satisfies Record<string, HttpErrorEntry>;

export type HttpErrorCode = ErrorCode | keyof typeof edgeErrors;

/** Every code that an HTTP answer can carry. */
export const httpErrorCatalogue: Readonly<Record<HttpErrorCode, HttpErrorEntry>> = { ...errorCatalogue, ...edgeErrors };

export const isHttpErrorCode = (code: string): code is HttpErrorCode => Object.hasOwn(httpErrorCatalogue, code);

/** The only place where a kind of error becomes an HTTP status. */
export const statusOfKind: Readonly<Record<HttpErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  request_timeout: 408,
  conflict: 409,
  too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  rate_limited: 429,
  headers_too_large: 431,
  internal: 500,
  unavailable: 503,
  timeout: 504,
};

/** Status of a code; a code from a newer release than this one counts as an internal error. */
export const statusOfCode = (code: string): number => statusOfKind[isHttpErrorCode(code) ? httpErrorCatalogue[code].kind : 'internal'];
