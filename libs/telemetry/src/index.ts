export { attribute, runAttribute, tenantAttributes, type SpanAttributes } from './attributes.js';
export { continuationOf, otherTrace, type Cause } from './continuation.js';
export { InMemorySpans, type KeptSpan } from './in-memory-spans.js';
export { apart, currentTraceparent, inSpan, isTracing, markCurrent, openSpan, useSpanSource, type OpenSpan, type SpanSpec } from './span.js';
export { readTraceparent, traceparentName } from './traceparent.js';
export { tracingVariables, type TracingConfig } from './tracing.config.js';
export { TracingMetrics } from './tracing-metrics.js';
export { startTracing, type Tracing } from './tracing.js';
