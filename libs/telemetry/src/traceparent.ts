/** A place in a trace, as W3C Trace Context names it. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  /** It is recorded by whoever began the trace. */
  readonly isSampled: boolean;
}

/** Header and member name of a trace context (W3C Trace Context, section 3.2). */
export const traceparentName = 'traceparent';

/** Later versions may say more behind a hyphen; version 00 may not. */
const pattern = /^(?!ff|00-.{52}-)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
/** A later version may say more than we read; this bounds it. */
const maxLength = 256;

/** Reads a `traceparent`; `undefined` when there is none, or none that W3C Trace Context allows. */
export const readTraceparent = (text: unknown): TraceContext | undefined => {
  if (typeof text !== 'string' || text.length > maxLength) return undefined;
  const [, traceId, spanId, flags = ''] = pattern.exec(text) ?? [];
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
};

/** Always of version 00; of the flags only "sampled" has a meaning that we know. */
export const writeTraceparent = ({ traceId, spanId, isSampled }: TraceContext): string => `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
