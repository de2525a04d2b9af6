import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { streams, type AggregateRef } from '@cs/contracts';
import { done } from '@cs/eventing';
import { inSpan, InMemorySpans, useSpanSource } from '@cs/telemetry';
import { eventually } from '@cs/testing';
import { startConsumer, type RunningConsumer } from './consumer.adapter.js';
import { handleTraced } from './handling-span.js';
import { startTestLog, type TestLog } from './test-log.fixture.js';
import { TimerSchedule, type FiredTimer } from './timer-schedule.adapter.js';

const ref: AggregateRef = { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: 'automation-v2-run-1' };

describe('timers', () => {
  let log: TestLog;
  let timers: TimerSchedule;
  let consumer: RunningConsumer;
  const fired: { readonly timer: FiredTimer; readonly atMs: number }[] = [];
  const firingsOf = (waitId: string) => fired.filter(({ timer }) => timer.wait_id === waitId);
  /** A later timer has fired, so an earlier one that has not will not. */
  const pass = async (waitId: string): Promise<void> => {
    await timers.schedule(ref, waitId, Date.now() + 300);
    await eventually(() => firingsOf(waitId).length === 1);
  };

  beforeAll(async () => {
    log = await startTestLog();
    timers = new TimerSchedule(log.nc);
    consumer = startConsumer({
      nc: log.nc, stream: streams.timers.name, durable: 'test--timers', filters: ['cs.timer.fired.>'], ackWaitMs: 5000, maxInFlight: 16, maxDeliver: 5,
      setAside: () => Promise.reject(new Error('nothing is set aside here')), onError: () => undefined,
      handle: (message) => handleTraced({ stream: streams.timers.name, durable: 'test--timers' }, message, () => {
        fired.push({ timer: JSON.parse(message.text()) as FiredTimer, atMs: Date.now() });
        return Promise.resolve(done);
      }),
    });
  }, 60_000);
  afterAll(async () => {
    await consumer.stop();
    await log.close();
  });

  it('fire once, not before their time and about a second after it at most', async () => {
    const dueAtMs = Date.now() + 400;
    await timers.schedule(ref, 'node:once', dueAtMs);
    await eventually(() => firingsOf('node:once').length > 0);
    const [firing] = firingsOf('node:once');
    expect(firing?.timer).toEqual({ org_id: 'acme', workspace_id: 'ops', run_id: ref.id, wait_id: 'node:once', due_at_ms: dueAtMs });
    expect((firing?.atMs ?? 0) - dueAtMs).toBeGreaterThanOrEqual(0);
    expect((firing?.atMs ?? 0) - dueAtMs).toBeLessThan(1500);
    await pass('after-once');
    expect(firingsOf('node:once')).toHaveLength(1);
  });

  it('are handled as a part of what scheduled them, long after that has ended', async () => {
    const spans = new InMemorySpans();
    useSpanSource(spans);
    try {
      await inSpan({ name: 'process runner--queued-runs', kind: 'consumer' }, () => timers.schedule(ref, 'node:traced', Date.now() + 200));
      const handled = await eventually(() => spans.all.find(({ name, hasEnded }) => name === 'process test--timers' && hasEnded));
      expect(spans.all[0]).toMatchObject({ name: 'process runner--queued-runs', hasEnded: true });
      expect(handled).toMatchObject({ kind: 'consumer', parent: spans.all[0]?.context, attributes: { 'countersign.outcome': 'done' } });
    } finally {
      useSpanSource(undefined);
    }
  });

  it('fire at once when their time is past', async () => {
    await timers.schedule(ref, 'node:past', Date.now() - 60_000);
    await eventually(() => firingsOf('node:past').length === 1);
  });

  it('fire once at the later time when they are scheduled again', async () => {
    const dueAtMs = Date.now() + 900;
    await timers.schedule(ref, 'node:moved', Date.now() + 250);
    await timers.schedule(ref, 'node:moved', dueAtMs);
    await eventually(() => firingsOf('node:moved').length > 0);
    expect(firingsOf('node:moved')[0]?.atMs).toBeGreaterThanOrEqual(dueAtMs);
    await pass('after-moved');
    expect(firingsOf('node:moved')).toHaveLength(1);
  });

  it('fire when the server was down at their time', async () => {
    const dueAtMs = Date.now() + 300;
    await timers.schedule(ref, 'node:down', dueAtMs);
    // Timers are acknowledged before they are on the disk (the runs know them as well): wait until this one is.
    const folder = path.join(log.nats.dataDir, 'jetstream/$G/streams', streams.timers.name, 'msgs');
    await eventually(async () => (await Promise.all((await readdir(folder)).map((file) => readFile(path.join(folder, file))))).some((bytes) => bytes.includes('node:down')));
    await log.nats.kill();
    await eventually(() => Date.now() > dueAtMs);
    await log.nats.start();
    await eventually(() => firingsOf('node:down').length === 1, { timeoutMs: 8000 });
    await log.ready();
  }, 20_000);
});
