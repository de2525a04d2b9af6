import type { SpanAttributes } from './attributes.js';
import type { SpanSource, SpanStart, StartedSpan } from './span.js';
import type { TraceContext } from './traceparent.js';

export interface KeptSpan extends Omit<SpanStart, 'attributes'> {
  readonly context: TraceContext;
  readonly attributes: SpanAttributes;
  readonly error: string | undefined;
  readonly hasEnded: boolean;
}

const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0');

/** Spans in memory, with ids that count: the twin of what sends them. */
export class InMemorySpans implements SpanSource {
  readonly #spans: KeptSpan[] = [];

  /** In the order of their beginnings. */
  get all(): readonly KeptSpan[] {
    return this.#spans;
  }

  start(start: SpanStart): StartedSpan {
    const at = this.#spans.length;
    const { parent } = start;
    const context: TraceContext = { traceId: parent?.traceId ?? hex(at + 1, 32), spanId: hex(at + 1, 16), isSampled: parent?.isSampled ?? true };
    this.#spans.push({ ...start, context, error: undefined, hasEnded: false });
    const change = (changes: (span: KeptSpan) => Partial<KeptSpan>): void => {
      const span = this.#spans[at];
      if (span !== undefined) this.#spans[at] = { ...span, ...changes(span) };
    };
    return {
      context,
      set: (attributes) => change((span) => ({ attributes: { ...span.attributes, ...attributes } })),
      fail: (error) => change(() => ({ error })),
      end: () => change(() => ({ hasEnded: true })),
    };
  }
}
