// npm run bench:parked: what parked runs cost in memory, and how soon a decision on any of them starts its next step.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BenchApi } from './lib/api.mjs';
import { atRate, drive, startSink, withinLimit } from './lib/load.mjs';
import { cpuSince, services, startSystem } from './lib/processes.mjs';
import { row, summary } from './lib/statistics.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    'in-flight': { type: 'string', default: '128' },
    rate: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    'warm-up': { type: 'string', default: '2000' },
    settle: { type: 'string', default: '20' },
    mode: { type: 'string', default: 'processes' },
    sync: { type: 'string', default: 'always' },
    json: { type: 'string' },
  },
});
const number = (name) => Number(values[name]);
const aims = { growthMb: 100, p99Ms: 50 };
const farMs = 30 * 24 * 3_600_000;

const automation = (automation_id, nodes) => ({ automation_id, name: automation_id, status: 'active', flow: { nodes } });
const definitions = (sink) => ({
  gate: automation('parked-gate', [
    { node_id: 'gate', objective: 'Go on with {{ input.n }}?', gate: { required: true, decisions: ['approve', 'cancel'] } },
    { node_id: 'next', objective: 'next', depends_on: ['gate'], action: { kind: 'http', method: 'POST', url: `${sink}/next`, body: { n: '{{ input.n }}' } } },
  ]),
  timer: automation('parked-timer', [
    { node_id: 'far', objective: 'far', wait: { kind: 'timer', delay_ms: farMs } },
    { node_id: 'next', objective: 'next', depends_on: ['far'], action: { kind: 'http', method: 'POST', url: `${sink}/next` } },
  ]),
});

/** Starts runs until `count` of them are parked, half on gates and half on timers; answers those at gates. */
const park = async (api, count, progress = () => undefined) => {
  let parked = 0;
  const ids = await drive(count, number('in-flight'), async (n) => {
    const atGate = n % 2 === 0;
    const { value } = await api.call('POST', `/automations/v2/${atGate ? 'parked-gate' : 'parked-timer'}/run_now`, { input: { n } });
    const type = await api.next(value.run.run_id);
    if (type !== (atGate ? 'approval_gate_opened' : 'run_parked')) throw new Error(`run ${value.run.run_id} did not park: ${type}`);
    progress((parked += 1));
    return atGate ? value.run.run_id : undefined;
  });
  return ids.filter((id) => id !== undefined);
};

/** Decides one run and follows it: the step's start as recorded, its arrival at the peer, the answer to the decider. */
const decide = async (api, runId) => {
  const clockAt = performance.timeOrigin + performance.now();
  const sentAt = performance.now();
  const answered = api.call('POST', `/automations/v2/runs/${runId}/gate`, { decision: 'approve' }).then(() => performance.now() - sentAt);
  let type = await api.next(runId);
  // A busy machine: the step could not reach its peer in time and backs off.
  while (type === 'run_parked') type = await api.next(runId);
  if (type !== 'run_completed') throw new Error(`run ${runId} ended with ${type}`);
  const answer = await answered;
  const { value: { events } } = await api.call('GET', `/stateful-runtime/runs/${runId}/events`);
  const at = (suffix, node) => events.find((event) => event.event_type.endsWith(suffix) && (node === undefined || event.phase_id === node)).occurred_at_ms;
  const { value: { run } } = await api.call('GET', `/automations/v2/runs/${runId}`);
  return { recorded: at('.node_started', 'next') - at('.approval_gate_decided'), atPeer: run.checkpoint.node_outputs.next.content.body.arrived - clockAt, answer };
};

/** `count` of them, each at most once, in no order. */
const takeAtRandom = (ids, count) => {
  const left = [...ids];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const at = Math.floor(Math.random() * left.length);
    const [id] = left.splice(at, 1, left.at(-1));
    left.pop();
    return id;
  });
};

const mb = (usage) => Object.fromEntries([...usage].map(([name, { rssMb }]) => [name, Math.round(rssMb)]));
/** One kind of figure, for every process that has it. */
const printMemory = (marks, kind, title) => {
  console.log(`\n  ${title.padEnd(30)}${marks.map(({ at }) => at.padStart(18)).join('')}${'growth'.padStart(10)}`);
  for (const name of Object.keys(marks[0][kind])) {
    const growth = marks[2][kind][name] - marks[1][kind][name];
    console.log(`  ${name.padEnd(30)}${marks.map((mark) => String(mark[kind][name]).padStart(18)).join('')}${String(growth).padStart(10)}`);
  }
};

/**
 * Memory when the processes have had time to come to rest: resident as it is, then what the heaps hold
 * once garbage is collected, and what stays resident after that.
 */
const mark = async (system, at) => {
  await delay(number('settle') * 1000);
  const resident = mb(system.usage());
  const heap = await system.retained();
  return { at, mb: resident, heap, after: mb(system.usage()) };
};

const progressLine = (count, startedAt) => (parked) => {
  if (parked % Math.max(1, Math.round(count / 10)) === 0) console.log(`  ${parked} parked, ${(parked / ((performance.now() - startedAt) / 1000)).toFixed(0)} runs/s`);
};

const isService = (name) => services.includes(name) || name === 'countersign';

const worstOf = (marks, kind) => {
  const grown = Object.keys(marks[0][kind]).filter(isService).map((name) => ({ name, growth: marks[2][kind][name] - marks[1][kind][name] }));
  return grown.reduce((most, one) => (one.growth > most.growth ? one : most));
};
const grownBy = (marks, kind, what) => {
  const worst = worstOf(marks, kind);
  return { aim: `${what} no service grows by more than ${aims.growthMb} MB`, worst, met: worst.growth <= aims.growthMb };
};

const judge = (marks, latency) => ({
  resident: grownBy(marks, 'mb', 'resident, as it is:'),
  retained: grownBy(marks, 'heap', 'in its heap, after a collection:'),
  latency: { aim: `decision recorded to next step started, p99 at most ${aims.p99Ms} ms`, p99: latency.p99, met: latency.p99 <= aims.p99Ms },
});

const measure = async (system, sink) => {
  const api = new BenchApi(system.url, number('in-flight'));
  for (const definition of Object.values(definitions(sink.url))) await api.call('POST', '/automations/v2', definition);
  await api.listen(['approval_gate_opened', 'run_parked', 'run_completed', 'run_failed', 'run_blocked']);
  const marks = [{ at: 'at start', mb: mb(system.usage()), heap: await system.retained(), after: mb(system.usage()) }];
  const warm = await park(api, number('warm-up'));
  await drive(Math.min(200, warm.length), 4, (n) => decide(api, warm[n]));
  marks.push(await mark(system, `${values['warm-up']} parked`));
  const startedAt = performance.now();
  const count = number('runs');
  const before = system.usage();
  const gates = await park(api, count, progressLine(count, startedAt));
  const costs = cpuSince(before, system.usage(), count);
  const parkedSeconds = (performance.now() - startedAt) / 1000;
  marks.push(await mark(system, `${count} more`));
  const chosen = takeAtRandom(gates, number('rate') * number('seconds'));
  const times = await atRate(number('rate'), Math.floor(chosen.length / number('rate')), (n) => decide(api, chosen[n]));
  marks.push(await mark(system, 'after decisions'));
  await api.close();
  return { marks, times, parkedSeconds, count, costs };
};

const report = ({ marks, times, parkedSeconds, count, costs }) => {
  const of = (member) => summary(times.map((time) => time[member]));
  const latencies = { recorded: of('recorded'), atPeer: of('atPeer'), answer: of('answer') };
  console.log(`\n${count} runs parked in ${parkedSeconds.toFixed(0)} s (${(count / parkedSeconds).toFixed(0)} runs/s), half on gates, half on timers\n  ${costs}`);
  printMemory(marks, 'mb', 'resident, MB');
  printMemory(marks, 'heap', 'heap after a collection, MB');
  printMemory(marks, 'after', 'resident after it, MB');
  console.log(`\n  ${times.length} gates decided at random, ${values.rate} a second`);
  console.log(`  ${row('decision recorded to step started', latencies.recorded)}`);
  console.log(`  ${row('decision sent to step at its peer', latencies.atPeer)}`);
  console.log(`  ${row('decision sent to answer', latencies.answer)}`);
  const aimed = judge(marks, latencies.recorded);
  for (const { aim, met, ...seen } of Object.values(aimed)) console.log(`  ${met ? 'met    ' : 'NOT MET'} ${aim}: ${JSON.stringify(seen)}`);
  const result = { options: values, node: process.version, cores: cpus().length, parkedSeconds, marks, latencies, aims: aimed };
  if (values.json) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
  else console.log(`\n${JSON.stringify(result)}`);
  return Object.values(aimed).every(({ met }) => met);
};

const stopAtLimit = withinLimit(60 * 60_000);
const system = await startSystem({ mode: values.mode, sync: values.sync, heaps: true });
const sink = await startSink();
try {
  console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}); NATS sync_interval ${values.sync}; services: ${values.mode}`);
  const isMet = report(await measure(system, sink));
  process.exitCode = isMet ? 0 : 1;
} finally {
  clearTimeout(stopAtLimit);
  sink.child.kill('SIGTERM');
  await system.stop();
}
