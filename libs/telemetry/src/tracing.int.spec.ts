import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@cs/testing';
import { OtlpDouble } from '@cs/testing/doubles';
import { z } from 'zod';
import type { SpanEnd } from './counted-export.js';
import { inSpan, isTracing, openSpan } from './span.js';
import { startTracing, type Tracing } from './tracing.js';
import { tracingVariables } from './tracing.config.js';

const configOf = (variables: Readonly<Record<string, string>>) => z.object(tracingVariables).parse(variables);

describe('tracing', () => {
  const counts = { exported: 0, failed: 0, dropped: 0 };
  const meter = (end: SpanEnd, spans: number): void => {
    counts[end] += spans;
  };
  const closers: (() => Promise<unknown>)[] = [];
  const start = async (variables: Readonly<Record<string, string>>): Promise<Tracing> => {
    const tracing = await startTracing({ service: 'runner', config: configOf(variables), meter });
    closers.push(() => tracing.close());
    return tracing;
  };
  beforeEach(() => void Object.assign(counts, { exported: 0, failed: 0, dropped: 0 }));
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const collector = async (): Promise<OtlpDouble> => {
    const double = await new OtlpDouble().start();
    closers.push(() => double.close());
    return double;
  };

  it('sends spans with parent, links, kind and service, and the headers it was given, and what waits when it closes', async () => {
    const double = await collector();
    const tracing = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: `${double.url}/`, OTEL_EXPORTER_OTLP_HEADERS: 'x-token=a%20b', COUNTERSIGN_TRACES_PREFIX: 'acme-' });
    const link = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;
    await inSpan({ name: 'outer', kind: 'server', attributes: { 'countersign.org_id': 'acme', list: ['a', 'b'], count: 3, left: undefined } }, () =>
      inSpan({ name: 'inner', kind: 'client', links: [link] }, (span) => Promise.resolve(span.fail('TIMEOUT'))));
    await tracing.close();
    const [inner, outer] = double.spans;
    expect(double.problems).toEqual([]);
    expect(double.headers).toMatchObject({ 'x-token': 'a b' });
    expect(outer).toMatchObject({ service: 'acme-runner', name: 'outer', kind: 'server', isError: false, attributes: { 'countersign.org_id': 'acme', list: ['a', 'b'], count: 3 } });
    expect(inner).toMatchObject({ name: 'inner', kind: 'client', isError: true, traceId: outer?.traceId, parentSpanId: outer?.spanId, links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }], attributes: { 'error.type': 'TIMEOUT', 'countersign.org_id': 'acme' } });
    expect(counts).toEqual({ exported: 2, failed: 0, dropped: 0 });
  });

  it('is off without an endpoint, and after it has closed', async () => {
    await start({});
    expect(isTracing()).toBe(false);
    const tracing = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: (await collector()).url });
    expect(isTracing()).toBe(true);
    await tracing.close();
    expect(isTracing()).toBe(false);
  });

  it('records the configured share of the traces that begin here, and what others began as they say', async () => {
    const double = await collector();
    const tracing = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: double.url, OTEL_TRACES_SAMPLER_ARG: '0' });
    openSpan({ name: 'own', kind: 'server' }).end();
    openSpan({ name: 'theirs', kind: 'server', received: { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` } }).end();
    await tracing.close();
    expect(double.spans.map(({ name }) => name)).toEqual(['theirs']);
  });

  it('counts spans as failed while the collector is away', async () => {
    const gone = await collector();
    const { url } = gone;
    await gone.close();
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    openSpan({ name: 'lost', kind: 'server' }).end();
    await eventually(() => counts.failed === 1, { timeoutMs: 15_000 });
  }, 20_000);

  it('drops what does not fit while the collector hangs, and does not wait for it at the end', async () => {
    const hanging: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => {
      hanging.closeAllConnections();
      hanging.close(resolve);
    }));
    const tracing = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`, OTEL_BSP_MAX_QUEUE_SIZE: '10' });
    for (let span = 0; span < 25; span += 1) openSpan({ name: 'many', kind: 'server' }).end();
    expect(counts).toEqual({ exported: 0, failed: 0, dropped: 15 });
    await tracing.close();
    // The attempt to send them has not even been given up.
    expect(counts).toEqual({ exported: 0, failed: 0, dropped: 15 });
  }, 20_000);
});
