import { streams, type AggregateRef } from '@cs/contracts';
import { done } from '@cs/eventing';
import { eventually } from '@cs/testing';
import { startConsumer, type RunningConsumer } from './consumer.adapter.js';
import { firedSchedules, FireTimerSchedule, type FiredSchedule } from './fire-timers.adapter.js';
import { startTestLog, type TestLog } from './test-log.fixture.js';
import { TimerSchedule } from './timer-schedule.adapter.js';

const automation = (id: string): AggregateRef => ({ org_id: 'acme', workspace_id: 'ops', aggregate: 'automation', id });

describe('the timers of schedules', () => {
  let log: TestLog;
  let timers: FireTimerSchedule;
  let consumer: RunningConsumer;
  const fired: { readonly timer: FiredSchedule; readonly atMs: number }[] = [];
  const of = (id: string) => fired.filter(({ timer }) => timer.automation_id === id);

  beforeAll(async () => {
    log = await startTestLog();
    timers = new FireTimerSchedule(log.nc);
    consumer = startConsumer({
      nc: log.nc, stream: streams.timers.name, durable: 'test--schedules', filters: [firedSchedules], ackWaitMs: 5000, maxInFlight: 16, maxDeliver: 5,
      setAside: () => Promise.reject(new Error('nothing is set aside here')), onError: () => undefined,
      handle: (message) => {
        fired.push({ timer: JSON.parse(message.text()) as FiredSchedule, atMs: Date.now() });
        return Promise.resolve(done);
      },
    });
  }, 60_000);
  afterAll(async () => {
    await consumer.stop();
    await log.close();
  });

  it('fire once at the time that was set last, and can be set again afterwards', async () => {
    const dueAtMs = Date.now() + 600;
    await timers.set(automation('nightly'), Date.now() + 200);
    await timers.set(automation('nightly'), dueAtMs);
    await eventually(() => of('nightly').length === 1);
    expect(of('nightly')[0]?.timer).toEqual({ org_id: 'acme', workspace_id: 'ops', automation_id: 'nightly', due_at_ms: dueAtMs });
    expect((of('nightly')[0]?.atMs ?? 0) - dueAtMs).toBeGreaterThanOrEqual(0);
    await timers.set(automation('nightly'), Date.now() + 200);
    await eventually(() => of('nightly').length === 2);
  });

  it('are not mixed up with the timers of a run of the same name', async () => {
    await new TimerSchedule(log.nc).schedule({ ...automation('same'), aggregate: 'run' }, 'wait', Date.now() + 100);
    await timers.set(automation('same'), Date.now() + 400);
    await eventually(() => of('same').length === 1);
    expect(fired.every(({ timer }) => typeof timer.due_at_ms === 'number')).toBe(true);
  });
});
