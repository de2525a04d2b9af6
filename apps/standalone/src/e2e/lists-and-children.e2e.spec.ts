import { jest } from '@jest/globals';
import type { Run } from '@cs/contracts';
import { eventually } from '@cs/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from './client.fixture.js';
import { EffectsPeer } from './effects-peer.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(300_000);

const http = (url: string, extra: object) => ({ objective: 'do it', ...extra, action: { kind: 'http', method: 'POST', url } });

describe('a gate, a list and child runs, under a runner that is killed again and again', () => {
  let system: System;
  let client: Client;
  let peer: EffectsPeer;

  beforeAll(async () => {
    peer = await EffectsPeer.start();
    system = await System.start({ env: { RUNNER_LEASE_MS: '1000' } });
    client = new Client(system.url, system.paymentsUrl);
    await client.define({
      automation_id: 'book', name: 'Book', status: 'active',
      flow: { nodes: [http(`${peer.url}/slow/{{ input.parent }}/book-{{ input.room }}`, { node_id: 'book' }), { node_id: 'room', objective: 'room', depends_on: ['book'], action: { kind: 'transform', expression: 'input.room' } }] },
    });
    await client.define({
      automation_id: 'trip', name: 'Trip', status: 'active',
      flow: {
        nodes: [
          { node_id: 'sign', objective: 'Go?', gate: { required: true } },
          http(`${peer.url}/slow/{{ run.run_id }}/pay-{{ index }}`, { node_id: 'pay', depends_on: ['sign'], for_each: { items: '[1..12]', max_parallel: 3 } }),
          http(`${peer.url}/do/{{ run.run_id }}/never`, { node_id: 'never', depends_on: ['pay'], when: '$count(nodes.pay.output) > 12' }),
          {
            node_id: 'rooms', objective: 'rooms', depends_on: ['never'], for_each: { items: ['a', 'b', 'c', 'd'], max_parallel: 2 },
            action: { kind: 'automation', automation_id: 'book', input: { parent: '{{ run.run_id }}', room: '{{ item }}' } },
          },
        ],
      },
    });
  });
  afterAll(async () => {
    await system.stop();
    await peer.stop();
  });

  it('come to their end in order, each effect done once and under one key', async () => {
    const runs = await Promise.all([1, 2, 3, 4].map(() => client.start('trip')));
    await Promise.all(runs.map((run) => client.untilGate(run)));
    await Promise.all(runs.map((run) => client.decide(run, 'approve')));
    for (let kill = 0; kill < 5; kill += 1) {
      await delay(600 + 150 * kill);
      await system.kill('runner');
      await system.startService('runner');
    }
    for (const id of runs) {
      const run: Run = await client.until(id, (seen) => 'finished_at_ms' in seen, 120_000);
      expect(run).toMatchObject({ status: 'completed', checkpoint: { open_waits: [], node_outputs: { never: { status: 'skipped' } } } });
      const paths = (run.checkpoint.node_outputs['pay']?.content as unknown as readonly { body: { path: string } }[]).map(({ body }) => body.path);
      const rooms = run.checkpoint.node_outputs['rooms']?.content as unknown as readonly { outputs: { room: string } }[];
      expect([paths, rooms.map(({ outputs }) => outputs.room)]).toEqual([Array.from({ length: 12 }, (_, index) => `/slow/${id}/pay-${index}`), ['a', 'b', 'c', 'd']]);
      const done = [...peer.done].filter(([path]) => path.includes(id));
      expect(done.map(([path, times]) => [path, times, peer.keysOf(path).size])).toEqual(done.map(([path]) => [path, 1, 1]));
      expect(done).toHaveLength(16);
    }
  });

  it('a child that takes longer than its node allows is cancelled and fails its node, also when the runner was down at that time', async () => {
    await client.define({ automation_id: 'signed', name: 'Signed', status: 'active', flow: { nodes: [{ node_id: 'sign', objective: 'Sign?', gate: { required: true } }] } });
    await client.define({
      automation_id: 'hasty', name: 'Hasty', status: 'active',
      flow: { nodes: [{ node_id: 'ask', objective: 'ask', timeout_ms: 2500, action: { kind: 'automation', automation_id: 'signed' } }] },
    });
    const id = await client.start('hasty');
    const childOf = async (): Promise<Run | undefined> => (((await client.call('GET', '/automations/v2/signed/runs')).body as { runs: readonly Run[] }).runs)[0];
    await eventually(async () => (await childOf())?.status === 'awaiting_approval', { timeoutMs: 30_000 });
    const [wait] = (await client.run(id)).checkpoint.open_waits;
    await system.kill('runner');
    await eventually(() => Date.now() > (wait?.wake_at_ms ?? Infinity), { timeoutMs: 10_000 });
    await system.startService('runner');
    expect(await client.untilFinished(id)).toMatchObject({ status: 'failed', checkpoint: { last_failure: { node_id: 'ask', kind: 'child_run_timed_out' } } });
    await eventually(async () => (await childOf())?.status === 'cancelled', { timeoutMs: 30_000 });
  });
});
