import { jest } from '@jest/globals';
import { Precedence } from './precedence.js';

const acme = { org_id: 'acme', workspace_id: 'ops' };
const queue = 'acme.ops';

/** Tasks that end when the test says so. */
const tasksOf = (precedence: Precedence, tenant = acme) => {
  const open: (() => void)[] = [];
  const ended: Promise<void>[] = [];
  return {
    begin: (count: number): void => {
      for (let n = 0; n < count; n += 1) ended.push(precedence.first(tenant, () => new Promise<void>((resolve) => open.push(resolve))));
    },
    end: async (count = open.length): Promise<void> => {
      open.splice(0, count).forEach((resolve) => resolve());
      await Promise.race([Promise.all(ended), Promise.resolve()]);
      // Each task settles over a few turns of the microtask queue.
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    },
  };
};

describe('what goes before a queue', () => {
  let precedence: Precedence;
  let released = 0;

  beforeEach(() => {
    jest.useFakeTimers();
    released = 0;
    precedence = new Precedence({ burst: 3, longestMs: 1000 });
    precedence.onRelease(() => (released += 1));
  });
  afterEach(() => jest.useRealTimers());

  it('holds it back while a burst lasts, down to its last one', async () => {
    const tasks = tasksOf(precedence);
    tasks.begin(3);
    expect(precedence.holds(queue)).toBe(true);
    await tasks.end(2);
    expect([precedence.holds(queue), released]).toEqual([true, 0]);
    await tasks.end();
    expect([precedence.holds(queue), released]).toEqual([false, 1]);
  });

  it('delays nobody when there are few, and no other tenant', () => {
    const tasks = tasksOf(precedence);
    tasks.begin(2);
    expect(precedence.holds(queue)).toBe(false);
    tasks.begin(1);
    expect([precedence.holds(queue), precedence.holds('acme.other'), precedence.holds('umbrella.ops')]).toEqual([true, false, false]);
  });

  it('holds it back for a bounded time at a stretch, then leaves it as long', async () => {
    const tasks = tasksOf(precedence);
    tasks.begin(5);
    jest.advanceTimersByTime(999);
    expect(precedence.holds(queue)).toBe(true);
    jest.advanceTimersByTime(1);
    expect([precedence.holds(queue), released]).toEqual([false, 1]);
    tasks.begin(5);
    jest.advanceTimersByTime(999);
    expect(precedence.holds(queue)).toBe(false);
    jest.advanceTimersByTime(1);
    expect(precedence.holds(queue)).toBe(true);
    await tasks.end();
    expect([precedence.holds(queue), released]).toEqual([false, 2]);
  });

  it('lets a task that fails count as ended, and says its answer', async () => {
    await expect(precedence.first(acme, () => Promise.resolve('woken'))).resolves.toBe('woken');
    const failing = Array.from({ length: 3 }, () => precedence.first(acme, () => Promise.reject(new Error('no log'))));
    expect(precedence.holds(queue)).toBe(true);
    expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(precedence.holds(queue)).toBe(false);
  });
});
