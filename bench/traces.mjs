// npm run bench:traces: what a run costs in CPU time with traces and without, measured in turns on two systems at once.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { BenchApi } from './lib/api.mjs';
import { drive, startSink, withinLimit } from './lib/load.mjs';
import { startSystem } from './lib/processes.mjs';
import { median } from './lib/statistics.mjs';
import { scenarios } from './scenarios.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '150' }, rounds: { type: 'string', default: '6' }, 'in-flight': { type: 'string', default: '8' } } });
const [runs, rounds, inFlight] = [values.runs, values.rounds, values['in-flight']].map(Number);
withinLimit(9 * 60_000).unref();

/** A collector that takes everything, in the process of the load generator. */
const collector = createServer((request, response) => request.resume().once('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}')));
await once(collector.listen(0, '127.0.0.1'), 'listening');
const sink = await startSink();
const { definition } = scenarios.http;

const begin = async (env) => {
  const system = await startSystem({ mode: 'standalone', sync: 'always', env });
  const api = new BenchApi(system.url, inFlight);
  const automation = definition(sink.url);
  await api.call('POST', '/automations/v2', automation);
  await api.listen(['run_completed', 'run_failed', 'run_blocked']);
  return { system, api, id: automation.automation_id, costs: [] };
};

const load = ({ api, id }, count) => drive(count, inFlight, async (n) => {
  const { value } = await api.call('POST', `/automations/v2/${id}/run_now`, { input: { n } });
  const end = await api.next(value.run.run_id);
  if (end !== 'run_completed') throw new Error(`a run ended with ${end}`);
});

/** CPU in ms a run of the services, NATS and PostgreSQL. */
const measure = async (side) => {
  const before = side.system.usage();
  await load(side, runs);
  // What the exporter still holds goes out within a second.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const after = side.system.usage();
  side.costs.push(Object.fromEntries([...after].map(([name, { cpu }]) => [name, ((cpu - before.get(name).cpu) * 1000) / runs])));
};

const sides = { off: await begin({}), on: await begin({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.address().port}` }) };
try {
  for (const side of Object.values(sides)) await load(side, 100);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? ['off', 'on'] : ['on', 'off']) await measure(sides[name]);
  }
  const more = sides.on.costs.map((cost, round) => cost.countersign - sides.off.costs[round].countersign);
  console.log(`with traces a run costs the services ${median(more).toFixed(2)} ms more (median of ${rounds} pairs; ${more.filter((ms) => ms > 0).length} of them cost more)`);
  console.table(Object.entries(sides).map(([traces, { costs }]) => ({ traces, ...Object.fromEntries(Object.keys(costs[0]).map((name) => [`${name}: CPU ms a run`, `${median(costs.map((cost) => cost[name])).toFixed(2)} (${Math.min(...costs.map((cost) => cost[name])).toFixed(2)} to ${Math.max(...costs.map((cost) => cost[name])).toFixed(2)})`])), load: loadavg()[0].toFixed(1) })));
} finally {
  for (const { api, system } of Object.values(sides)) {
    await api.close();
    await system.stop();
  }
  sink.child.kill();
  collector.closeAllConnections();
  collector.close();
}
