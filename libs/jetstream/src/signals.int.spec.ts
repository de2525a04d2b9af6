import { toPosition } from '@cs/kernel';
import { eventually } from '@cs/testing';
import { publishProjected, SignalledProjectionProgress } from './projection-progress.adapter.js';
import { RunSignals } from './run-signals.adapter.js';
import { startTestLog, type TestLog } from './test-log.fixture.js';

describe('signals', () => {
  let log: TestLog;
  beforeAll(async () => {
    log = await startTestLog();
  }, 60_000);
  afterAll(() => log.close());

  it('end the wait for a position when the projections get there, and not before', async () => {
    const progress = new SignalledProjectionProgress(log.nc);
    const answers: string[] = [];
    const waits = [10, 11, 20].map((position) => progress.waitFor(toPosition(position), 5000).then((reached) => answers.push(`${position} ${reached}`)));
    await log.nc.flush();
    publishProjected(await log.connect(), toPosition(11));
    await eventually(() => answers.length === 2);
    expect(answers).toEqual(['10 true', '11 true']);
    expect(await progress.waitFor(toPosition(9), 1)).toBe(true);
    publishProjected(log.nc, toPosition(25));
    await Promise.all(waits);
    expect(answers).toEqual(['10 true', '11 true', '20 true']);
    progress.stop();
  });

  it('let a wait end without success after its time, or when the service stops', async () => {
    const progress = new SignalledProjectionProgress(log.nc);
    expect(await progress.waitFor(toPosition(1_000_000), 30)).toBe(false);
    const waiting = progress.waitFor(toPosition(1_000_000), 60_000);
    progress.stop();
    expect(await waiting).toBe(false);
  });

  it('tell whoever executes a run that it was changed elsewhere, until it no longer listens', async () => {
    const mine = new RunSignals(log.nc);
    const other = new RunSignals(await log.connect());
    let first = 0;
    let second = 0;
    const stopFirst = mine.listen('run-1', () => (first += 1));
    await log.nc.flush();
    other.announce('run-1');
    other.announce('run-2');
    await eventually(() => first === 1);
    const stopSecond = mine.listen('run-1', () => (second += 1));
    stopFirst();
    other.announce('run-1');
    await eventually(() => second === 1);
    stopSecond();
    const all = new Promise<void>((resolve) => void mine.listen('run-3', resolve));
    other.announce('run-1');
    other.announce('run-3');
    await all;
    expect([first, second]).toEqual([1, 1]);
    mine.stop();
    other.stop();
  });
});
