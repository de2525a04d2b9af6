import type { AggregateRef, Commit } from '@cs/contracts';
import { done, giveUp, InMemoryEventStore } from '@cs/eventing';
import { attempt, attemptLogRef, sha256 } from '@cs/testing';
import { InMemorySpans, openSpan, useSpanSource } from '@cs/telemetry';
import { appendTraced } from './append-span.js';
import { handleTraced } from './handling-span.js';
import type { ConsumerMessage } from './message-handling.js';

const runId = 'automation-v2-run-0190f3a2-0000-7000-8000-000000000001';
const run: AggregateRef = { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: runId };
const place = { stream: 'CS_LOG', durable: 'runner--queued-runs' };
const traceparent = (trace: string, span: string): string => `00-${trace.repeat(32)}-${span.repeat(16)}-01`;

const message = (rest: Partial<ConsumerMessage> & { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }): ConsumerMessage => ({
  subject: `cs.log.acme.ops.run.${runId}.queued`, position: 7, deliveryCount: 2,
  header: (name) => rest.headers?.[name] ?? '', text: () => JSON.stringify(rest.body ?? {}), ...rest,
});

describe('traces through the log', () => {
  let spans: InMemorySpans;
  beforeEach(() => {
    spans = new InMemorySpans();
    useSpanSource(spans);
  });
  afterEach(() => useSpanSource(undefined));

  const written: Commit[] = [];
  beforeEach(() => void written.splice(0));
  const append = (ref: AggregateRef, extra: Partial<Commit> = {}) => {
    const store = new InMemoryEventStore();
    const [event] = [attempt(1, 'secret reason')];
    const commit: Commit = { commit_id: sha256('c'), previous: 0, version: 1, events: [{ event_id: 'e', version: 1, recorded_at_ms: 1, ...event, data: { ...event.data } }], ...extra };
    return appendTraced({ ref, status: 'queued', commit }, (marked) => {
      written.push(marked);
      return store.append(ref, 'queued', marked);
    });
  };

  it('name in a commit the span that wrote it, within what is under way', async () => {
    const outer = openSpan({ name: 'outer', kind: 'server' });
    const result = await outer.run(() => append(run));
    const [, publish] = spans.all;
    expect(publish).toMatchObject({
      name: 'publish CS_LOG', kind: 'producer', parent: spans.all[0]?.context, links: [], hasEnded: true,
      attributes: { 'countersign.org_id': 'acme', 'countersign.workspace_id': 'ops', 'countersign.run_id': runId, 'countersign.status': 'queued', 'countersign.aggregate': 'run', 'countersign.position': 1 },
    });
    expect(written[0]?.traceparent).toBe(`00-${publish?.context.traceId}-${publish?.context.spanId}-01`);
    expect(result).toMatchObject({ kind: 'appended', traceparent: written[0]?.traceparent });
    expect(JSON.stringify(spans.all)).not.toContain('secret');
  });

  it('go on in the trace of a run where nothing is under way, and link to it where something else is', async () => {
    const origin = traceparent('a', '1');
    await append(run, { origin_traceparent: origin });
    await openSpan({ name: 'decision', kind: 'server', received: { traceparent: traceparent('b', '2') } }).run(() => append(run, { origin_traceparent: origin }));
    const [swept, , decided] = spans.all;
    expect(swept).toMatchObject({ context: { traceId: 'a'.repeat(32) }, parent: { spanId: '1'.repeat(16) }, links: [] });
    expect(decided).toMatchObject({ context: { traceId: 'b'.repeat(32) }, links: [{ traceId: 'a'.repeat(32), spanId: '1'.repeat(16) }] });
  });

  it('leave a commit as it is where nothing is traced, and where it belongs to nothing', async () => {
    await append(attemptLogRef('d'));
    useSpanSource(undefined);
    await append(run, { origin_traceparent: traceparent('a', '1') });
    expect(written.map((commit) => commit.traceparent)).toEqual([undefined, undefined]);
    expect(spans.all).toEqual([]);
  });

  it('answer a duplicate with what the log has', async () => {
    const stored = traceparent('c', '3');
    const marked = await openSpan({ name: 'outer', kind: 'server' }).run(() =>
      appendTraced({ ref: run, status: 'queued', commit: { commit_id: 'c', previous: 0, version: 1, events: [] } }, () => Promise.resolve({ kind: 'appended', position: 1 as never, duplicate: true, traceparent: stored })));
    expect(marked).toMatchObject({ traceparent: stored });
  });

  it('continue what wrote the commit that is handled', async () => {
    await handleTraced(place, message({ body: { traceparent: traceparent('a', '4'), origin_traceparent: traceparent('a', '1') } }), () => Promise.resolve(done));
    expect(spans.all).toMatchObject([{
      name: 'process runner--queued-runs', kind: 'consumer', parent: { traceId: 'a'.repeat(32), spanId: '4'.repeat(16) }, links: [], hasEnded: true,
      attributes: { 'messaging.destination.name': 'CS_LOG', 'messaging.consumer.group.name': 'runner--queued-runs', 'countersign.run_id': runId, 'countersign.org_id': 'acme', 'countersign.position': 7, 'countersign.delivery_count': 2, 'countersign.outcome': 'done' },
    }]);
  });

  it('go on in the trace of the run after a decision in another one, with a link to that', async () => {
    await handleTraced(place, message({ body: { traceparent: traceparent('b', '2'), origin_traceparent: traceparent('a', '1') } }), () => Promise.resolve(done));
    expect(spans.all).toMatchObject([{ parent: { traceId: 'a'.repeat(32), spanId: '1'.repeat(16) }, links: [{ traceId: 'b'.repeat(32), spanId: '2'.repeat(16) }] }]);
  });

  it('continue the header of a published event and of a timer', async () => {
    for (const [stream, subject] of [['CS_EVENTS', `cs.events.acme.ops.run.${runId}.run_created`], ['CS_TIMERS', `cs.timer.fired.acme.ops.${runId}.w`]] as const) {
      await handleTraced({ stream, durable: 'd' }, message({ subject, headers: { traceparent: traceparent('a', '5') } }), () => Promise.resolve(done));
    }
    expect(spans.all.map(({ parent }) => parent?.spanId)).toEqual(['5'.repeat(16), '5'.repeat(16)]);
    expect(spans.all[0]?.attributes).toMatchObject({ 'countersign.run_id': runId });
  });

  it.each(['{', '[]', '"text"', '{"traceparent":7}', '{"traceparent":"nonsense"}'])('begin anew at the message %p', async (text) => {
    expect(await handleTraced(place, message({ text: () => text }), () => Promise.resolve(done))).toEqual(done);
    expect(spans.all).toMatchObject([{ parent: undefined }]);
  });

  it('say that a message was given up or threw, without its text', async () => {
    await handleTraced(place, message({}), () => Promise.resolve(giveUp('secret reason')));
    await expect(handleTraced(place, message({}), () => Promise.reject(new RangeError('secret reason')))).rejects.toThrow('secret reason');
    expect(spans.all).toMatchObject([{ error: 'give-up' }, { error: 'RangeError' }]);
    expect(JSON.stringify(spans.all)).not.toContain('secret');
  });
});
