import { automation, callBy, valueOf } from './in-memory-application.fixture.js';
import { InMemoryExecution } from './run-executor.fixture.js';
import { createAutomation } from './store-automation.command-handler.js';

const step = { node_id: 'a', objective: 'a', action: { kind: 'http', method: 'POST', url: 'https://peer.example/a' } };

/** A run in a folder of which the machine says this. */
const runIn = async (problem: string | undefined) => {
  const world = new InMemoryExecution();
  valueOf(await createAutomation(world.app, callBy(), { ...automation([step]), workspace_root: '/srv/refunds' }));
  const run_id = await world.request();
  const asked: string[] = [];
  const executor = world.executor('runner-1', { roots: { problemOf: (root) => (asked.push(root), Promise.resolve(problem)) } });
  const [message] = world.messages(run_id);
  if (message === undefined) throw new Error('no message');
  const outcome = await executor.execute(message, { redelivered: false, signal: new AbortController().signal });
  return { outcome, asked, run: await world.app.run(run_id), sent: world.sent, executor, message, world };
};

describe('the workspace root of a run', () => {
  it('fails the run when it is missing or not a directory, before anything is sent', async () => {
    const { outcome, run, sent, asked } = await runIn('the workspace root "/srv/refunds" does not exist on this runner');
    expect(asked).toEqual(['/srv/refunds']);
    expect([outcome.kind, run.status, run.detail, sent]).toEqual(['done', 'failed', 'the workspace root "/srv/refunds" does not exist on this runner', []]);
  });

  it('fails it once, however often its message comes', async () => {
    const { executor, message, world } = await runIn('the workspace root "/srv/refunds" is not a directory');
    await executor.execute(message, { redelivered: true, signal: new AbortController().signal });
    expect(world.app.commits('run').filter((types) => types.includes('run_failed'))).toHaveLength(1);
  });

  it('lets the run execute when it is a directory', async () => {
    const { run, sent } = await runIn(undefined);
    expect([run.status, sent.length]).toEqual(['completed', 1]);
  });
});
