// npm run bench:queries: how fast reads are over HTTP when the database is small, and when it is a hundred times as large.
import { Database } from '@cs/postgres';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { BenchApi } from './lib/api.mjs';
import { drive, withinLimit } from './lib/load.mjs';
import { startSystem } from './lib/processes.mjs';
import { writePlans } from './lib/query-plans.mjs';
import { fillRuns } from './lib/run-histories.mjs';
import { summary } from './lib/statistics.mjs';

const { values } = parseArgs({ options: {
  runs: { type: 'string', default: '200,20000' }, requests: { type: 'string', default: '2000' }, 'warm-up': { type: 'string', default: '300' }, concurrency: { type: 'string', default: '4' }, json: { type: 'string' }, explain: { type: 'string' }, only: { type: 'string' }, profile: { type: 'string' },
} });
const sizes = values.runs.split(',').map(Number);
const [requests, warmUp, concurrency] = [values.requests, values['warm-up'], values.concurrency].map(Number);
withinLimit(12 * 60_000).unref();

/** What is asked for, by the run that it is about. Pages hold 25 items, or 10 where the small database has no more, so that both answer alike. */
const scenarios = {
  'observability of a run': (run) => `/stateful-runtime/runs/${run}/observability`,
  'observability, 20 of each': (run) => `/stateful-runtime/runs/${run}/observability?event_limit=20&audit_limit=20&reliability_limit=20&snapshot_limit=20`,
  'runs': () => '/stateful-runtime/runs?limit=25',
  'runs of a status': () => '/stateful-runtime/runs?limit=25&status=awaiting_approval',
  'runs of an automation and a status': () => '/stateful-runtime/runs?limit=10&automation_id=bench-3&status=failed',
  'runs of a trigger': () => '/stateful-runtime/runs?limit=25&trigger=webhook',
  'runs of a unit and a data class': () => '/stateful-runtime/runs?limit=10&org_unit_id=unit-0&data_class=customer_data',
  'runs, as records': () => '/automations/v2/runs?limit=25',
  'inbox': () => '/approvals/pending?limit=25',
  'inbox, mine': () => '/approvals/pending?limit=25&mine=true',
  'the ledger': () => '/stateful-runtime/reliability?limit=25',
  'the ledger, of a status': () => '/stateful-runtime/reliability?limit=25&status=succeeded',
  'events of a run': (run) => `/stateful-runtime/runs/${run}/events`,
};
const asked = Object.entries(scenarios).filter(([name]) => values.only === undefined || values.only.split(',').includes(name));

/** What an answer holds at least: one with less measures something else. A run has 48 events or more. */
const leastItems = (path) => Number(/_?limit=(\d+)/.exec(path)?.[1] ?? 48);

const measure = async ({ api, usage }, ids, pathOf) => {
  const ask = async (n) => {
    const startedAt = performance.now();
    const path = pathOf(ids[(n * 7919) % ids.length]);
    const { value, size } = await api.call('GET', path);
    const ms = performance.now() - startedAt;
    const items = value.count ?? value.counts?.events ?? value.counts?.tool_effects;
    if (!(items >= leastItems(path))) throw new Error(`${path} answers ${items} items, and ${leastItems(path)} are there: ${JSON.stringify(value).slice(0, 500)}`);
    return { ms, kb: size / 1024, items };
  };
  await drive(warmUp, concurrency, ask);
  const [startedAt, before] = [performance.now(), usage()];
  const answers = await drive(requests, concurrency, ask);
  const cpu = Object.fromEntries([...usage()].map(([name, { cpu: used }]) => [name, ((used - before.get(name).cpu) * 1000) / requests]));
  return { cpu, kb: answers[0]?.kb, ...summary(answers.map(({ ms }) => ms)), perSecond: (answers.length * 1000) / (performance.now() - startedAt), items: answers[0]?.items };
};

const system = await startSystem({ mode: 'processes', sync: 'always', only: ['gateway', 'observability'], ...(values.profile === undefined ? {} : { profile: values.profile }) });
const database = new Database({ url: system.servers.postgres.url, name: 'bench', poolSize: 2, statementTimeoutMs: 600_000, settings: { synchronous_commit: 'off' } });
const api = new BenchApi(system.url, concurrency);
const figures = {};
try {
  for (const runs of sizes) {
    const filling = performance.now();
    const { ids, events } = await fillRuns(database, runs);
    const [{ size }] = await database.query({ text: 'select pg_size_pretty(pg_database_size(current_database())) as size' });
    console.log(`${ids.length} runs, ${events} events, ${size}: filled in ${Math.round((performance.now() - filling) / 1000)} s`);
    if (values.explain && runs === sizes.at(-1)) await writePlans(system.servers.postgres.url, { file: values.explain, run: ids[0], runs: ids.length, events });
    for (const [name, pathOf] of asked) {
      const before = loadavg()[0];
      figures[name] = { ...figures[name], [runs]: { ...(await measure({ api, usage: system.usage }, ids, pathOf)), load: before } };
    }
  }
  const ms = (value) => value.toFixed(1);
  console.log(`${requests} requests each after ${warmUp}, ${concurrency} at a time, times in ms`);
  console.table(Object.entries(figures).map(([name, of]) => {
    const [first, last] = [of[sizes[0]], of[sizes.at(-1)]];
    return {
      scenario: name, items: last.items, [`${sizes[0]} runs: p50`]: ms(first.p50), p99: ms(first.p99), [`${sizes.at(-1)} runs: p50`]: ms(last.p50), 'p99 ': ms(last.p99), 'ratio of p50': (last.p50 / first.p50).toFixed(2), 'ratio of p99': (last.p99 / first.p99).toFixed(2), 'per second': Math.round(last.perSecond), KB: Math.round(last.kb), 'CPU ms: gateway, observability, Postgres': ['gateway', 'observability', 'postgres'].map((service) => last.cpu[service].toFixed(1)).join(', '), load: last.load.toFixed(1),
    };
  }));
  if (values.json) writeFileSync(values.json, JSON.stringify({ requests, concurrency, figures }, null, 2));
} finally {
  await api.close();
  await database.close();
  await system.stop();
}
process.exit(0);
