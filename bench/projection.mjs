// npm run bench:projection: how many events a second the projector takes while live, without falling behind.
import { aggregateSubjects, signalSubjects, streams } from '@cs/contracts';
import { connectNats } from '@cs/jetstream';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writeGatedRuns } from './lib/gated-runs.mjs';
import { startSystem } from './lib/processes.mjs';
import { summary } from './lib/statistics.mjs';

const { values } = parseArgs({ options: { from: { type: 'string', default: '250' }, factor: { type: 'string', default: '1.5' }, seconds: { type: 'string', default: '6' }, limit: { type: 'string', default: '150' }, sync: { type: 'string', default: 'always' } } });
const [lowest, factor, seconds, limit] = [values.from, values.factor, values.seconds, values.limit].map(Number);
const longestLagMs = 1000;
const eventsOfRun = 10;
const startedAt = performance.now();

/** When the projections held each position, as the projector says it to everyone. */
class Projected {
  #seen = [];
  #waiting = () => undefined;

  constructor(nc) {
    nc.subscribe(signalSubjects.projected, { callback: (_error, message) => {
      const position = Number(message.string());
      if (position > this.position) this.#seen.push({ position, at: performance.now() });
      this.#waiting();
    } });
  }

  get position() {
    return this.#seen.at(-1)?.position ?? 0;
  }

  async reached(position, withinMs) {
    const until = performance.now() + withinMs;
    while (this.position < position && performance.now() < until) await Promise.race([new Promise((resolve) => (this.#waiting = resolve)), delay(100)]);
    return this.position >= position;
  }

  /** What it was since the last time, in ascending order. */
  take() {
    return this.#seen.splice(0, Math.max(this.#seen.length - 1, 0));
  }
}

/** Commits of runs that begin evenly, 64 side by side, behind what the log holds. */
let begun = 0;
const commitsFor = async (events, after) => {
  const messages = [];
  const runs = Math.ceil(events / eventsOfRun / 64) * 64;
  await writeGatedRuns({ workspace_id: 'live', first: begun, runs, after, atMs: Date.now() }, ({ position, subject, body }, { ref, commit }) => messages.push({
    position, subject, body, events: commit.events.length,
    options: { msgID: commit.commit_id, timeout: 30_000, retries: 0, expect: { streamName: streams.log.name, lastSubjectSequence: commit.previous, lastSubjectSequenceSubject: aggregateSubjects(ref) } },
  }));
  begun += runs;
  return messages;
};

/** Publishes at the rate, in order; when each commit was in the log. */
const publishAt = async (js, messages, perSecond) => {
  const from = performance.now();
  const acknowledged = [];
  let events = 0;
  for (const { position, subject, body, events: more, options } of messages) {
    events += more;
    acknowledged.push(js.publish(subject, body, options).then(({ seq }) => {
      if (seq !== position) throw new Error(`the log has ${seq} where ${position} was expected: somebody else writes to it`);
      return { position, at: performance.now() };
    }));
    const wait = from + (events * 1000) / perSecond - performance.now();
    if (wait > 1) await delay(wait);
  }
  const all = await Promise.all(acknowledged);
  return { acknowledged: all, perSecond: (events * 1000) / (all.at(-1).at - from), events };
};

/** From the acknowledgement by the log to the projector's word that its transaction is done. */
const lagsOf = (acknowledged, projected) => {
  let next = 0;
  return acknowledged.map(({ position, at }) => {
    while (next < projected.length - 1 && projected[next].position < position) next += 1;
    return projected[next].at - at;
  });
};

const system = await startSystem({ mode: 'processes', sync: values.sync, only: ['projector'] });
const nc = await connectNats({ url: system.servers.nats.url, name: 'bench' });
const rows = [];
try {
  const [js, jsm] = [jetstream(nc), await jetstreamManager(nc)];
  const projected = new Projected(nc);
  let last = (await jsm.streams.info(streams.log.name)).state.last_seq;

  const step = async (wanted) => {
    const messages = await commitsFor(wanted * seconds, last);
    projected.take();
    const [before, own] = [system.usage(), process.cpuUsage()];
    const { acknowledged, perSecond, events } = await publishAt(js, messages, wanted);
    last = acknowledged.at(-1).position;
    if (!(await projected.reached(last, 60_000))) throw new Error(`the projector did not reach position ${last} within a minute`);
    const { user, system: kernel } = process.cpuUsage(own);
    const after = system.usage();
    const lag = summary(lagsOf(acknowledged, [...projected.take(), { position: projected.position, at: performance.now() }]));
    const micros = (name) => Math.round(((after.get(name).cpu - before.get(name).cpu) * 1e6) / events);
    const holds = lag.p99 < longestLagMs && perSecond > 0.95 * wanted;
    rows.push({
      'events/s wanted': wanted, 'in the log': Math.round(perSecond), 'lag ms: p50': Math.round(lag.p50), p99: Math.round(lag.p99), largest: Math.round(lag.max), 'CPU us an event: projector': micros('projector'),
      PostgreSQL: micros('postgres'), NATS: micros('nats'), 'load generator': Math.round((user + kernel) / events), holds: holds ? 'yes' : lag.p99 < longestLagMs ? 'the log is slower' : 'no', load: loadavg()[0].toFixed(1),
    });
    return holds;
  };
  const inTime = () => performance.now() - startedAt < limit * 1000;

  await step(lowest);
  rows.pop();
  let [held, rate] = [0, lowest];
  while (inTime() && (await step(rate))) [held, rate] = [rate, Math.round(rate * factor)];
  // Once more, between what held and what did not.
  if (held > 0 && inTime() && (await step(Math.round((held + rate) / 2)))) held = Math.round((held + rate) / 2);
  console.log(`live: ${held} events/s with p99 below ${longestLagMs} ms; ${rows.length} rates for ${seconds} s each after one that warms up, NATS sync_interval ${values.sync}, PostgreSQL with fsync and synchronous commit`);
  console.table(rows);
} finally {
  await nc.close();
  await system.stop();
}
process.exit(0);
