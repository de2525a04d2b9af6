import { runAggregate } from '@cs/automation-application';
import { decideRun } from '@cs/automation-domain';
import type { WatchedRun } from '@cs/contracts';
import { executeCommand, loadAggregate } from '@cs/eventing';
import type { RpcClient } from '@cs/platform';
import { eventually } from '@cs/testing';
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

/** A sweep over pages that the test answers; `undefined` for one that cannot be read. */
const sweepOver = (runner: InMemoryRunner, page: (after: object | undefined) => readonly WatchedRun[] | undefined) => {
  const call = (_method: unknown, { payload }: { readonly payload: { readonly after?: object } }): Promise<unknown> => {
    const runs = page(payload.after);
    return Promise.resolve(runs === undefined ? { ok: false, refusal: { code: 'SERVICE_UNAVAILABLE', message: 'away' } } : { ok: true, value: { runs } });
  };
  return new SupervisionSweep({
    rpc: { call } as unknown as RpcClient, clock: () => runner.now, onRepaired: () => undefined, queues: { settledThrough: () => Promise.resolve(undefined) }, logger: { warn: () => undefined } as never,
    runs: { eventing: runner.eventing, definitions: runner.definitions, changes: { announce: () => undefined, listen: () => () => undefined } },
  });
};

describe('a run that is pausing', () => {
  it('is paused when nothing has happened to it for a minute, and not because the projection shows an earlier pause', async () => {
    const runner = new InMemoryRunner();
    await runner.define(automation([post('pay')]));
    const run = await runner.start('a');
    runner.http.answer = () => new Promise(() => undefined);
    void runner.execute(run);
    await eventually(() => runner.http.sent.length === 1);
    const { state } = await loadAggregate({ store: runner.store, aggregate: runAggregate }, runner.ref(run));
    const definition = await runner.definitions.get(runner.ref(run), state?.workflow_definition_snapshot_hash ?? '');
    // The runner has not heard of it yet.
    runner.now += 120_000;
    await executeCommand(runner.ref(run), { eventing: runner.eventing, aggregate: runAggregate, context: {}, decide: (of, at_ms) => decideRun({ type: 'request_pause' }, of, { at_ms, definition }) });
    const sweep = sweepOver(runner, () => [{ org_id: 'local', workspace_id: 'local', run_id: run, stateful_status: 'pausing', version: 3, position: 3, created_at_ms: 1 }]);
    const statuses: string[] = [];
    for (const passed_ms of [59_000, 1000]) {
      runner.now += passed_ms;
      await sweep.sweep();
      statuses.push((await runner.load(run)).status);
    }
    await sweep.stop();
    expect(statuses).toEqual(['pausing', 'paused']);
  });
});

describe('a page that cannot be read', () => {
  it('is asked for again by the next sweep, so that those behind it are looked at', async () => {
    const asked: (object | undefined)[] = [];
    const full = Array.from({ length: 200 }, (_none, index): WatchedRun => ({ org_id: 'local', workspace_id: 'local', run_id: `gone-${index}`, stateful_status: 'running', version: 1, position: 1, created_at_ms: index }));
    const sweep = sweepOver(new InMemoryRunner(), (after) => {
      asked.push(after);
      return asked.length === 1 ? full : asked.length === 2 ? undefined : [];
    });
    await sweep.sweep();
    await sweep.sweep();
    await sweep.stop();
    const behind = { created_at_ms: 199, run_id: 'gone-199' };
    expect(asked).toEqual([undefined, behind, behind]);
  });
});
