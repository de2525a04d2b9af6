// npm run bench: runs per second and latencies through HTTP, until completed and visible in the projection.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { BenchApi } from './lib/api.mjs';
import { drive, startSink, withinLimit } from './lib/load.mjs';
import { startSystem, usageOf } from './lib/processes.mjs';
import { row, summary } from './lib/statistics.mjs';
import { latenessScenarios } from './lateness.mjs';
import { scenarios } from './scenarios.mjs';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'transforms,http,gate' },
    mode: { type: 'string', default: 'standalone' },
    runs: { type: 'string' },
    seconds: { type: 'string' },
    'in-flight': { type: 'string' },
    sync: { type: 'string', default: 'always' },
    profile: { type: 'string' },
  },
});
const inFlightOf = (name) => Number(values['in-flight'] ?? scenarios[name].inFlight);
const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
const limit = 600_000;

const check = (type, runId) => {
  if (type !== 'run_completed') throw new Error(`run ${runId} ended with ${type}`);
};

const plainRun = (api, id) => async (n) => {
  const startedAt = performance.now();
  const { value } = await api.call('POST', `/automations/v2/${id}/run_now`, { input: { n } });
  check(await api.next(value.run.run_id), value.run.run_id);
  return performance.now() - startedAt;
};

/** Opens the gate, decides it, and takes the time from the decision to its step: as recorded, and as the sink saw it. */
const gatedRun = (api, id, { started, seen, answered }) => async (n) => {
  const { value } = await api.call('POST', `/automations/v2/${id}/run_now`, { input: { n } });
  const runId = value.run.run_id;
  if ((await api.next(runId)) !== 'approval_gate_opened') throw new Error(`run ${runId} has no gate`);
  const decidedAt = performance.timeOrigin + performance.now();
  const clicked = performance.now();
  const decision = api.call('POST', `/automations/v2/runs/${runId}/gate`, { decision: 'approve' }).then(() => answered.push(performance.now() - clicked));
  check(await api.next(runId), runId);
  const total = performance.now() - clicked;
  await decision;
  const { value: { events } } = await api.call('GET', `/stateful-runtime/runs/${runId}/events`);
  const at = (type, node) => events.find((event) => event.event_type.endsWith(type) && (node === undefined || event.phase_id === node)).occurred_at_ms;
  started.push(at('.node_started', 'next') - at('.approval_gate_decided'));
  const { value: { run } } = await api.call('GET', `/automations/v2/runs/${runId}`);
  seen.push(run.checkpoint.node_outputs.next.content.body.arrived - decidedAt);
  return total;
};

const verify = async (api, id, count) => {
  const { value } = await api.call('GET', `/automations/v2/${id}/runs?limit=200`);
  const unfinished = value.runs.filter((run) => run.status !== 'completed');
  if (unfinished.length > 0) throw new Error(`${unfinished.length} of the newest ${value.runs.length} runs are not completed in the projection`);
  return Math.min(count, value.runs.length);
};

const printUsage = (before, after, seconds) => {
  for (const [name, usage] of after) {
    const cpu = usage.cpu - (before.get(name)?.cpu ?? 0);
    console.log(`    ${name.padEnd(16)} ${((cpu / seconds) * 100).toFixed(0).padStart(4)} % of a core   ${usage.rssMb.toFixed(0).padStart(5)} MB`);
  }
};

const measure = async (system, sink, name) => {
  const scenario = scenarios[name];
  const definition = scenario.definition(sink.url);
  const count = Number(values.runs ?? scenario.runs);
  const inFlight = inFlightOf(name);
  const api = new BenchApi(system.url, inFlight);
  for (const one of [...(scenario.others?.(sink.url) ?? []), definition]) await api.call('POST', '/automations/v2', one);
  await api.listen(['run_completed', 'run_failed', 'run_blocked', ...(name === 'gate' ? ['approval_gate_opened'] : [])]);
  const extra = { started: [], seen: [], answered: [] };
  const one = name === 'gate' ? gatedRun(api, definition.automation_id, extra) : plainRun(api, definition.automation_id);
  await drive(Math.min(500, Math.ceil(count / 6)), inFlight, one);
  for (const list of Object.values(extra)) list.length = 0;
  const usage = () => new Map([...system.usage(), ['load generator', usageOf(process.pid)], ['sink', usageOf(sink.child.pid)]]);
  const before = usage();
  const startedAt = performance.now();
  const times = await drive(count, inFlight, one);
  const seconds = (performance.now() - startedAt) / 1000;
  const after = usage();
  const visible = await verify(api, definition.automation_id, count);
  console.log(`\n${scenario.title}: ${count} runs, ${inFlight} in flight, ${seconds.toFixed(1)} s`);
  console.log(`  ${(count / seconds).toFixed(0)} runs/s; the newest ${visible} checked in the projection`);
  console.log(`  ${row(name === 'gate' ? 'decision sent to run completed' : 'request to completed and visible', summary(times))}`);
  if (name === 'gate') {
    console.log(`  ${row('decision recorded to step started', summary(extra.started))}`);
    console.log(`  ${row('decision sent to step at its peer', summary(extra.seen))}`);
    console.log(`  ${row('decision sent to answer', summary(extra.answered))}`);
  }
  printUsage(before, after, seconds);
  await api.close();
};

const stopAtLimit = withinLimit(limit);
const system = await startSystem({ mode: values.mode, sync: values.sync, profile: values.profile });
const sink = await startSink();
try {
  console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}); NATS sync_interval ${values.sync}; Postgres fsync on, synchronous_commit on; services: ${values.mode}`);
  for (const name of values.scenario.split(',')) {
    const lateness = latenessScenarios[name];
    if (lateness === undefined) await measure(system, sink, name);
    else console.log(`\n${await lateness(system, { ...(values.runs === undefined ? {} : { count: Number(values.runs) }), seconds })}`);
  }
} finally {
  clearTimeout(stopAtLimit);
  sink.child.kill('SIGTERM');
  await system.stop();
}
