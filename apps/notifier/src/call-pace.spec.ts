import { setImmediate as settled } from 'node:timers/promises';
import { CallPace } from './call-pace.js';
import { VirtualTime } from './virtual-time.fixture.js';

/** Takes turns at a pace, and notes who had one when, from the start on. */
class Callers {
  readonly time = new VirtualTime(0);
  readonly turns: (readonly [string, number])[] = [];
  readonly refused: string[] = [];
  readonly pace: CallPace;

  constructor(perSecond: number) {
    this.pace = new CallPace({ perSecond, now: this.time.now, wait: this.time.wait });
  }

  ask(...names: readonly string[]): void {
    for (const name of names) void this.pace.take().then((granted) => (granted ? this.turns.push([name, this.time.now()]) : this.refused.push(name)));
  }

  /** Goes on to a moment, one who wakes after the other. */
  async until(ms: number): Promise<void> {
    await settled();
    while (this.time.next <= ms) {
      this.time.moveTo(this.time.next);
      await settled();
    }
    this.time.moveTo(ms);
    await settled();
  }
}

describe('the pace of calls', () => {
  it('gives turns in the order in which they are asked for, so many a second', async () => {
    const callers = new Callers(10);
    callers.ask('a', 'b', 'c');
    await callers.until(1_000);
    callers.ask('d');
    await callers.until(2_000);
    expect(callers.turns).toEqual([['a', 0], ['b', 100], ['c', 200], ['d', 1_000]]);
  });

  it('gives nobody a turn during a pause, and those who waited one after the other from its end on', async () => {
    const callers = new Callers(10);
    callers.ask(...'abcdefghijklmnop');
    await callers.until(50);
    callers.pace.pause(2_000);
    await callers.until(10_000);
    expect(callers.turns).toEqual([...'abcdefghijklmnop'].map((name, index) => [name, index === 0 ? 0 : 2_050 + (index - 1) * 100]));
  });

  it('takes the longer of two pauses', async () => {
    const callers = new Callers(1);
    callers.ask('a', 'b', 'c');
    await callers.until(100);
    callers.pace.pause(5_000);
    callers.pace.pause(1_000);
    await callers.until(4_000);
    callers.pace.pause(3_000);
    await callers.until(20_000);
    expect(callers.turns).toEqual([['a', 0], ['b', 7_000], ['c', 8_000]]);
  });

  it('sends away who waits when it is closed, also during a pause of hours', async () => {
    const pace = new CallPace({ perSecond: 1_000 });
    pace.pause(6 * 3_600_000);
    const waiting = [pace.take(), pace.take()];
    await settled();
    pace.close();
    expect(await Promise.all([...waiting, pace.take()])).toEqual([false, false, false]);
  });
});
