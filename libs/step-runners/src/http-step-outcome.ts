import type { HttpStep, StepOutcome } from '@cs/automation-application';
import type { OutboundResult } from '@cs/outbound-http';
import { readBody } from './response-body.js';
import { retryAfterMs, selectHeaders } from './response-headers.js';
import type { Redaction } from './redaction.js';

/** The `kind` of a failure, as retry policies name it. */
export type HttpFailureKind =
  | 'egress_denied' | 'request_invalid' | 'connection_failed' | 'timeout' | 'unexpected_status' | 'response_malformed' | 'response_too_large';

type Failed = Extract<StepOutcome, { kind: 'failed' }>;
type Answered = Extract<OutboundResult, { kind: 'answered' }>;
interface Context {
  readonly step: HttpStep;
  readonly redaction: Redaction;
  readonly nowMs: number;
}

const maxExcerptLength = 300;
const worthRetrying = new Set([408, 425, 429]);
const isRetryable = (status: number): boolean => worthRetrying.has(status) || status >= 500;

const failed = (kind: HttpFailureKind, message: string, rest: Pick<Failed, 'effect' | 'retryable'> & { readonly retry_after_ms?: number | undefined }): Failed => ({
  kind: 'failed', failure: { kind, message }, effect: rest.effect, retryable: rest.retryable,
  ...(rest.retry_after_ms === undefined ? {} : { retry_after_ms: rest.retry_after_ms }),
});

const isExpected = (status: number, expected: readonly number[] | undefined): boolean =>
  expected === undefined ? status >= 200 && status < 300 : expected.includes(status);

/** A body as text without secrets. JSON is redacted as a value, because inside its text a secret is spelled differently. */
const redactedText = (result: Answered, redaction: Redaction): string => {
  const body = readBody(result.body, { contentType: result.headers['content-type'] ?? '', expected: undefined });
  if (body.kind === 'malformed' || !result.complete) return redaction.text(result.body.toString('utf8'));
  return typeof body.value === 'string' ? redaction.text(body.value) : JSON.stringify(redaction.json(body.value));
};

/** The beginning of an error's body, which mostly says what was wrong. Redacted before it is cut: half a secret is one too. */
const excerpt = (result: Answered, redaction: Redaction): string => {
  if (result.body.length === 0) return '';
  const text = redactedText(result, redaction).replace(/\s+/g, ' ').trim();
  return text.length > maxExcerptLength ? `: ${text.slice(0, maxExcerptLength)}…` : `: ${text}`;
};

const unexpected = (result: Answered, { step, redaction, nowMs }: Context): Failed => {
  const wanted = step.expect_status === undefined ? '200 to 299' : step.expect_status.join(', ');
  return failed('unexpected_status', `the peer answered ${result.status} (expected ${wanted})${excerpt(result, redaction)}`, {
    effect: 'answered',
    retryable: isRetryable(result.status),
    retry_after_ms: isRetryable(result.status) ? retryAfterMs(result.headers['retry-after'], nowMs) : undefined,
  });
};

const answered = (result: Answered, context: Context): StepOutcome => {
  const { step, redaction } = context;
  if (!isExpected(result.status, step.expect_status)) return unexpected(result, context);
  // The peer says that it did it; only what it answered is lost. Whoever looks into it needs to know that it may have happened.
  const done = { effect: 'unknown', retryable: false } as const;
  if (!result.complete) return failed('response_too_large', `the peer answered ${result.status} with a body over ${result.body.length} bytes`, done);
  const body = readBody(result.body, { contentType: result.headers['content-type'] ?? '', expected: step.response });
  if (body.kind === 'malformed') return failed('response_malformed', `the peer answered ${result.status}, but ${body.message}`, done);
  return { kind: 'succeeded', output: { status: result.status, headers: selectHeaders(result.headers, redaction), body: redaction.json(body.value) } };
};

/** Says what a request's result means for the step. */
export const outcomeOf = (result: OutboundResult, context: Context): StepOutcome => {
  if (result.kind === 'answered') return answered(result, context);
  if (result.reason === 'aborted') return { kind: 'aborted' };
  const retryable = result.reason !== 'egress_denied' && result.reason !== 'request_invalid';
  return failed(result.reason, context.redaction.text(result.message), { effect: result.kind, retryable });
};
