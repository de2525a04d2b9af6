import type { OperationsCounts } from '@cs/read-models';
import { Registry } from 'prom-client';
import { OperationsMetrics } from './operations-metrics.js';

const counts: OperationsCounts = {
  runs: [{ status: 'awaiting_approval', count: 7 }, { status: 'blocked', count: 1 }], open_gates: [{ age: 'over_7d', count: 2 }],
  dead_letters: [{ consumer: 'runner--webhook-routing', count: 3 }], deliveries: [{ status: 'retrying', count: 4 }],
  ledger: [{ collection: 'compensations', status: 'awaiting_approval', count: 2, oldest_at_ms: 400_000 }, { collection: 'outbox', status: 'claimed', count: 1, oldest_at_ms: 2_000_000 }],
};

const world = () => {
  const registry = new Registry();
  const state = { now: 1_000_000, leading: true, asked: 0, answer: (): Promise<OperationsCounts> => Promise.resolve(counts) };
  new OperationsMetrics(registry, { isLeading: () => state.leading, clock: () => state.now, queries: { counts: () => ((state.asked += 1), state.answer()) } });
  return { registry, state };
};

describe('what there is, in figures', () => {
  it('is counted once for all gauges of one reading, and again when it is no longer fresh', async () => {
    const { registry, state } = world();
    expect(await registry.metrics()).toContain('countersign_runs{status="awaiting_approval"} 7');
    const text = await registry.metrics();
    for (const line of ['countersign_runs{status="blocked"} 1', 'countersign_gates_open{age="over_7d"} 2', 'countersign_dead_letters_open{consumer="runner--webhook-routing"} 3', 'countersign_deliveries_open{state="retrying"} 4']) expect(text).toContain(line);
    expect(state.asked).toBe(1);
    state.now += 15_000;
    await registry.metrics();
    expect(state.asked).toBe(2);
  });

  it('says of each status of the ledger how many records stand in it and for how long, as of the reading', async () => {
    const { registry, state } = world();
    const text = await registry.metrics();
    for (const line of ['countersign_ledger_records{collection="compensations",status="awaiting_approval"} 2', 'countersign_ledger_records{collection="outbox",status="claimed"} 1', 'countersign_ledger_oldest_seconds{collection="compensations",status="awaiting_approval"} 600']) expect(text).toContain(line);
    // Clocks of two machines differ: nothing is younger than nothing.
    expect(text).toContain('countersign_ledger_oldest_seconds{collection="outbox",status="claimed"} 0');
    state.now += 5000;
    expect(await registry.metrics()).toContain('countersign_ledger_oldest_seconds{collection="compensations",status="awaiting_approval"} 605');
    expect(state.asked).toBe(1);
  });

  it('has no figures, rather than old ones, when it cannot be counted, and none while another projector leads', async () => {
    const { registry, state } = world();
    await registry.metrics();
    state.now += 15_000;
    state.answer = () => Promise.reject(new Error('the database is away'));
    expect(await registry.metrics()).not.toMatch(/^countersign_runs\{/m);
    const standby = world();
    standby.state.leading = false;
    expect(await standby.registry.metrics()).not.toMatch(/^countersign_runs\{/m);
    expect(standby.state.asked).toBe(0);
  });

  it('does not keep a reader waiting for a database that does not answer', async () => {
    const { registry, state } = world();
    state.answer = () => new Promise(() => undefined);
    const startedAt = performance.now();
    expect(await registry.metrics()).not.toMatch(/^countersign_runs\{/m);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  }, 30_000);
});
