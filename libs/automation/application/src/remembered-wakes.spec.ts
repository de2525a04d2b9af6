import type { Run } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { tenant } from './in-memory-application.fixture.js';
import { RecentRuns } from './recent-runs.js';
import { InMemoryExecution } from './run-executor.fixture.js';
import type { WakeOptions } from './wait-ending.js';
import { wakeWait } from './wake-wait.command-handler.js';

const timer = (node_id: string, ...depends_on: readonly string[]): Json => ({ node_id, objective: node_id, depends_on, wait: { kind: 'timer', delay_ms: 1000 } });

/** A run that two runners execute in turns, each of which remembers what it wrote. */
const twoRunners = async (...flow: readonly Json[]) => {
  const world = new InMemoryExecution();
  const run_id = await world.start(flow);
  const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id } as const;
  const { eventing, definitions, store } = world.app;
  const runner = (name: string) => {
    const recent = new RecentRuns();
    const options: WakeOptions = { eventing, definitions, recent, timers: world.schedule, changes: { announce: () => undefined, listen: () => () => undefined } };
    const executor = world.executor(name, { recent });
    const proceed = async () => {
      const message = world.messages(run_id).at(-1);
      if (message !== undefined) await executor.execute(message, { redelivered: false, signal: new AbortController().signal });
    };
    return { proceed, wake: (waitId: string) => wakeWait(options, ref, waitId) };
  };
  const state = (): Promise<Run> => world.app.run(run_id);
  const openWait = async (): Promise<string> => {
    const [wait] = (await state()).checkpoint.open_waits;
    if (wait === undefined) throw new Error('nothing is waited for');
    world.app.now = Math.max(world.app.now, wait.wake_at_ms ?? 0);
    return wait.wait_id;
  };
  /** Reads of the log that a task needs. */
  const readsOf = async (task: () => Promise<unknown>): Promise<number> => {
    let reads = 0;
    const { last, at } = store;
    Object.assign(store, { last: (...args: Parameters<typeof last>) => (reads++, last.apply(store, args)), at: (...args: Parameters<typeof at>) => (reads++, at.apply(store, args)) });
    await task();
    Object.assign(store, { last, at });
    return reads;
  };
  return { a: runner('a'), b: runner('b'), state, openWait, readsOf, commits: () => world.app.commits('run').length };
};

describe('a runner that remembers the runs it wrote', () => {
  it('ends a wait without reading the run, and executes it without reading it', async () => {
    const { a, state, openWait, readsOf } = await twoRunners(timer('w'));
    await a.proceed();
    const waitId = await openWait();
    expect(await readsOf(() => a.wake(waitId))).toBe(0);
    await readsOf(a.proceed);
    expect((await state()).status).toBe('completed');
  });

  it('ends a wait that another runner opened after what it remembers', async () => {
    const { a, b, state, openWait } = await twoRunners(timer('first'), timer('second', 'first'));
    await a.proceed();
    const first = await openWait();
    await b.wake(first);
    await b.proceed();
    const second = await openWait();
    expect(second).not.toBe(first);
    expect(await a.wake(second)).toEqual({ kind: 'done' });
    expect((await state()).checkpoint.completed_nodes).toEqual(['first', 'second']);
  });

  it('does nothing about a wait that another one has ended since', async () => {
    const { a, b, openWait, commits } = await twoRunners(timer('w'));
    await a.proceed();
    const waitId = await openWait();
    await b.wake(waitId);
    const before = commits();
    expect(await a.wake(waitId)).toEqual({ kind: 'done' });
    expect(commits()).toBe(before);
  });

  it('ends a wait once when both are told at the same time', async () => {
    const { a, b, state, openWait, commits } = await twoRunners(timer('w'));
    await a.proceed();
    const waitId = await openWait();
    const before = commits();
    expect(await Promise.all([a.wake(waitId), b.wake(waitId), a.wake(waitId)])).toEqual([{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }]);
    expect(commits()).toBe(before + 1);
    expect((await state()).status).toBe('queued');
  });
});
