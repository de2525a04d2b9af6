import { TraceFlags } from '@opentelemetry/api';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';

type Spans = Parameters<SpanExporter['export']>[0];
type Ended = Parameters<SpanProcessor['onEnd']>[0];

/** What became of spans that had ended. */
export type SpanEnd = 'exported' | 'failed' | 'dropped';

/** Told how many spans ended how. Never throws. */
export type SpanMeter = (end: SpanEnd, spans: number) => void;

interface CountedExportOptions {
  readonly exporter: SpanExporter;
  /** What collects spans for an exporter, and has room for as many as wait. */
  readonly batch: (exporter: SpanExporter) => SpanProcessor;
  /** Spans that wait or are on their way, at most. */
  readonly maxWaiting: number;
  readonly meter: SpanMeter;
}

/** Bounds the spans that wait to be sent, also those on their way, and counts what became of each. */
export class CountedExport implements SpanProcessor {
  readonly #inner: SpanProcessor;
  readonly #maxWaiting: number;
  readonly #meter: SpanMeter;
  #waiting = 0;

  constructor({ exporter, batch, maxWaiting, meter }: CountedExportOptions) {
    this.#maxWaiting = maxWaiting;
    this.#meter = meter;
    this.#inner = batch({
      export: (spans, callback) => exporter.export(spans, (result) => this.#sent(spans, result, callback)),
      shutdown: () => exporter.shutdown(),
    });
  }

  onStart(): void {
    return undefined;
  }

  onEnd(span: Ended): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.#waiting >= this.#maxWaiting) {
      this.#meter('dropped', 1);
      return;
    }
    this.#waiting += 1;
    this.#inner.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#inner.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }

  #sent(spans: Spans, result: ExportResult, callback: (result: ExportResult) => void): void {
    this.#waiting -= spans.length;
    this.#meter(result.code === ExportResultCode.SUCCESS ? 'exported' : 'failed', spans.length);
    callback(result);
  }
}
