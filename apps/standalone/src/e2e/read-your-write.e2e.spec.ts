import { jest } from '@jest/globals';
import type { Run, StatefulRun } from '@cs/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type Answer } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(300_000);

const pairs = 1000;
const writers = 8;

/** What a command answered: where it stands in the log, and what a read as of then has to show at least. */
interface Written {
  readonly position: string;
  readonly automation_id: string;
  readonly run?: { readonly run_id: string; readonly version: number; readonly cancelled: boolean };
  readonly description?: string;
}

type Read = (client: Client, written: Written) => Promise<void>;

const ask = async (client: Client, route: string, { position }: Written): Promise<Answer> => {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await client.call('GET', route, { headers: { 'countersign-min-position': position } });
    // Behind for longer than a read waits: said so, and asked again. What may not be is an older answer.
    if (answer.status !== 503 || Date.now() > deadline) return answer;
    await delay(50);
  }
};

const expectRun = (found: { readonly seq: number | undefined; readonly status: string | undefined }, { run }: Written): void => {
  if (run === undefined) return;
  expect(found.seq).toBeGreaterThanOrEqual(run.version);
  if (run.cancelled) expect(found.status).toBe('cancelled');
};
const ofRecord = (run: Run | undefined) => ({ seq: run?.version, status: run?.status });
const ofView = (run: StatefulRun | undefined) => ({ seq: run?.last_seq, status: run?.status });
const named = <Item extends { readonly run_id: string }>(items: unknown, { run }: Written): Item | undefined => (items as readonly Item[]).find(({ run_id }) => run_id === run?.run_id);

const readsOfRuns: readonly Read[] = [
  async (client, written) => expectRun(ofRecord((await ask(client, `/automations/v2/runs/${written.run?.run_id}`, written)).body['run'] as Run), written),
  async (client, written) => expectRun(ofRecord(named<Run>((await ask(client, `/automations/v2/runs?limit=200&automation_id=${written.automation_id}`, written)).body['runs'], written)), written),
  async (client, written) => expectRun(ofRecord(named<Run>((await ask(client, `/automations/v2/${written.automation_id}/runs?limit=200`, written)).body['runs'], written)), written),
  async (client, written) => expectRun(ofView((await ask(client, `/stateful-runtime/runs/${written.run?.run_id}`, written)).body['run'] as StatefulRun), written),
  async (client, written) => expectRun(ofView(named<StatefulRun>((await ask(client, `/stateful-runtime/runs?automation_id=${written.automation_id}`, written)).body['runs'], written)), written),
  async (client, written) => {
    const { body } = await ask(client, `/stateful-runtime/runs/${written.run?.run_id}/observability?event_limit=1`, written);
    expectRun(ofView(body['run'] as StatefulRun), written);
    expect((body['events'] as { readonly latest: { readonly seq: number } }).latest.seq).toBeGreaterThanOrEqual(written.run?.version ?? 0);
  },
  async (client, written) => {
    const { events } = (await ask(client, `/stateful-runtime/runs/${written.run?.run_id}/events?tail=true&limit=1`, written)).body as unknown as { readonly events: readonly { readonly seq: number }[] };
    expect(events[0]?.seq).toBeGreaterThanOrEqual(written.run?.version ?? 0);
  },
];

const readsOfAutomations: readonly Read[] = [
  async (client, written) => expect((await ask(client, `/automations/v2/${written.automation_id}`, written)).body['automation']).toMatchObject({ description: written.description }),
  async (client, written) => expect((await ask(client, '/automations/v2?limit=200', written)).body['automations']).toContainEqual(expect.objectContaining({ automation_id: written.automation_id, description: written.description })),
];

/** One after the other picks what comes next from a number, so that a failure can be repeated. */
const pick = <Item>(items: readonly Item[], number: number): Item => items[number % items.length] as Item;

class Writer {
  readonly #automation_id: string;
  #open: string[] = [];
  #changes = 0;

  constructor(private readonly client: Client, writer: number) {
    this.#automation_id = `pairs-${writer}`;
  }

  async begin(): Promise<void> {
    await this.client.define({ automation_id: this.#automation_id, name: 'Pairs', status: 'active', description: '0', flow: { nodes: [{ node_id: 'pause', objective: 'wait', wait: { kind: 'timer', delay_ms: 3_600_000 } }] } });
  }

  write(choice: number): Promise<Written> {
    const [oldest] = this.#open;
    if (choice % 4 === 0) return this.#change();
    return oldest !== undefined && choice % 4 === 1 ? this.#cancel(oldest) : this.#start();
  }

  async #change(): Promise<Written> {
    const description = String((this.#changes += 1));
    return this.#written(await this.client.call('PATCH', `/automations/v2/${this.#automation_id}`, { body: { description } }), { description });
  }

  async #start(): Promise<Written> {
    const answer = await this.client.call('POST', `/automations/v2/${this.#automation_id}/run_now`, { body: {} });
    const { run_id, version } = answer.body['run'] as Run;
    this.#open.push(run_id);
    return this.#written(answer, { run: { run_id, version, cancelled: false } });
  }

  async #cancel(run_id: string): Promise<Written> {
    this.#open = this.#open.filter((one) => one !== run_id);
    const answer = await this.client.call('POST', `/automations/v2/runs/${run_id}/cancel`, { body: { reason: 'not this one' } });
    return this.#written(answer, { run: { run_id, version: (answer.body['run'] as Run).version, cancelled: true } });
  }

  #written({ status, headers, body }: Answer, what: Omit<Written, 'position' | 'automation_id'>): Written {
    if (status !== 200) throw new Error(JSON.stringify(body));
    const position = headers.get('countersign-position');
    if (position === null) throw new Error('a command answered no position');
    return { position, automation_id: this.#automation_id, ...what };
  }
}

describe('reading your own writes', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
  });
  afterAll(() => system.stop());

  it(`${pairs} random command/read pairs never see an older state`, async () => {
    const client = new Client(system.url, system.paymentsUrl);
    const all = Array.from({ length: writers }, (_none, writer) => new Writer(client, writer));
    await Promise.all(all.map((writer) => writer.begin()));
    let done = 0;
    await Promise.all(all.map(async (writer, index) => {
      for (let pair = 0; pair < pairs / writers; pair += 1) {
        const choice = (index * 1_000_003 + pair * 7919) % 104_729;
        const written = await writer.write(choice);
        await pick(written.run === undefined ? readsOfAutomations : readsOfRuns, choice >> 2)(client, written);
        done += 1;
      }
    }));
    expect(done).toBe(pairs);
  });
});
