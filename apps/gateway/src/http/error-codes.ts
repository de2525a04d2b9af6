import type { HttpErrorCode } from '@cs/http-api';

const byServerCode: Readonly<Record<string, HttpErrorCode>> = {
  FST_ERR_BAD_URL: 'REQUEST_PATH_INVALID',
  FST_ERR_MAX_PARAM_LENGTH: 'REQUEST_URI_TOO_LONG',
  FST_ERR_CTP_BODY_TOO_LARGE: 'REQUEST_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'REQUEST_MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'REQUEST_MALFORMED',
  HPE_HEADER_OVERFLOW: 'REQUEST_HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

const byStatus: Readonly<Record<number, HttpErrorCode>> = {
  400: 'REQUEST_MALFORMED', 404: 'ROUTE_NOT_FOUND', 408: 'REQUEST_TIMEOUT', 413: 'REQUEST_TOO_LARGE', 414: 'REQUEST_URI_TOO_LONG',
  415: 'REQUEST_MEDIA_TYPE_UNSUPPORTED', 431: 'REQUEST_HEADERS_TOO_LARGE', 503: 'SERVICE_UNAVAILABLE',
};

const texts: Partial<Record<HttpErrorCode, string>> = {
  REQUEST_PATH_INVALID: 'the path is not a valid URL path',
  REQUEST_URI_TOO_LONG: 'the path or one of its parts is too long',
  REQUEST_TOO_LARGE: 'the body is larger than 1 MiB',
  REQUEST_MEDIA_TYPE_UNSUPPORTED: 'the Content-Type cannot be read',
  REQUEST_MALFORMED: 'the request could not be read: its framing or the length of its body is wrong',
  REQUEST_HEADERS_TOO_LARGE: 'the request line and headers are larger than 16 KiB',
  REQUEST_TIMEOUT: 'the request did not arrive in time',
  SERVICE_UNAVAILABLE: 'the server is stopping',
};

/** A member of something that was thrown, whatever it is. */
export const errorMember = (error: unknown, name: string): unknown => (typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined);

/** What an error of the HTTP server itself means to the client; `INTERNAL` for one that is not the client's. */
export const describeServerError = (error: unknown): { readonly code: HttpErrorCode; readonly message: string } => {
  const status = errorMember(error, 'statusCode') ?? errorMember(error, 'status');
  const code = byServerCode[String(errorMember(error, 'code'))] ?? (typeof status === 'number' ? byStatus[status] : undefined) ?? 'INTERNAL';
  return { code, message: texts[code] ?? 'the gateway could not do this' };
};
