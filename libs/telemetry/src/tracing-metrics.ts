import { Counter, type Registry } from 'prom-client';
import type { SpanMeter } from './counted-export.js';

/** What became of the spans of a process. */
export class TracingMetrics {
  readonly #spans: Counter;

  constructor(registry: Registry) {
    this.#spans = new Counter({ name: 'countersign_trace_spans_total', help: 'Spans that ended, by outcome: exported, failed (the collector did not take them), dropped (too many waited)', labelNames: ['outcome'], registers: [registry] });
  }

  readonly count: SpanMeter = (outcome, spans) => this.#spans.inc({ outcome }, spans);
}
