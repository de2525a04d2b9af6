import { jest } from '@jest/globals';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from './client.fixture.js';
import { EffectsPeer } from './effects-peer.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(300_000);

const slots = 3;
const rate = { max_runs: 5, per_ms: 3000 };
/** From the claim of a run until its request is with the peer, on a busy machine. */
const onItsWayMs = 1000;

describe('limits between runs, with two runners', () => {
  let system: System;
  let client: Client;
  let peer: EffectsPeer;

  beforeAll(async () => {
    peer = await EffectsPeer.start();
    system = await System.start();
    await system.startService('runner', { as: 'runner-2' });
    client = new Client(system.url, system.paymentsUrl);
    const job = (automation_id: string, extra: object) => ({
      automation_id, name: automation_id, status: 'active', ...extra,
      flow: { nodes: [{ node_id: 'work', objective: 'work', action: { kind: 'http', method: 'POST', url: `${peer.url}/slow/{{ run.run_id }}/${automation_id}` } }] },
    });
    await client.define(job('slots', { execution: { max_concurrent_runs: slots } }));
    await client.define(job('room-a', { workspace_root: tmpdir(), execution: { max_concurrent_runs: 4 } }));
    await client.define(job('room-b', { workspace_root: tmpdir() }));
    await client.define(job('rated', { execution: { rate_limit: rate } }));
  });
  afterAll(async () => {
    await system.stop();
    await peer.stop();
  });

  const start = (automation_id: string, count: number): Promise<readonly string[]> => Promise.all(Array.from({ length: count }, () => client.start(automation_id)));
  const allComplete = async (runs: readonly string[]): Promise<void> => {
    for (const id of runs) expect(await client.until(id, (run) => 'finished_at_ms' in run, 120_000)).toMatchObject({ run_id: id, status: 'completed' });
  };
  const spansOf = (...automations: readonly string[]) =>
    peer.spans.flatMap(({ path, ...span }) => {
      const [, , run = '', automation = ''] = path.split('/');
      return automations.includes(automation) ? [{ run, ...span }] : [];
    });
  /** Requests that had been sent before. */
  const repeated = (): number => peer.sent.length - new Set(peer.sent.map(({ path }) => path)).size;
  /** The most runs that the peer served at one moment. */
  const mostAtOnce = (...automations: readonly string[]): number => {
    const spans = spansOf(...automations);
    return Math.max(...spans.map(({ fromMs: at }) => new Set(spans.filter(({ fromMs, toMs }) => fromMs <= at && at < toMs).map(({ run }) => run)).size));
  };

  it('hold while runners are killed: slots and workspaces are never shared by more, and every run completes', async () => {
    const started = Promise.all([start('slots', 90), start('room-a', 16), start('room-b', 16)]);
    const more: string[] = [];
    // At least three kills, and until one caught a request that was under way.
    for (let kills = 0; kills < 3 || (kills < 12 && repeated() === 0); kills += 1) {
      if (kills >= 3) more.push(...(await start('slots', 30)));
      await delay(kills < 3 ? 2000 : 500);
      const name = kills % 2 === 0 ? 'runner' : 'runner-2';
      await system.kill(name);
      await system.startService('runner', { as: name });
    }
    const runs = [...(await started).flat(), ...more];
    await allComplete(runs);
    expect([mostAtOnce('slots'), mostAtOnce('room-a', 'room-b')]).toEqual([slots, 1]);
    expect(new Set(spansOf('slots', 'room-a', 'room-b').map(({ run }) => run)).size).toBe(runs.length);
    // Kills caught requests that were under way, which came again.
    expect(repeated()).toBeGreaterThan(0);
  });

  it('let no more runs begin within a period than the rate allows, and as many as it allows', async () => {
    const runs = await start('rated', 20);
    await allComplete(runs);
    const begins = spansOf('rated').map(({ fromMs }) => fromMs).sort((a, b) => a - b);
    expect(begins).toHaveLength(20);
    const within = rate.per_ms - onItsWayMs;
    expect(Math.max(...begins.map((at) => begins.filter((other) => other >= at && other < at + within).length))).toBe(rate.max_runs);
    expect((begins.at(-1) ?? 0) - (begins[0] ?? 0)).toBeGreaterThanOrEqual(3 * rate.per_ms - onItsWayMs);
  });
});
