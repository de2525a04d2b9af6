import { jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeadLetterRecord } from '@cs/contracts';
import type { LogEntry } from '@cs/eventing';
import { Client } from './client.fixture.js';
import { EffectsPeer } from './effects-peer.fixture.js';
import { foldRuns, readLog } from './log.fixture.js';
import { checkSchedule, firesOf } from './schedule-checks.fixture.js';
import { System } from './system.fixture.js';

/** How long runners are killed, every 2 s. `npm run soak` takes a minute; the default keeps this short. */
const seconds = Number(process.env['SOAK_SECONDS'] ?? 16);
const workers = 16;

jest.setTimeout((seconds + 600) * 1000);

const retried = { retry_policy: { max_attempts: 10, backoff: { strategy: 'fixed', initial_delay_ms: 200 } } };
const http = (url: string, node_id: string, { action = {}, ...extra }: { readonly action?: object } & Readonly<Record<string, unknown>> = {}) => ({
  node_id, objective: node_id, ...extra, action: { kind: 'http', method: 'POST', url: `${url}/{{ run.run_id }}/${node_id}`, ...action },
});
const job = (url: string) => ({
  automation_id: 'soak', name: 'Soak', status: 'active',
  flow: {
    nodes: [
      http(`${url}/slow`, 'reserve', retried),
      http(`${url}/flaky`, 'flaky', retried),
      { node_id: 'gate', objective: 'Pay?', depends_on: ['reserve'], gate: { required: true } },
      { node_id: 'cool_off', objective: 'wait', depends_on: ['gate'], wait: { kind: 'timer', delay_ms: 300 } },
      http(`${url}/slow`, 'pay', { ...retried, depends_on: ['cool_off', 'flaky'] }),
      {
        node_id: 'parcels', objective: 'parcels', depends_on: ['pay'], for_each: { items: ['a', 'b'], max_parallel: 2 },
        action: { kind: 'automation', automation_id: 'soak-parcel', input: { parent: '{{ run.run_id }}', parcel: '{{ item }}' } },
      },
    ],
  },
});
/** What a run of `soak` asks for, once for each parcel; its effect is named after its parent. */
const parcel = (url: string) => ({
  automation_id: 'soak-parcel', name: 'Soak, child', status: 'active',
  flow: { nodes: [{ node_id: 'send', objective: 'send', ...retried, action: { kind: 'http', method: 'POST', url: `${url}/slow/{{ input.parent }}/parcel-{{ input.parcel }}` } }] },
});
/** Fires every second, whatever is killed; its runs are over before the next one is due. */
const ticking = (misfire_policy: unknown, automation_id: string) => ({
  automation_id, name: automation_id, status: 'active', schedule: { type: 'interval', interval_seconds: 1, misfire_policy },
  flow: { nodes: [{ node_id: 'tick', objective: 'tick', action: { kind: 'transform', expression: '1' } }] },
});
const schedules = { 'soak-run-once': 'run_once', 'soak-skip': 'skip', 'soak-catch-up': { type: 'catch_up', max_runs: 3 } } as const;
/** Its peer promises nothing: an attempt that was under way at a kill may not be repeated. */
const unsafe = (url: string) => ({
  automation_id: 'soak-unsafe', name: 'Soak, no promise', status: 'active', flow: { nodes: [http(`${url}/slow`, 'once', { action: { idempotency: 'none' } })] },
});

/** A busy machine starts processes slowly, and they are killed soon after. */
const patienceMs = 240_000;

describe('two runners, one of them killed every two seconds under load', () => {
  let system: System;
  let client: Client;
  let peer: EffectsPeer;

  beforeAll(async () => {
    peer = await EffectsPeer.start();
    system = await System.start();
    await system.startService('runner', { as: 'runner-2' });
    client = new Client(system.url, system.paymentsUrl);
    await client.define(job(peer.url));
    await client.define(unsafe(peer.url));
    await client.define(parcel(peer.url));
  });
  afterAll(async () => {
    await system.stop();
    await peer.stop();
  });

  interface Started {
    readonly runs: string[];
    readonly unsafe: string[];
  }

  /** Starts runs, signs them, and follows them to their end, until the time is over. */
  const work = async (worker: number, { runs, unsafe }: Started, isOver: () => boolean): Promise<void> => {
    while (!isOver()) {
      if (worker % 4 === 0) {
        const run = await client.start('soak-unsafe');
        unsafe.push(run);
        await client.until(run, (seen) => 'finished_at_ms' in seen, patienceMs);
        continue;
      }
      const run = await client.start('soak');
      runs.push(run);
      await client.until(run, ({ status }) => status === 'awaiting_approval', patienceMs);
      const answer = await client.decide(run, 'approve');
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      await client.until(run, (seen) => 'finished_at_ms' in seen, patienceMs);
    }
  };

  /** However slowly processes start here, each works for as long as its start took before it may be killed again. */
  const startAgain = async (name: string): Promise<void> => {
    const from = Date.now();
    await system.startService('runner', { as: name });
    await delay(Math.max(1000, Date.now() - from));
  };

  /** Every 2 s kills one runner or the other, and starts it again. Answers how often. */
  const killInTurn = async (untilMs: number): Promise<number> => {
    const starts = new Map<string, Promise<void>>();
    let kills = 0;
    for (; Date.now() < untilMs; kills += 1) {
      const name = kills % 2 === 0 ? 'runner' : 'runner-2';
      const next = Date.now() + 2000;
      await starts.get(name);
      await system.kill(name);
      starts.set(name, startAgain(name));
      await delay(Math.max(0, next - Date.now()));
    }
    await Promise.all(starts.values());
    return kills;
  };

  /** Lets the schedules end, and waits until every run that they and the others asked for has ended. A pause would hold the runs that they asked for last. */
  const settleSchedules = async (): Promise<readonly LogEntry[]> => {
    for (const id of Object.keys(schedules)) await client.insist('PATCH', `/automations/v2/${id}`, { schedule: { type: 'manual' } });
    for (const deadline = Date.now() + 60_000; ; await delay(500)) {
      const entries = await readLog(system.natsUrl);
      const folded = foldRuns(entries);
      const asked = Object.keys(schedules).flatMap((id) => firesOf(entries, id).flatMap(({ run_ids }) => run_ids));
      const left = [...asked.filter((id) => !folded.has(id)), ...[...folded.values()].filter((run) => !('finished_at_ms' in run)).map(({ run_id }) => run_id)];
      if (left.length === 0 || Date.now() > deadline) return entries;
    }
  };

  it('loses no run, doubles no effect, and fires each time of a schedule once', async () => {
    const started: Started = { runs: [], unsafe: [] };
    for (const [id, policy] of Object.entries(schedules)) await client.define(ticking(policy, id));
    let over = false;
    const working = Promise.all(Array.from({ length: workers }, (_none, worker) => work(worker, started, () => over)));
    const kills = await Promise.race([killInTurn(Date.now() + seconds * 1000), working.then(() => 0)]).finally(() => (over = true));
    await working;
    expect(kills).toBeGreaterThan(seconds / 5);

    const entries = await settleSchedules();
    const folded = foldRuns(entries);
    for (const run of started.runs) {
      const paths = [`/slow/${run}/reserve`, `/flaky/${run}/flaky`, `/slow/${run}/pay`, `/slow/${run}/parcel-a`, `/slow/${run}/parcel-b`];
      expect({ run, status: folded.get(run)?.status, done: paths.map((path) => peer.done.get(path)), keys: paths.map((path) => peer.keysOf(path).size) }).toEqual({
        run, status: 'completed', done: [1, 1, 1, 1, 1], keys: [1, 1, 1, 1, 1],
      });
      const children = [...folded.values()].filter(({ parent }) => parent?.run_id === run);
      const asked = children.map(({ status, automation_id, input }) => JSON.stringify([status, automation_id, input]));
      expect(asked.sort()).toEqual(['a', 'b'].map((parcelId) => JSON.stringify(['completed', 'soak-parcel', { parent: run, parcel: parcelId }])));
    }
    let fires = 0;
    for (const id of Object.keys(schedules)) fires += checkSchedule(entries, id);
    for (const run of started.unsafe) {
      // Sent at most once; what is not known to have happened is for a person to say.
      expect({ run, sent: peer.sent.filter(({ path }) => path === `/slow/${run}/once`).length <= 1 }).toEqual({ run, sent: true });
      expect(['completed', 'blocked']).toContain(folded.get(run)?.status);
    }
    expect([...folded.values()].filter((run) => !('finished_at_ms' in run))).toEqual([]);
    // Only what may have happened and may not be sent again is left to a person.
    const blocked = started.unsafe.filter((run) => folded.get(run)?.status === 'blocked').length;
    const { body } = await client.call('GET', '/dead-letters?limit=1000', { headers: { 'countersign-min-position': String(entries.at(-1)?.position ?? 0) } });
    expect((body['dead_letters'] as readonly DeadLetterRecord[]).map(({ source_type }) => source_type)).toEqual(Array.from({ length: blocked }, () => 'tool_effect'));
    console.info(`${started.runs.length} runs, ${started.unsafe.length} without a promise (${blocked} blocked), ${fires} fires, ${kills} kills in ${seconds} s`);
  });
});
