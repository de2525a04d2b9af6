// npm run bench:decisions: from a decision to the start of the next step, with one and with many decisions at a time.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { BenchApi } from './lib/api.mjs';
import { drive, startSink, withinLimit } from './lib/load.mjs';
import { startSystem } from './lib/processes.mjs';
import { row, summary } from './lib/statistics.mjs';

const { values } = parseArgs({
  options: {
    decisions: { type: 'string', default: '1000' },
    'in-flight': { type: 'string', default: '1,16' },
    'warm-up': { type: 'string', default: '200' },
    bytes: { type: 'string', default: '200' },
    mode: { type: 'string', default: 'standalone' },
    sync: { type: 'string', default: 'always' },
    json: { type: 'string' },
  },
});
const levels = values['in-flight'].split(',').map(Number);

const definition = (sink) => ({
  automation_id: 'decided', name: 'Decided', status: 'active',
  flow: {
    nodes: [
      { node_id: 'gate', objective: 'Go on with {{ input.n }}?', gate: { required: true, decisions: ['approve', 'cancel'], instructions: '{{ input.text }}' } },
      { node_id: 'next', objective: 'next', depends_on: ['gate'], action: { kind: 'http', method: 'POST', url: `${sink}/next`, body: { n: '{{ input.n }}', text: '{{ input.text }}' } } },
    ],
  },
});

const text = 'x'.repeat(Number(values.bytes));

/** Starts runs and answers their ids when each waits at its gate. */
const park = (api, count) =>
  drive(count, 16, async (n) => {
    const { value } = await api.call('POST', '/automations/v2/decided/run_now', { input: { n, text } });
    const type = await api.next(value.run.run_id);
    if (type !== 'approval_gate_opened') throw new Error(`run ${value.run.run_id} did not stop at its gate: ${type}`);
    return value.run.run_id;
  });

/** Decides one run and waits for its end: the step's arrival at the peer, and the answer to the decider, both from when it was sent. */
const decide = async (api, runId) => {
  const clockAt = performance.timeOrigin + performance.now();
  const sentAt = performance.now();
  const answered = api.call('POST', `/automations/v2/runs/${runId}/gate`, { decision: 'approve', reason: 'checked' }).then(() => performance.now() - sentAt);
  const type = await api.next(runId);
  if (type !== 'run_completed') throw new Error(`run ${runId} ended with ${type}`);
  return { runId, clockAt, answer: await answered };
};

/** What the log recorded of it; read when nothing is measured any more. */
const timesOf = async (api, { runId, clockAt, answer }) => {
  const { value: { events } } = await api.call('GET', `/stateful-runtime/runs/${runId}/events`);
  const at = (suffix, node) => events.find((event) => event.event_type.endsWith(suffix) && (node === undefined || event.phase_id === node)).occurred_at_ms;
  const { value: { run } } = await api.call('GET', `/automations/v2/runs/${runId}`);
  if (run.checkpoint.gate_history.length !== 1) throw new Error(`run ${runId} was decided ${run.checkpoint.gate_history.length} times`);
  return { recorded: at('.node_started', 'next') - at('.approval_gate_decided'), atPeer: run.checkpoint.node_outputs.next.content.body.arrived - clockAt, answer };
};

const measure = async (api, inFlight) => {
  const runs = await park(api, Number(values.decisions));
  const startedAt = performance.now();
  const decided = await drive(runs.length, inFlight, (n) => decide(api, runs[n]));
  const seconds = (performance.now() - startedAt) / 1000;
  const times = await drive(decided.length, 8, (n) => timesOf(api, decided[n]));
  const of = (member) => summary(times.map((time) => time[member]));
  return { inFlight, perSecond: decided.length / seconds, recorded: of('recorded'), atPeer: of('atPeer'), answer: of('answer') };
};

const report = ({ inFlight, perSecond, recorded, atPeer, answer }) => {
  console.log(`\n${values.decisions} gates decided, ${inFlight} at a time: ${perSecond.toFixed(0)} decisions/s`);
  console.log(`  ${row('decision recorded to step started', recorded)}`);
  console.log(`  ${row('decision sent to step at its peer', atPeer)}`);
  console.log(`  ${row('decision sent to answer', answer)}`);
};

const stopAtLimit = withinLimit(30 * 60_000);
const system = await startSystem({ mode: values.mode, sync: values.sync });
const sink = await startSink();
try {
  console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}); NATS sync_interval ${values.sync}; services: ${values.mode}; step body of ${values.bytes} B`);
  const api = new BenchApi(system.url, Math.max(32, ...levels));
  await api.call('POST', '/automations/v2', definition(sink.url));
  await api.listen(['approval_gate_opened', 'run_completed', 'run_failed', 'run_blocked', 'run_cancelled']);
  const warm = await park(api, Number(values['warm-up']));
  await drive(warm.length, 4, (n) => decide(api, warm[n]));
  const results = [];
  for (const inFlight of levels) {
    const result = await measure(api, inFlight);
    report(result);
    results.push(result);
  }
  await api.close();
  const all = { options: values, node: process.version, cores: cpus().length, results };
  if (values.json) writeFileSync(values.json, `${JSON.stringify(all, undefined, 2)}\n`);
  else console.log(`\n${JSON.stringify(all)}`);
} finally {
  clearTimeout(stopAtLimit);
  sink.child.kill('SIGTERM');
  await system.stop();
}
