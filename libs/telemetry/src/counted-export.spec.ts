import { ExportResultCode } from '@opentelemetry/core';
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import { CountedExport } from './counted-export.js';
import { OtelSpans } from './otel-spans.adapter.js';

type Answer = Parameters<SpanExporter['export']>[1];

/** An exporter that answers when it is told to. */
class SlowExporter implements SpanExporter {
  readonly waiting: Answer[] = [];
  #isClosing = false;
  export(_spans: unknown, answer: Answer): void {
    if (this.#isClosing) answer({ code: ExportResultCode.SUCCESS });
    else this.waiting.push(answer);
  }
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
  /** From now on it takes everything at once. */
  close(): void {
    this.#isClosing = true;
    this.answer(ExportResultCode.SUCCESS);
  }
  answer(code: ExportResultCode): void {
    for (const answer of this.waiting.splice(0)) answer({ code });
  }
}

const closers: (() => Promise<unknown>)[] = [];

const open = (maxWaiting: number) => {
  const exporter = new SlowExporter();
  const counts = { exported: 0, failed: 0, dropped: 0 };
  const processor = new CountedExport({
    exporter, maxWaiting,
    meter: (end, spans) => {
      counts[end] += spans;
    },
    batch: (counted) => new BatchSpanProcessor({ exporter: counted, maxQueueSize: maxWaiting, maxExportBatchSize: maxWaiting, scheduledDelayMillis: 60_000 }),
  });
  closers.push(() => {
    const closed = processor.shutdown();
    exporter.close();
    return closed;
  });
  const spans = new OtelSpans(new TracerProvider({ spanProcessors: [processor] }).getTracer('test'));
  const end = (count: number, isSampled = true): void => {
    const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled };
    for (let index = 0; index < count; index += 1) spans.start({ name: 'span', kind: 'server', attributes: {}, parent, links: [] }).end();
  };
  return { exporter, counts, processor, end };
};

describe('export with counts', () => {
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  it('drops and counts what comes while as many as allowed wait or are on their way', async () => {
    const { exporter, counts, processor, end } = open(4);
    end(3);
    const flushed = processor.forceFlush();
    while (exporter.waiting.length === 0) await Promise.resolve();
    end(3);
    expect(counts).toEqual({ exported: 0, failed: 0, dropped: 2 });
    exporter.answer(ExportResultCode.SUCCESS);
    await flushed;
    expect(counts).toMatchObject({ exported: 3, dropped: 2 });
    end(3);
    expect(counts).toMatchObject({ dropped: 2 });
  });

  it('counts what the collector did not take, and goes on', async () => {
    const { exporter, counts, processor, end } = open(4);
    for (const code of [ExportResultCode.FAILED, ExportResultCode.SUCCESS]) {
      end(2);
      const flushed = processor.forceFlush().catch(() => undefined);
      while (exporter.waiting.length === 0) await Promise.resolve();
      exporter.answer(code);
      await flushed;
    }
    expect(counts).toEqual({ exported: 2, failed: 2, dropped: 0 });
  });

  it('leaves out what is not sampled', () => {
    const { counts, end } = open(1);
    end(5, false);
    expect(counts).toEqual({ exported: 0, failed: 0, dropped: 0 });
  });
});
