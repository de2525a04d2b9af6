import type { WatchedRun } from '@cs/contracts';
import type { RpcClient } from '@cs/platform';
import { automation, InMemoryRunner, steps } from './in-memory-runner.fixture.js';
import { SupervisionSweep } from './supervision-sweep.js';

const { post } = steps;

/** A queued run as the projection shows it, and a sweep over a queue that is settled up to a position. */
const lost = async ({ settled }: { readonly settled: (position: number) => number | undefined }) => {
  const runner = new InMemoryRunner();
  await runner.define(automation([post('pay')]));
  const run = await runner.start('a');
  const [message] = runner.queued(run);
  const position = Number(message?.position ?? 0);
  const watched: WatchedRun = { org_id: 'local', workspace_id: 'local', run_id: run, stateful_status: 'queued', version: 1, position, created_at_ms: runner.now };
  const rpc = { call: () => Promise.resolve({ ok: true, value: { runs: [watched] } }) } as unknown as RpcClient;
  const sweep = new SupervisionSweep({
    rpc, clock: () => runner.now, onRepaired: () => undefined, queues: { settledThrough: () => Promise.resolve(settled(position)) }, logger: { warn: () => undefined } as never,
    runs: { eventing: runner.eventing, definitions: runner.definitions, changes: { announce: () => undefined, listen: () => () => undefined } },
  });
  runner.now += 61_000;
  return { runner, run, sweep };
};

describe('a run that stays queued', () => {
  it('is offered again when the queue of its tenant is past its message: it was lost, or set aside', async () => {
    const { runner, run, sweep } = await lost({ settled: (position) => position });
    await sweep.sweep();
    await sweep.stop();
    expect(runner.eventTypes(run)).toEqual(['run_created', 'run_queue_message_renewed']);
    await runner.execute(run);
    expect((await runner.load(run)).status).toBe('completed');
  });

  it('is left alone while its message waits its turn, however long the queue is, and when there is no queue yet', async () => {
    for (const settled of [(position: number) => position - 1, () => undefined]) {
      const { runner, run, sweep } = await lost({ settled });
      await sweep.sweep();
      await sweep.stop();
      expect(runner.eventTypes(run)).toEqual(['run_created']);
    }
  });
});
