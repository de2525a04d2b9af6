import { jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from './client.fixture.js';
import { foldRuns, readLog, recordOf } from './log.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(300_000);

const workers = 50;
/** A run may meet every kill, on a machine that is busy with starting what was killed. */
const patienceMs = 150_000;

describe('kill -9 of the runner, the projector, NATS and Postgres under 50 concurrent runs', () => {
  let system: System;
  let client: Client;

  beforeAll(async () => {
    system = await System.start();
    client = new Client(system.url, system.paymentsUrl);
    await client.loadExample('refund/refund.automation.yaml');
  });
  afterAll(() => system.stop());

  interface Acknowledged {
    readonly run: string;
    readonly order: string;
    readonly decision: string;
  }

  /** Starts runs and signs them until the chaos is over, then ends what it began. */
  const work = async (worker: number, { isOver, acknowledged }: { isOver: () => boolean; acknowledged: Acknowledged[] }): Promise<void> => {
    for (let turn = 0; turn === 0 || !isOver(); turn += 1) {
      const order = `order-${50_000 + worker * 1000 + turn}`;
      const run = await client.startRefund(order);
      await client.untilGate(run, patienceMs);
      const decision = (worker + turn) % 5 === 0 ? 'cancel' : 'approve';
      const answer = await client.decide(run, decision);
      if (answer.status !== 200) throw new Error(JSON.stringify({ answer: answer.body, timeline: await client.timeline(run) }));
      acknowledged.push({ run, order, decision });
      await client.untilFinished(run, patienceMs);
    }
  };

  /** Once more is done than before the kill, the system has gone on. */
  const untilProgress = async (acknowledged: readonly Acknowledged[]): Promise<void> => {
    const before = acknowledged.length;
    const deadline = Date.now() + patienceMs / 2;
    while (acknowledged.length < before + 20) {
      if (Date.now() > deadline) throw new Error(`no progress after a kill: ${acknowledged.length - before} decisions`);
      await delay(50);
    }
  };

  const chaos = async (acknowledged: readonly Acknowledged[]): Promise<void> => {
    await untilProgress(acknowledged);
    for (const [kill, start] of [
      [() => system.kill('runner'), () => system.startService('runner')],
      [() => system.kill('projector'), () => system.startService('projector')],
      [() => system.kill('nats'), () => system.startNats()],
      [() => system.kill('postgres'), () => system.startPostgres()],
    ] as const) {
      await kill();
      await delay(500);
      await start();
      await untilProgress(acknowledged);
    }
  };

  it('ends every run legally, keeps every acknowledged event, doubles no refund, and projects what the log says', async () => {
    const acknowledged: Acknowledged[] = [];
    let over = false;
    const working = Promise.all(Array.from({ length: workers }, (_none, worker) => work(worker, { isOver: () => over, acknowledged })));
    await Promise.race([chaos(acknowledged), working]).finally(() => (over = true));
    await working;

    const folded = foldRuns(await readLog(system.natsUrl));
    for (const { run, order, decision } of acknowledged) {
      const expected = decision === 'approve' ? 'completed' : 'cancelled';
      expect({ order, status: folded.get(run)?.status }).toEqual({ order, status: expected });
      expect({ order, paid: (await client.ledger(order)).count }).toEqual({ order, paid: decision === 'approve' ? 1 : 0 });
      expect(await client.run(run)).toMatchObject(recordOf(folded.get(run) as never) as object);
      const events = await client.timeline(run);
      expect(events.map((event) => event.seq)).toEqual(events.map((_event, index) => index + 1));
      expect(events).toHaveLength(folded.get(run)?.version ?? -1);
    }
    expect([...folded.values()].filter((run) => !('finished_at_ms' in run))).toEqual([]);
    expect((await client.call('GET', '/audit/ledger/manifest')).body).toMatchObject({ verified: true });
    expect((await client.call('GET', '/dead-letters')).body).toMatchObject({ count: 0 });
  });
});
