import type { SpanSpec } from './span.js';
import { readTraceparent } from './traceparent.js';

export interface Cause {
  /** Of the commit that is handled. */
  readonly traceparent?: string | undefined;
  /** Of the first commit of the same aggregate, where that has a trace of its own. */
  readonly origin?: string | undefined;
}

const isSameTrace = (one: string, other: string): boolean => readTraceparent(one)?.traceId === readTraceparent(other)?.traceId;

/**
 * What handling a commit continues: its cause, where that is in the trace of the aggregate or the
 * aggregate has none. A cause from another trace (a person's decision, days later) is linked, and the
 * aggregate's own trace goes on.
 */
export const continuationOf = ({ traceparent, origin }: Cause): Pick<SpanSpec, 'received' | 'links'> => {
  if (traceparent === undefined || origin === undefined) return { received: { traceparent: traceparent ?? origin } };
  return isSameTrace(traceparent, origin) ? { received: { traceparent } } : { received: { traceparent: origin }, links: [traceparent] };
};

/** The trace that an aggregate began in, where what is under way belongs to another one. */
export const otherTrace = (origin: string | undefined, current: string | undefined): readonly string[] =>
  origin === undefined || current === undefined || isSameTrace(origin, current) ? [] : [origin];
