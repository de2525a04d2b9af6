// npm run bench:lists: the cost of one item of a list and of one event, for lists of 3 to 10,000 items: neither may grow with the list.
import { createAutomation, DefinitionLibrary, requestRun, runAggregate, RunExecutor } from '@cs/automation-application';
import { loadAggregate } from '@cs/eventing';
import { connectNats, ensureStreams, JetStreamEventStore } from '@cs/jetstream';
import { JsonataEvaluator } from '@cs/step-runners';
import { startTestNats } from '@cs/testing';
import { createHash, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { items: { type: 'string', default: '3,100,1000,5000,10000' }, events: { type: 'string', default: '10000' }, parallel: { type: 'string', default: '16' }, sync: { type: 'boolean', default: false } } });
const tenant = { org_id: 'bench', workspace_id: 'lists', source: 'explicit' };
const context = { tenant, actor: { kind: 'human', actor_id: 'bench', source: 'bench' }, correlation_id: 'bench' };
const value = (result) => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};

const nats = await startTestNats();
const nc = await connectNats({ url: nats.url, name: 'bench' });
await ensureStreams(nc);
const store = new JetStreamEventStore(nc);
const eventing = { store, clock: Date.now, digest: (text) => createHash('sha256').update(text).digest('hex') };
const definitions = new DefinitionLibrary(eventing);
const evaluator = new JsonataEvaluator();

const written = { commits: 0, characters: 0, states: 0 };
const append = store.append.bind(store);
store.append = async (...commit) => {
  written.commits += 1;
  written.characters += JSON.stringify(commit[2]).length;
  written.states += commit[2].state === undefined ? 0 : 1;
  return await append(...commit);
};

const http = { run: async (step) => ({ kind: 'succeeded', output: { status: 200, headers: {}, body: { refund: step.body.id, state: 'done' } } }) };
const executor = new RunExecutor({
  eventing, definitions, evaluator, http, secrets: new Map(), newId: randomUUID, claimantId: 'bench', leaseMs: 15_000,
  timers: { schedule: async () => undefined }, changes: { announce: () => undefined, listen: () => () => undefined },
});

const actions = {
  http: { kind: 'http', method: 'POST', url: 'http://peer/{{ item.id }}', body: { id: '{{ item.id }}' } },
  transform: { kind: 'transform', expression: '{"id": item.id, "half": item.amount / 2}' },
};
for (const [kind, action] of Object.entries(actions)) {
  value(await createAutomation({ eventing, definitions, evaluator }, context, {
    automation_id: kind, name: kind, status: 'active',
    flow: { nodes: [{ node_id: 'each', objective: 'each', action, for_each: { items: 'input.orders', max_parallel: Number(values.parallel) } }] },
  }));
}

/** One run of a list, from its message to its end. */
const execute = async (kind, count) => {
  const orders = Array.from({ length: count }, (_, id) => ({ id: `order-${id}`, amount: id }));
  const { run } = value(await requestRun({ eventing, definitions, newId: randomUUID }, context, { automation_id: kind, input: { orders } }));
  const ref = { ...tenant, aggregate: 'run', id: run.run_id };
  const message = await store.last(ref);
  Object.assign(written, { commits: 0, characters: 0, states: 0 });
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  await executor.execute(message, { redelivered: false, signal: new AbortController().signal });
  const [ms, { user, system }] = [performance.now() - startedAt, process.cpuUsage(cpu)];
  const wrote = { ...written };
  const loadedAt = performance.now();
  const { state, version } = await loadAggregate({ store, aggregate: runAggregate }, ref);
  if (state.status !== 'completed' || state.checkpoint.node_outputs.each.content.length !== count) throw new Error(`${kind}: ${state.status} ${state.detail}`);
  return { ...wrote, ms, cpuMs: (user + system) / 1000, events: version, loadMs: performance.now() - loadedAt };
};

/** Short runs are repeated until they wrote as many events as a long one, so that each figure rests on as much. */
const measure = async (kind, count) => {
  const sum = { runs: 0, events: 0, ms: 0, cpuMs: 0, commits: 0, states: 0, characters: 0, loadMs: 0 };
  while (sum.events < Number(values.events)) {
    const one = await execute(kind, count);
    for (const member of Object.keys(one)) sum[member] += one[member];
    sum.runs += 1;
  }
  const { runs, events } = sum;
  return {
    kind, items: count, runs, 'events a run': events / runs, 'CPU ms per event': (sum.cpuMs / events).toFixed(3), 'KB per event': (sum.characters / 1024 / events).toFixed(2), 'commits per event': (sum.commits / events).toFixed(2),
    'ms per item': (sum.ms / runs / count).toFixed(3), 'KB per item': (sum.characters / 1024 / runs / count).toFixed(2), 'states a run': Math.round(sum.states / runs), 'load ms': (sum.loadMs / runs).toFixed(1),
  };
};

for (const kind of Object.keys(actions)) await measure(kind, 300);
const rows = [];
for (const kind of Object.keys(actions)) for (const count of values.items.split(',').map(Number)) rows.push(await measure(kind, count));
console.table(rows);
await evaluator.close();
await nc.close();
await nats.stop();
