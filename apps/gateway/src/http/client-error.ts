import { buildProblem, problemMediaType, statusOfCode } from '@cs/http-api';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { describeServerError } from './error-codes.js';
import { correlationHeader, securityHeaders } from './exchange.js';

const answerText = (error: unknown): string => {
  const described = describeServerError(error);
  const refusal = described.code === 'INTERNAL' ? ({ code: 'REQUEST_MALFORMED', message: 'the request is not valid HTTP' } as const) : described;
  const status = statusOfCode(refusal.code);
  const correlationId = randomUUID();
  const body = JSON.stringify(buildProblem(refusal, { instance: '', correlationId }));
  const headers = { ...securityHeaders, [correlationHeader]: correlationId, 'content-type': problemMediaType, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`, ...lines, '', body].join('\r\n');
};

/** Answers what the HTTP parser refused, before there is a request: the socket is all there is. */
export const answerClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(answerText(error), () => socket.destroy());
};
