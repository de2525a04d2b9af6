import type { Run } from '@cs/contracts';
import { connectNats } from '@cs/jetstream';
import { eventually } from '@cs/testing';
import { Mutations } from '@cs/testing/doubles';
import { jetstreamManager } from '@nats-io/jetstream';
import { Agent, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chat, ChatCard } from './chats.fixture.js';
import type { Client } from './client.fixture.js';
import type { System } from './system.fixture.js';

const rounds = Number(process.env['FUZZ_CALLBACKS'] ?? 400);
const minutes = Number(process.env['FUZZ_MINUTES'] ?? 1);
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_127);
const timeoutMs = minutes * 60_000 + 180_000;

/** One address takes so many a second, and so many at once. */
const perSecond = 95;
const atOnce = 380;
const inFlight = 8;
/** What answers 503 after so long met a machine that stood still. It is sent again, once, as platforms do, and is to be answered then. */
const outOfTimeMs = 2_400;
const maxOutOfTime = 0.005;
const unknownToken = 'fedcba9876543210fedcba9876543210';
/** Users beside ada and grace who may decide: each has thirty turns a minute. Whoever comes after them may not. */
const crowd = 12;
const patience = { timeoutMs: 30_000 };
/** What a process may have more after it than after the first tenth. */
const maxGrowthBytes = 200 * 1024 * 1024;

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const textOf = ({ method, path, headers, body }: Sent): string => `${method} ${path} ${JSON.stringify(headers).slice(0, 400)} ${body.toString('latin1').slice(0, 300)}`;

const agent = new Agent({ keepAlive: true, maxSockets: 3 * inFlight });

/** What came back; status 0: nothing. */
interface Answered {
  readonly status: number;
  readonly text: string;
}

/** Any request, also one that no client would send. */
const send = (origin: string, { method, path, headers, body }: Sent): Promise<Answered> =>
  new Promise((resolve) => {
    const outgoing = request(`${origin}${path}`, { method, headers: { ...headers, 'content-length': String(body.length) }, agent, timeout: 20_000 }, (answer) => {
      let text = '';
      const end = (): void => resolve({ status: answer.statusCode ?? 0, text: text.slice(0, 300) });
      answer.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      answer.on('end', end);
      answer.on('error', end);
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', ({ message }) => resolve({ status: 0, text: message }));
    outgoing.end(body);
  });

/** Requests to one address, as fast as it takes them; what a stall held up is not made up for. */
class Pace {
  #free = atOnce;
  #at = performance.now();

  async take(): Promise<void> {
    for (;;) {
      const now = performance.now();
      this.#free = Math.min(atOnce, this.#free + ((now - this.#at) * perSecond) / 1000);
      this.#at = now;
      if (this.#free >= 1) break;
      await delay(((1 - this.#free) * 1000) / perSecond);
    }
    this.#free -= 1;
  }
}

const pathOf = (mutations: Mutations, path: string): string =>
  mutations.chance(0.95) ? path : mutations.oneOf([path.replace(/.$/, '0'), path.slice(0, -1), `${path}0`, path.toUpperCase(), `${path}/x`, `${path}?decision=approve`, path.replace(/[0-9a-f]{32}$/, '0'.repeat(32)), `${path}%00`, path.replace('callbacks', 'callbacks/..')]);

const headersOf = (mutations: Mutations, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  if (mutations.chance(0.9)) return headers;
  return { ...headers, ...mutations.oneOf<Record<string, string>>([
    { 'content-type': 'application/json; charset=utf-16' }, { 'content-type': 'multipart/form-data' }, { 'content-type': '' }, { 'content-type': 'x'.repeat(4_000) }, { 'content-encoding': 'gzip' }, { 'content-encoding': 'identity' },
    { 'x-forwarded-for': '8.8.8.8', forwarded: 'for=1.2.3.4' }, { authorization: 'Bearer x' }, { 'x-api-key': 'x' }, { 'x-tandem-agent-id': 'agent' }, { cookie: 'cs_inbox=x' }, { 'x-correlation-id': '\u00e9'.repeat(200) }, { 'idempotency-key': 'k' }, { 'x-odd': 'y'.repeat(7_000) }, { expect: '200-nothing' }, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
  ]) };
};

const methodOf = (mutations: Mutations): string => (mutations.chance(0.95) ? 'POST' : mutations.oneOf(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']));
/** What proves who sent a call: everything but the type of the body. */
const proofOf = (headers: Readonly<Record<string, string>>): readonly [string, ...string[]] => {
  const [first = '', ...others] = Object.keys(headers).filter((name) => name !== 'content-type');
  return [first, ...others];
};
const breakProof = (mutations: Mutations, value: string): string | undefined =>
  mutations.oneOf<() => string | undefined>([() => undefined, () => '', () => `${value.slice(0, -1)}${value.endsWith('0') ? '1' : '0'}`, () => `${value}0`])();

/** Headers that do not fit the body: with one of them broken, with all of them, or of another body where they depend on it. */
const forged = (mutations: Mutations, chat: Chat, body: Buffer): Readonly<Record<string, string>> => {
  const signed = chat.signed(body);
  const elsewhere = chat.signed(Buffer.concat([body, Buffer.from(' ')]));
  if (mutations.chance(0.4) && proofOf(signed).some((name) => signed[name] !== elsewhere[name] && name.includes('signature') && !name.includes('timestamp'))) return elsewhere;
  const all = proofOf(signed);
  const broken = mutations.chance(0.5) ? all : [mutations.oneOf(all)];
  return Object.fromEntries(Object.entries(signed).flatMap(([name, value]) => {
    const changed = broken.includes(name) ? breakProof(mutations, value) : value;
    return changed === undefined ? [] : [[name, changed]];
  }));
};

/** A run at its gate, and its card in each chat. */
interface Asked {
  readonly run: string;
  readonly cards: ReadonlyMap<string, ChatCard>;
}

const memberOf = ({ kind }: Chat, number: number): string => (kind === 'slack' ? `U0CROWD${number}` : String(2_100 + number));
const history = ({ checkpoint }: Run): readonly unknown[] => checkpoint.gate_history ?? [];

export const membersOf = (chat: Chat): readonly string[] => Array.from({ length: crowd }, (_, number) => memberOf(chat, number));

export interface FuzzWorld {
  readonly system: System;
  readonly client: Client;
  /** With channels that `membersOf` may decide in, and ada and grace. */
  readonly chats: readonly [Chat, Chat, Chat];
}

/** Sends mutated callbacks over HTTP to a system whose gates must not be decided by them. */
export const fuzzChannels = (world: () => FuzzWorld): void => {
  let system: System;
  let client: Client;
  let chats: FuzzWorld['chats'];
  let open: Asked;
  /** Decided before anything is sent. */
  let settled: Asked;

  beforeAll(async () => {
    ({ system, client, chats } = world());
    await client.define({ automation_id: 'fuzzed', name: 'fuzzed', status: 'active', flow: { nodes: [{ node_id: 'check', objective: 'check', action: { kind: 'transform', expression: '1' } }, { node_id: 'sign', objective: 'Sign?', depends_on: ['check'], gate: { required: true, rework_targets: ['check'] } }] } });
    [open, settled] = await Promise.all([asked(), asked()]);
    await decide(settled);
  });
  afterAll(() => agent.destroy());

  const asked = async (): Promise<Asked> => {
    const { run_id } = await client.untilGate(await client.start('fuzzed'));
    const cards = await Promise.all(chats.map(async (chat) => [chat.kind, await eventually(() => chat.cards().find(({ text, token }) => text.includes(run_id) && token !== undefined), patience)] as const));
    return { run: run_id, cards: new Map(cards) };
  };
  /** As grace, who presses nothing else and has every turn. */
  const decide = async ({ run, cards }: Asked): Promise<void> => {
    const [, discord] = chats;
    const card = cards.get('discord');
    if (card === undefined) throw new Error('there is no card');
    await discord.press(card, 'approve', { person: 'grace' });
    expect(history(await client.untilFinished(run))).toMatchObject([{ decision: 'approve', decided_by: { source: 'discord', actor_id: discord.actorId('grace') } }]);
  };

  const services = ['gateway', 'notifier', 'approval-gate'] as const;
  const readGauge = async (name: string): Promise<readonly number[]> =>
    await Promise.all(services.map(async (service) => {
      const [, value] = new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(await system.metrics(service)) ?? [];
      if (value === undefined) throw new Error(`${service} has no ${name}`);
      return Number(value);
    }));
  /** Presses that came as far as the gate, and those that were refused and recorded. */
  const interactions = async (): Promise<Readonly<Record<'settled' | 'refused', number>>> => {
    const nc = await connectNats({ url: system.natsUrl, name: 'e2e' });
    try {
      const { state } = await (await jetstreamManager(nc)).streams.info('CS_LOG', { subjects_filter: 'cs.log.*.*.channel_interaction.>' });
      const ended = (status: string): number => Object.keys(state.subjects ?? {}).filter((subject) => subject.endsWith(`.${status}`)).length;
      return { settled: ended('settled'), refused: ended('refused') };
    } finally {
      await nc.close();
    }
  };
  /** What a person would have to act on; but for Discord's refusal of an address that is not public, which comes when it likes. */
  const errorsOf = (): readonly string[] => services.flatMap((service) => system.log(service).split('\n').filter((line) => line.includes('"level":"error"') && !line.includes('it is not called back')));

  /**
   * A callback that must not decide: signed, about the open gate by somebody who may not, or by somebody who may about a card that is
   * settled or that nobody knows; or the true press of somebody who may, changed or not, whose signature does not fit.
   */
  const callbackOf = (chat: Chat, mutations: Mutations, number: number): Sent => {
    const token = open.cards.get(chat.kind)?.token ?? '';
    const isSigned = mutations.chance(0.7);
    const somebody = memberOf(chat, mutations.below(crowd));
    const by = isSigned ? mutations.oneOf([{ user_id: memberOf(chat, crowd), token }, { user_id: somebody, token: unknownToken }, { user_id: somebody, token: settled.cards.get(chat.kind)?.token ?? '' }]) : { user_id: chat.userId('ada'), token };
    const valid = mutations.oneOf(chat.callbacks({ ...by, number }));
    const encode = mutations.chance(0.85) ? (value: unknown) => chat.encode(value) : (value: unknown) => JSON.stringify(value) ?? '';
    const body = mutations.chance(0.002) ? Buffer.alloc(100_000 + mutations.below(400_000), 0x61) : mutations.chance(isSigned ? 0.95 : 0.5) ? mutations.body(valid, encode) : Buffer.from(chat.encode(valid));
    const headers = isSigned ? chat.signed(body) : forged(mutations, chat, body);
    return { method: methodOf(mutations), path: pathOf(mutations, new URL(chat.callbackUrl).pathname), headers: headersOf(mutations, headers), body };
  };

  it(`${rounds} mutated callbacks of each chat, seed ${seed}: no 5xx, no decision, nothing ends, and then the gate is decided by a true press`, async () => {
    const startedAt = performance.now();
    const deadline = startedAt + minutes * 60_000;
    const counts = new Map<string, number>();
    const troubles: string[] = [];
    let [sent, outOfTime] = [0, 0];
    const stalls = monitorEventLoopDelay();
    stalls.enable();
    const errors = errorsOf().length;
    const before = await readGauge('process_start_time_seconds');
    let warm: readonly number[] | undefined;
    await Promise.all(chats.map(async (chat, index) => {
      const [mutations, pace] = [new Mutations(seed + index), new Pace()];
      let round = 0;
      const work = async (): Promise<void> => {
        while (round < rounds && performance.now() < deadline) {
          round += 1;
          const callback = callbackOf(chat, mutations, index * 10_000_000 + round);
          await pace.take();
          const sentAt = performance.now();
          const first = await send(system.url, callback);
          const isOutOfTime = first.status === 503 && performance.now() - sentAt >= outOfTimeMs;
          if (isOutOfTime) outOfTime += 1;
          const { status, text } = isOutOfTime ? await send(system.url, callback) : first;
          counts.set(`${chat.kind} ${status}`, (counts.get(`${chat.kind} ${status}`) ?? 0) + 1);
          if ((status >= 500 || status === 0) && troubles.length < 20) troubles.push(`${new Date().toISOString()} ${status} after ${Math.round(performance.now() - sentAt)} ms, stalled ${Math.round(stalls.max / 1e6)} ms: ${text} ${textOf(callback)}`);
          sent += 1;
          if (warm === undefined && sent * 10 >= rounds * 3) warm = await readGauge('process_resident_memory_bytes');
        }
      };
      await Promise.all(Array.from({ length: inFlight }, work));
    }));
    stalls.disable();
    const seconds = (performance.now() - startedAt) / 1000;
    const after = await readGauge('process_resident_memory_bytes');
    const megabytes = (bytes: readonly number[] = []): string => bytes.map((value) => Math.round(value / 2 ** 20)).join('/');
    const { settled: late, refused } = await interactions();
    console.info(`fuzz over HTTP: seed ${seed}, ${sent} callbacks in ${seconds.toFixed(0)} s (this process stalled for ${Math.round(stalls.max / 1e6)} ms at most, ${outOfTime} were sent again), ${JSON.stringify(Object.fromEntries([...counts].sort()))}; ${late} came as far as the gate and ${refused} were refused and recorded; MiB of ${services.join('/')}: ${megabytes(warm)} then ${megabytes(after)}`);
    expect(troubles).toEqual([]);
    expect(outOfTime / sent).toBeLessThan(maxOutOfTime);
    expect(errorsOf().slice(errors)).toEqual([]);
    expect(await readGauge('process_start_time_seconds')).toEqual(before);
    for (const [index, bytes] of after.entries()) expect(bytes - (warm?.[index] ?? 0)).toBeLessThan(maxGrowthBytes);
    const missing = chats.flatMap(({ kind }) => [200, 400, 401, 404, 405].map((status) => `${kind} ${status}`)).filter((kindAndStatus) => !counts.has(kindAndStatus));
    expect(missing).toEqual([]);
    expect(Math.min(late, refused)).toBeGreaterThan(1);
    expect([(await client.run(open.run)).status, history(await client.run(open.run))]).toEqual(['awaiting_approval', []]);
    expect(history(await client.run(settled.run))).toHaveLength(1);
    await decide(open);
  }, timeoutMs);
};
