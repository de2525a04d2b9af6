import { jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Run } from '@cs/contracts';
import { Database } from '@cs/postgres';
import { Client } from './client.fixture.js';
import { EffectsPeer } from './effects-peer.fixture.js';
import { foldRuns, publishedPositions, readLog } from './log.fixture.js';
import { serviceNames, System } from './system.fixture.js';

/** How long there is load before a store is lost. `npm run soak:stores` takes a minute each; the default keeps this short. */
const seconds = Number(process.env['STORES_SECONDS'] ?? 4);
const workers = 6;

jest.setTimeout((seconds * 4 + 300) * 1000);

const retried = { retry_policy: { max_attempts: 10, backoff: { strategy: 'fixed', initial_delay_ms: 200 } } };
const http = (url: string, node_id: string, extra: object = {}) => ({ node_id, objective: node_id, ...retried, ...extra, action: { kind: 'http', method: 'POST', url: `${url}/slow/{{ run.run_id }}/${node_id}` } });
const job = (url: string) => ({
  automation_id: 'stores', name: 'Stores', status: 'active',
  flow: {
    nodes: [
      http(url, 'reserve'),
      { node_id: 'gate', objective: 'Pay?', depends_on: ['reserve'], gate: { required: true } },
      { node_id: 'cool_off', objective: 'wait', depends_on: ['gate'], wait: { kind: 'timer', delay_ms: 200 } },
      http(url, 'pay', { depends_on: ['cool_off'] }),
    ],
  },
});

const rebuildProgram = 'apps/projector/dist/rebuild.cli.js';
const restoreProgram = 'apps/projector/dist/log-restore.cli.js';

describe('stores that are lost under load', () => {
  let system: System;
  let client: Client;
  let peer: EffectsPeer;
  let database: Database;

  beforeAll(async () => {
    peer = await EffectsPeer.start();
    system = await System.start();
    client = new Client(system.url, system.paymentsUrl);
    database = new Database({ url: system.databaseUrl, name: 'e2e', poolSize: 2 });
    await client.define(job(peer.url));
  });
  afterAll(async () => {
    await database.close();
    await system.stop();
    await peer.stop();
  });

  /** Runs that were asked for, with whether anybody was told that they are there. */
  const asked = new Map<string, 'asked' | 'seen' | 'completed'>();
  let isOver = false;

  const untilSeen = async (run: string): Promise<boolean> => {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline && !isOver; await delay(40)) {
      const found = await client.run(run).catch(() => undefined);
      if (found !== undefined) return true;
    }
    return false;
  };

  const follow = async (run: string): Promise<void> => {
    if (!(await untilSeen(run))) return;
    asked.set(run, 'seen');
    const waiting = await client.untilGate(run);
    if (waiting.status !== 'awaiting_approval') return;
    await client.decide(run, 'approve');
    await client.untilFinished(run);
    asked.set(run, 'completed');
  };

  const work = async (): Promise<void> => {
    while (!isOver) {
      const run = await client.start('stores').catch(() => undefined);
      if (run === undefined) continue;
      asked.set(run, 'asked');
      await Promise.race([follow(run), untilOver()]);
    }
  };
  const untilOver = async (): Promise<void> => {
    while (!isOver) await delay(50);
  };

  /** Signs what still waits, and waits until every run that the archive knows has ended. */
  const settle = async (): Promise<ReadonlyMap<string, Run>> => {
    for (const deadline = Date.now() + 90_000; ; await delay(300)) {
      const folded = foldRuns(await readLog(system.natsUrl));
      const open = [...folded.values()].filter((run) => !('finished_at_ms' in run));
      if (open.length === 0) return folded;
      if (Date.now() > deadline) throw new Error(`runs do not end: ${open.map(({ run_id, status }) => `${run_id} ${status}`).join(', ')}`);
      for (const { run_id, status } of open) if (status === 'awaiting_approval') await client.decide(run_id, 'approve');
    }
  };

  const underLoad = async (loss: () => Promise<void>): Promise<ReadonlyMap<string, Run>> => {
    isOver = false;
    const working = Promise.all(Array.from({ length: workers }, work));
    await delay(seconds * 1000);
    await loss();
    await delay(1000);
    isOver = true;
    await working;
    return settle();
  };

  const expectEachEffectOnce = (folded: ReadonlyMap<string, Run>): void => {
    for (const run of folded.values()) {
      const paths = [`/slow/${run.run_id}/reserve`, `/slow/${run.run_id}/pay`];
      expect({ run: run.run_id, status: run.status, done: paths.map((path) => peer.done.get(path)), keys: paths.map((path) => peer.keysOf(path).size) }).toEqual({ run: run.run_id, status: 'completed', done: [1, 1], keys: [1, 1] });
    }
    expect(folded.size).toBeGreaterThan(0);
  };

  interface Archived {
    readonly position: number;
    readonly subject: string;
    readonly body: string;
  }
  const archive = (upTo: number): Promise<readonly Archived[]> =>
    database.query({ text: 'select position, subject, body from countersign.archive where position <= $1 order by position', values: [upTo] });
  const audit = (upTo: number): Promise<readonly object[]> =>
    database.query({ text: 'select * from countersign.audit_records where position <= $1 order by org_id, workspace_id, deployment_id, seq', values: [upTo] });
  const progress = async () => {
    const [row] = await database.query<{ projected: number; published: number; generation: number }>({ text: 'select projected, published, generation from countersign.projection_position' });
    return row ?? { projected: 0, published: 0, generation: 0 };
  };

  const expectAuditHolds = async (): Promise<void> => {
    const { status, body } = await client.call('GET', '/audit/ledger/manifest');
    expect({ status, verified: body['verified'] }).toEqual({ status: 200, verified: true });
  };

  /** Every projection is what the log leads to, and so is what a replay of single runs says. */
  const expectNoDrift = async (folded: ReadonlyMap<string, Run>): Promise<void> => {
    const checked = await system.run(rebuildProgram, '--check', '--from', 'log');
    expect({ code: checked.code, output: checked.code === 0 ? '' : checked.output }).toEqual({ code: 0, output: '' });
    for (const run of [...folded.keys()].slice(-3)) {
      const { status, body } = await client.call('GET', `/stateful-runtime/runs/${run}/replay?as_of_seq=1`);
      expect({ status, then: (body['run'] as { status: string }).status, differences: body['differences'] }).toEqual({ status: 200, then: 'queued', differences: [] });
    }
  };

  it('rebuilds the projections while people read and sign, and nobody sees a gap', async () => {
    const known = await client.start('stores');
    await client.untilGate(known);
    const before = (await progress()).generation;
    const reads: number[] = [];
    let gaps = 0;
    const folded = await underLoad(async () => {
      let watching = true;
      const watch = async (): Promise<void> => {
        for (let last = 0; watching; ) {
          const { status } = await client.call('GET', `/automations/v2/runs/${known}`);
          const { body } = await client.call('GET', '/automations/v2/runs?limit=200');
          const runs = (body['runs'] as readonly unknown[] | undefined)?.length ?? -1;
          if (status !== 200 || runs < last) gaps += 1;
          last = Math.max(last, runs);
          reads.push(status);
        }
      };
      const watched = Promise.all([watch(), watch()]);
      const results = [await system.run(rebuildProgram), await system.run(rebuildProgram, '--from', 'log')];
      watching = false;
      await watched;
      expect(results.map(({ code }) => code)).toEqual([0, 0]);
      expect(results[0]?.output).toContain('Done: the new generation is in use');
    });
    expect({ gaps, some: reads.length > 0 }).toEqual({ gaps: 0, some: true });
    expect((await progress()).generation).toBe(before + 2);
    expectEachEffectOnce(folded);
    await expectAuditHolds();
    await expectNoDrift(folded);
  });

  it('restores the log from the archive when the data of NATS are gone, and the services go on', async () => {
    let kept = { projected: 0, published: 0 };
    let archived: readonly Archived[] = [];
    let records: readonly object[] = [];
    const folded = await underLoad(async () => {
      await system.kill('nats');
      await Promise.all(serviceNames.map((name) => system.kill(name)));
      system.loseNatsData();
      await system.startNats();
      kept = await progress();
      [archived, records] = [await archive(kept.projected), await audit(kept.projected)];
      const migrated = await system.run('apps/projector/dist/migrate.cli.js');
      expect(migrated.code).toBe(1);
      expect(migrated.output).toContain('Restore the log from the archive');
      const restored = await system.run(restoreProgram);
      expect(restored.output).toContain(`Done: the log has the ${kept.projected} commits of the archive`);
      expect(restored.code).toBe(0);
      await Promise.all(serviceNames.map((name) => system.startService(name)));
    });
    const entries = await readLog(system.natsUrl);
    expect(entries.length).toBeGreaterThan(kept.projected);
    expect(entries.slice(0, kept.projected).map(({ position, subject, body }) => ({ position: Number(position), subject, body }))).toEqual(archived);
    expect(await audit(kept.projected)).toEqual(records);
    const published = await publishedPositions(system.natsUrl);
    expect(published.length).toBeGreaterThan(0);
    expect(published.filter((position) => position <= kept.published)).toEqual([]);
    // Whatever a reader was shown is there; what the archive never had may be gone.
    expect([...asked].filter(([run, state]) => state !== 'asked' && !folded.has(run))).toEqual([]);
    expectEachEffectOnce(folded);
    await expectAuditHolds();
    await expectNoDrift(folded);
  });

  it('makes everything again from the log when the database is gone, and the services go on', async () => {
    let kept = { projected: 0 };
    let archived: readonly Archived[] = [];
    let records: readonly object[] = [];
    const folded = await underLoad(async () => {
      kept = await progress();
      [archived, records] = [await archive(kept.projected), await audit(kept.projected)];
      const admin = new Database({ url: system.databaseUrl.replace(/\/countersign$/, '/postgres'), name: 'admin' });
      await admin.query({ text: 'drop database countersign with (force)' });
      await admin.query({ text: 'create database countersign' });
      await admin.close();
      const rebuilt = await system.run(rebuildProgram, '--from', 'log');
      expect(rebuilt.output).toContain('Done: the new generation is in use');
      expect(rebuilt.code).toBe(0);
    });
    expect(await archive(kept.projected)).toEqual(archived);
    expect(await audit(kept.projected)).toEqual(records);
    expect([...asked].filter(([run, state]) => state !== 'asked' && !folded.has(run))).toEqual([]);
    expectEachEffectOnce(folded);
    await expectAuditHolds();
    await expectNoDrift(folded);
  });
});
