import { jest } from '@jest/globals';
import { natsWriteProxy, type CrashPoint, type NatsWriteProxy } from '@cs/testing';
import type { Run } from '@cs/contracts';
import { Client } from './client.fixture.js';
import { EffectsPeer } from './effects-peer.fixture.js';
import { foldRuns, readLog } from './log.fixture.js';
import { System } from './system.fixture.js';

/** Every n-th crash point; 1 is all of them (`npm run crash-points`), and the default keeps this short. */
const every = Number(process.env['CRASH_POINTS_EVERY'] ?? 9);

jest.setTimeout(3_600_000);

const http = (url: string, node_id: string, extra: object = {}) => ({
  node_id, objective: node_id, ...extra, action: { kind: 'http', method: 'POST', url: `${url}/{{ run.run_id }}/${node_id}` },
});
const definition = (url: string) => ({
  automation_id: 'crash-points', name: 'Crash points', status: 'active',
  flow: {
    nodes: [
      http(`${url}/do`, 'reserve'),
      http(`${url}/flaky`, 'flaky', { retry_policy: { max_attempts: 5, backoff: { strategy: 'fixed', initial_delay_ms: 200 } } }),
      { node_id: 'gate', objective: 'Pay?', depends_on: ['reserve', 'flaky'], gate: { required: true } },
      { node_id: 'cool_off', objective: 'wait', depends_on: ['gate'], wait: { kind: 'timer', delay_ms: 500 } },
      http(`${url}/do`, 'pay', { depends_on: ['cool_off'] }),
      { node_id: 'ship', objective: 'ship', depends_on: ['pay'], action: { kind: 'automation', automation_id: 'crash-child', input: { parent: '{{ run.run_id }}' } } },
    ],
  },
});
const child = (url: string) => ({
  automation_id: 'crash-child', name: 'Crash points, child', status: 'active',
  flow: { nodes: [{ node_id: 'send', objective: 'send', action: { kind: 'http', method: 'POST', url: `${url}/do/{{ input.parent }}/send` } }] },
});

/** What must be the same whatever crashed: everything but times, claims and the number of attempts. */
const essence = ({ status, checkpoint }: Run): object => ({
  status,
  completed: [...checkpoint.completed_nodes].sort(),
  pending: checkpoint.pending_nodes,
  waits: checkpoint.open_waits,
  generations: checkpoint.node_generations,
  decisions: checkpoint.gate_history.map(({ node_id, decision }) => `${node_id}: ${decision}`),
});

describe('a runner that is killed at any of its writes', () => {
  let system: System;
  let client: Client;
  let peer: EffectsPeer;
  let proxy: NatsWriteProxy;

  beforeAll(async () => {
    peer = await EffectsPeer.start();
    system = await System.start({ env: { RUNNER_LEASE_MS: '1000' } });
    proxy = await natsWriteProxy(Number(new URL(system.natsUrl).port));
    client = new Client(system.url, system.paymentsUrl);
    await client.define(child(peer.url));
    await client.define(definition(peer.url));
  });
  afterAll(async () => {
    await system.stop();
    await proxy.close();
    await peer.stop();
  });

  const startRunner = (): Promise<void> => system.startService('runner', { env: { NATS_URL: `nats://127.0.0.1:${proxy.port}` } });

  /** A run from its request to its end, with a runner that is killed at the crash point and then started again. */
  const play = async (at?: CrashPoint): Promise<{ run: Run; crashed: boolean; writes: readonly string[] }> => {
    let restarted: Promise<void> | undefined;
    proxy.arm(at, () => {
      system.killNow('runner');
      restarted = system.kill('runner').then(startRunner);
    });
    const run_id = await client.start('crash-points');
    await client.untilGate(run_id);
    await client.decide(run_id, 'approve');
    const run = await client.untilFinished(run_id);
    const { writes } = proxy;
    await restarted;
    return { run, crashed: restarted !== undefined, writes };
  };

  const effectsOf = (run_id: string): object => Object.fromEntries([...peer.done].filter(([path]) => path.includes(run_id)).map(([path, times]) => [path.split('/').at(-1), times]));

  it('is followed by one that brings the run to the same end, with no effect doubled', async () => {
    await system.kill('runner');
    await startRunner();
    const whole = await play();
    expect(whole.run.status).toBe('completed');
    let crashes = 0;
    let points = 0;
    // One run may write a little more than another (its timers fall differently): all of them goes on until a run has no such write.
    let isReached = every === 1;
    for (let write = 1; write <= whole.writes.length || isReached; write += 1) {
      isReached = false;
      for (const when of ['before', 'after'] as const) {
        if ((write * 2 + (when === 'before' ? 0 : 1)) % every !== 0) continue;
        const at = { write, when, name: whole.writes[write - 1]?.split('.').at(-1) };
        const { run, crashed } = await play(at);
        expect({ at, ...essence(run) }).toEqual({ at, ...essence(whole.run) });
        expect({ at, effects: effectsOf(run.run_id) }).toEqual({ at, effects: { reserve: 1, flaky: 1, pay: 1, send: 1 } });
        for (const node of ['reserve', 'flaky', 'pay', 'send']) expect(peer.keysOf(`/${node === 'flaky' ? 'flaky' : 'do'}/${run.run_id}/${node}`).size).toBe(1);
        points += 1;
        crashes += crashed ? 1 : 0;
        isReached ||= crashed && every === 1;
      }
    }
    if (every === 1) process.stdout.write(`  ${points} crash points, ${crashes} of them reached\n`);
    const children = [...foldRuns(await readLog(system.natsUrl)).values()].filter(({ parent }) => parent !== undefined);
    // One child for each run, whatever crashed.
    expect(new Set(children.map(({ parent }) => parent?.run_id)).size).toBe(children.length);
    expect(children.filter(({ status }) => status !== 'completed')).toEqual([]);
    // Only the last ones may be past the end of a run.
    expect(crashes).toBeGreaterThan(points * 0.85);
    expect((await client.call('GET', '/dead-letters')).body).toMatchObject({ count: 0 });
  });
});
