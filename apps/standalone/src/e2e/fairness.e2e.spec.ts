import { jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Run } from '@cs/contracts';
import { EffectsPeer } from './effects-peer.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(180_000);

const slots = 4;
const runners = 2;
const flood = 600;

const definition = (url: string) => ({
  automation_id: 'job', name: 'Job', status: 'active',
  flow: { nodes: [{ node_id: 'work', objective: 'work', action: { kind: 'http', method: 'POST', url: `${url}/slow/{{ run.run_id }}` } }] },
});

describe('two tenants and two runners', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-keys-'));
  let system: System;
  let peer: EffectsPeer;

  const call = async (tenant: string, route: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${system.url}${route}`, {
      method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer key-of-${tenant}` }, body: JSON.stringify(body), signal: AbortSignal.timeout(30_000),
    });
    const json = (await answer.json()) as Record<string, unknown>;
    if (answer.status !== 200) throw new Error(JSON.stringify(json));
    return json;
  };
  const start = async (tenant: string): Promise<string> => ((await call(tenant, '/automations/v2/job/run_now', {}))['run'] as Run).run_id;
  const requestOf = (run_id: string): number => peer.sent.findIndex((sent) => sent.path.endsWith(run_id));
  const requested = async (run_id: string): Promise<number> => {
    for (let look = 0; look < 3000 && requestOf(run_id) < 0; look += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    return requestOf(run_id);
  };

  beforeAll(async () => {
    const entry = (id: string) => ({ id, sha256: createHash('sha256').update(`key-of-${id}`).digest('hex'), org_id: id, workspace_id: 'main', actor_id: 'ada', kind: 'human' });
    writeFileSync(path.join(folder, 'keys.json'), JSON.stringify([entry('many'), entry('one')]));
    peer = await EffectsPeer.start();
    system = await System.start({ env: { COUNTERSIGN_API_KEYS_FILE: path.join(folder, 'keys.json'), COUNTERSIGN_LOCAL_IMPLICIT: 'false', RUNNER_MAX_RUNS: String(slots) } });
    await system.startService('runner', { as: 'runner-2' });
    for (const tenant of ['many', 'one']) await call(tenant, '/automations/v2', definition(peer.url));
  });
  afterAll(async () => {
    await system.stop();
    await peer.stop();
    rmSync(folder, { recursive: true });
  });

  it('one tenant\'s flood does not delay another\'s run by more than its share', async () => {
    const queued: Promise<string>[] = [];
    for (let begun = 0; begun < flood; begun += 30) {
      queued.push(...Array.from({ length: 30 }, () => start('many')));
      await Promise.all(queued);
    }
    const backlog = flood - peer.sent.length;
    const before = peer.sent.length;
    const place = await requested(await start('one'));
    // Before it began only what did while its request was under way and until the next slot was free: once through all slots each.
    expect(place).toBeGreaterThanOrEqual(0);
    expect(place - before).toBeLessThanOrEqual(2 * runners * slots);
    expect(backlog).toBeGreaterThan(8 * runners * slots);
    // A second one waits no longer than the first.
    const again = peer.sent.length;
    expect((await requested(await start('one'))) - again).toBeLessThanOrEqual(2 * runners * slots);
  });
});
