// npm run bench:lists: the cost of one item of a list, for lists of 100 to 10,000 items: it must not grow with the list.
import { createAutomation, DefinitionLibrary, requestRun, runAggregate, RunExecutor } from '@cs/automation-application';
import { loadAggregate } from '@cs/eventing';
import { connectNats, ensureStreams, JetStreamEventStore } from '@cs/jetstream';
import { JsonataEvaluator } from '@cs/step-runners';
import { startTestNats } from '@cs/testing';
import { createHash, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { items: { type: 'string', default: '100,1000,5000,10000' }, parallel: { type: 'string', default: '16' }, sync: { type: 'boolean', default: false } } });
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

const measure = async (kind, count) => {
  const orders = Array.from({ length: count }, (_, id) => ({ id: `order-${id}`, amount: id }));
  const { run } = value(await requestRun({ eventing, definitions, newId: randomUUID }, context, { automation_id: kind, input: { orders } }));
  const ref = { ...tenant, aggregate: 'run', id: run.run_id };
  Object.assign(written, { commits: 0, characters: 0, states: 0 });
  const startedAt = performance.now();
  await executor.execute(await store.last(ref), { redelivered: false, signal: new AbortController().signal });
  const ms = performance.now() - startedAt;
  const loadedAt = performance.now();
  const { state, version } = await loadAggregate({ store, aggregate: runAggregate }, ref);
  if (state.status !== 'completed' || state.checkpoint.node_outputs.each.content.length !== count) throw new Error(`${kind}: ${state.status} ${state.detail}`);
  return { kind, items: count, events: version, 'ms per item': (ms / count).toFixed(3), commits: written.commits, states: written.states, 'KB per item': (written.characters / 1024 / count).toFixed(2), 'load ms': (performance.now() - loadedAt).toFixed(1) };
};

for (const kind of Object.keys(actions)) await measure(kind, 300);
const rows = [];
for (const kind of Object.keys(actions)) for (const count of values.items.split(',').map(Number)) rows.push(await measure(kind, count));
console.table(rows);
await evaluator.close();
await nc.close();
await nats.stop();
