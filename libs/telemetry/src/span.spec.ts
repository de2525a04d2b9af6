import { setImmediate as nextTurn } from 'node:timers/promises';
import { attribute, runAttribute } from './attributes.js';
import { continuationOf, otherTrace } from './continuation.js';
import { InMemorySpans } from './in-memory-spans.js';
import { apart, currentTraceparent, inSpan, isTracing, markCurrent, openSpan, useSpanSource } from './span.js';

const run = 'automation-v2-run-0190f3a2-0000-7000-8000-000000000001';
const trace = (digit: string): string => digit.repeat(32);
const parentOf = (digit: string): string => `00-${trace(digit)}-${digit.repeat(16)}-01`;

describe('spans', () => {
  let spans: InMemorySpans;
  beforeEach(() => {
    spans = new InMemorySpans();
    useSpanSource(spans);
  });
  afterEach(() => useSpanSource(undefined));

  it('are not made without a source, and what is traced is done all the same', async () => {
    useSpanSource(undefined);
    expect(isTracing()).toBe(false);
    expect(await inSpan({ name: 'outer', kind: 'server' }, async (span) => [span.traceparent, currentTraceparent()])).toEqual([undefined, undefined]);
    expect(spans.all).toEqual([]);
  });

  it('within one another are parent and child, also after a wait, and share whose they are and of which run', async () => {
    await inSpan({ name: 'outer', kind: 'server', received: { traceparent: parentOf('a') }, attributes: { [attribute.org]: 'acme', 'http.route': '/x' } }, async () => {
      await nextTurn();
      markCurrent({ [attribute.run]: run });
      await inSpan({ name: 'inner', kind: 'client' }, () => nextTurn());
    });
    const [outer, inner] = spans.all;
    expect(outer).toMatchObject({ name: 'outer', kind: 'server', parent: { traceId: trace('a'), spanId: 'a'.repeat(16) }, attributes: { [attribute.org]: 'acme', 'http.route': '/x', [attribute.run]: run }, hasEnded: true });
    expect(inner).toMatchObject({ parent: outer?.context, hasEnded: true });
    expect(inner?.attributes).toEqual({ [attribute.org]: 'acme', [attribute.run]: run });
  });

  it('that receive something continue that and nothing else, and begin a trace when it cannot be read', () => {
    openSpan({ name: 'outer', kind: 'consumer' }).run(() => {
      openSpan({ name: 'inner', kind: 'consumer', received: { traceparent: parentOf('b') } });
      openSpan({ name: 'alone', kind: 'consumer', received: { traceparent: 'nonsense' } });
    });
    expect(spans.all.map(({ context, parent }) => [context.traceId, parent?.traceId])).toEqual([[expect.any(String), undefined], [trace('b'), trace('b')], [expect.any(String), undefined]]);
    expect(spans.all[2]?.context.traceId).not.toBe(spans.all[0]?.context.traceId);
  });

  it('go on with a fallback only where nothing is under way', () => {
    const outer = openSpan({ name: 'outer', kind: 'consumer', fallback: parentOf('c') });
    outer.run(() => openSpan({ name: 'inner', kind: 'producer', fallback: parentOf('d') }));
    expect(spans.all.map(({ context }) => context.traceId)).toEqual([trace('c'), trace('c')]);
  });

  it('are not recorded where whoever began the trace does not want it', () => {
    expect(openSpan({ name: 'quiet', kind: 'server', received: { traceparent: `${parentOf('e').slice(0, -2)}00` } }).traceparent).toMatch(/-00$/);
  });

  it('say that a task threw by the class of the error, and throw it on', async () => {
    await expect(inSpan({ name: 'failing', kind: 'client' }, () => Promise.reject(new TypeError('a secret')))).rejects.toThrow('a secret');
    expect(spans.all).toMatchObject([{ error: 'TypeError', hasEnded: true }]);
    expect(JSON.stringify(spans.all)).not.toContain('a secret');
  });

  it('do not reach what outlives them', async () => {
    const seen = await inSpan({ name: 'outer', kind: 'server' }, async () => apart(() => currentTraceparent()));
    expect(seen).toBeUndefined();
  });

  it('name a run only by what is an id of one', () => {
    expect(runAttribute({ run_id: run })).toEqual({ [attribute.run]: run });
    expect([runAttribute({ run_id: 'my secret' }), runAttribute({}), runAttribute(undefined), runAttribute({ run_id: `${run}x` })]).toEqual([{}, {}, {}, {}]);
  });
});

describe('what handling a commit continues', () => {
  it('is its cause within the trace of the run', () => {
    const cause = `00-${trace('a')}-${'1'.repeat(16)}-01`;
    expect(continuationOf({ traceparent: cause, origin: parentOf('a') })).toEqual({ received: { traceparent: cause } });
  });

  it('is the trace of the run, with a link to a cause in another one', () => {
    expect(continuationOf({ traceparent: parentOf('b'), origin: parentOf('a') })).toEqual({ received: { traceparent: parentOf('a') }, links: [parentOf('b')] });
    expect(otherTrace(parentOf('a'), parentOf('b'))).toEqual([parentOf('a')]);
    expect(otherTrace(parentOf('a'), `00-${trace('a')}-${'1'.repeat(16)}-01`)).toEqual([]);
  });

  it('is the one of both that there is', () => {
    expect(continuationOf({ traceparent: parentOf('b') })).toEqual({ received: { traceparent: parentOf('b') } });
    expect(continuationOf({ origin: parentOf('a') })).toEqual({ received: { traceparent: parentOf('a') } });
    expect(continuationOf({})).toEqual({ received: { traceparent: undefined } });
  });
});
