import { httpErrorCatalogue, isHttpErrorCode, statusOfCode, statusOfKind } from './http-error-catalogue.js';

/** A refusal as services answer it. */
export interface ProblemSource {
  readonly code: string;
  readonly message: string;
  /** Spread at the top level of the answer: `problems`, `runID`, `winningDecision`, … */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ProblemDocument extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly error: string;
  readonly correlationId: string;
}

export const problemMediaType = 'application/problem+json';
const errorsPage = '/docs/errors';

/** Lower-case codes belong to routes whose older clients read the code itself from `error`. */
const olderError = ({ code, message }: ProblemSource): string => (/^[a-z]/.test(code) ? code : message);

/** The answer's body (RFC 9457). Details never replace a standard member. */
export const buildProblem = (source: ProblemSource, { instance, correlationId }: { readonly instance: string; readonly correlationId: string }): ProblemDocument => ({
  ...source.details,
  type: `${errorsPage}#${source.code}`,
  title: isHttpErrorCode(source.code) ? httpErrorCatalogue[source.code].title : 'Something went wrong',
  status: statusOfCode(source.code),
  detail: source.message,
  instance,
  code: source.code,
  error: olderError(source),
  correlationId,
});

const waitsByDefault: ReadonlySet<number> = new Set([statusOfKind.unavailable, statusOfKind.rate_limited]);

/** Seconds for `Retry-After`: what the service says, 1 for what passes by itself, nothing for the rest. */
export const retryAfterSeconds = (code: string, asked?: number): number | undefined =>
  asked ?? (waitsByDefault.has(statusOfCode(code)) ? 1 : undefined);
