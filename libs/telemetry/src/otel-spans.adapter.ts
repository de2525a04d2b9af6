import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Attributes, type Span, type SpanContext, type Tracer } from '@opentelemetry/api';
import type { SpanAttributes } from './attributes.js';
import type { SpanSource, SpanStart, StartedSpan } from './span.js';
import type { TraceContext } from './traceparent.js';

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER } as const;

const toSpanContext = ({ traceId, spanId, isSampled }: TraceContext): SpanContext => ({ traceId, spanId, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true });

const present = (attributes: SpanAttributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [[name, typeof value === 'object' ? [...value] : value]])));

class OtelSpan implements StartedSpan {
  readonly #span: Span;
  readonly context: TraceContext;

  constructor(span: Span) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.#span = span;
    this.context = { traceId, spanId, isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(present(attributes));
  }

  fail(type: string): void {
    this.#span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
  }

  end(): void {
    this.#span.end();
  }
}

/** Spans of OpenTelemetry. */
export class OtelSpans implements SpanSource {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  start({ name, kind, attributes, parent, links, startedAtMs }: SpanStart): StartedSpan {
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, toSpanContext(parent));
    const linked = links.map((link) => ({ context: toSpanContext(link) }));
    return new OtelSpan(this.#tracer.startSpan(name, { kind: kinds[kind], attributes: present(attributes), links: linked, ...(startedAtMs === undefined ? {} : { startTime: startedAtMs }) }, context));
  }
}
