import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SpanMeter } from './counted-export.js';
import { useSpanSource } from './span.js';
import type { TracingConfig } from './tracing.config.js';

export interface Tracing {
  /** Sends what waits, for two seconds at most; from then on nothing is traced. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** Name of the service, without its prefix. */
  readonly service: string;
  readonly config: TracingConfig;
  readonly meter: SpanMeter;
}

const exportTimeoutMs = 5000;
const closeBudgetMs = 2000;
const batchDelayMs = 1000;
const largestBatch = 512;

const off: Tracing = { close: () => Promise.resolve() };

const tracesUrl = (endpoint: string): string => `${endpoint.replace(/\/+$/, '')}/v1/traces`;

/** The SDK is loaded only where traces are wanted. */
const openProvider = async ({ service, config, meter }: TracingOptions, endpoint: string) => {
  const [{ BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }, { CountedExport }, { OtelSpans }] = await Promise.all([
    import('@opentelemetry/sdk-trace'), import('@opentelemetry/exporter-trace-otlp-http'), import('@opentelemetry/resources'), import('./counted-export.js'), import('./otel-spans.adapter.js'),
  ]);
  const maxWaiting = config.OTEL_BSP_MAX_QUEUE_SIZE;
  const exporter = new OTLPTraceExporter({ url: tracesUrl(endpoint), headers: { ...config.OTEL_EXPORTER_OTLP_HEADERS }, timeoutMillis: exportTimeoutMs, concurrencyLimit: 4 });
  const processor = new CountedExport({
    exporter, maxWaiting, meter,
    batch: (counted) => new BatchSpanProcessor({ exporter: counted, maxQueueSize: maxWaiting, maxExportBatchSize: Math.min(largestBatch, maxWaiting), scheduledDelayMillis: batchDelayMs, exportTimeoutMillis: exportTimeoutMs * 2 }),
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.namespace': 'countersign', 'service.name': `${config.COUNTERSIGN_TRACES_PREFIX}${service}`, 'service.instance.id': randomUUID() }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.OTEL_TRACES_SAMPLER_ARG) }),
    spanLimits: { attributeValueLengthLimit: 256, attributeCountLimit: 32, linkCountLimit: 8, eventCountLimit: 0 },
    spanProcessors: [processor],
  });
  return { provider, spans: new OtelSpans(provider.getTracer('countersign')) };
};

/** Begins to trace this process when an endpoint is configured. Sending never holds up or fails what is traced. */
export const startTracing = async (options: TracingOptions): Promise<Tracing> => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = options.config;
  if (endpoint === undefined) return off;
  const { provider, spans } = await openProvider(options, endpoint);
  useSpanSource(spans);
  return {
    close: async () => {
      useSpanSource(undefined);
      // What the collector does not take in time is given up.
      await Promise.race([provider.shutdown().catch(() => undefined), delay(closeBudgetMs, undefined, { ref: false })]);
    },
  };
};
