const automation = (automation_id, nodes) => ({ automation_id, name: automation_id, status: 'active', flow: { nodes } });
const transform = (node_id, expression, depends_on = []) => ({ node_id, objective: node_id, depends_on, action: { kind: 'transform', expression } });
const http = (node_id, url, depends_on = []) => ({ node_id, objective: node_id, depends_on, action: { kind: 'http', method: 'POST', url, body: { n: '{{ input.n }}' } } });

/** What is measured, per run. */
export const scenarios = {
  transforms: {
    title: '(a) three transform steps',
    definition: () => automation('bench-transforms', [transform('a', 'input.n + 1'), transform('b', 'nodes.a.output * 2', ['a']), transform('c', '{"sum": nodes.a.output + nodes.b.output}', ['b'])]),
    runs: 6000,
    inFlight: 64,
  },
  http: {
    title: '(b) three http steps against a local sink',
    definition: (sink) => automation('bench-http', [http('a', `${sink}/a`), http('b', `${sink}/b`, ['a']), http('c', `${sink}/c`, ['b'])]),
    runs: 3000,
    inFlight: 64,
  },
  gate: {
    title: '(c) a gate, then an http step',
    definition: (sink) => automation('bench-gate', [
      { node_id: 'gate', objective: 'Go on with {{ input.n }}?', gate: { required: true, decisions: ['approve', 'cancel'] } },
      http('next', `${sink}/next`, ['gate']),
    ]),
    runs: 600,
    // Latency, not throughput: few decisions at a time.
    inFlight: 4,
  },
  list: {
    title: '(d) a list of 100 http items, 16 at a time',
    definition: (sink) => automation('bench-list', [{ ...http('each', `${sink}/item`), for_each: { items: '[1..100]', max_parallel: 16 } }]),
    runs: 60,
    inFlight: 4,
  },
  children: {
    title: '(e) a list of 4 child runs of one http step each',
    others: (sink) => [automation('bench-child', [http('send', `${sink}/child`)])],
    definition: () => automation('bench-children', [
      { node_id: 'each', objective: 'each', for_each: { items: '[1..4]', max_parallel: 4 }, action: { kind: 'automation', automation_id: 'bench-child', input: { n: '{{ item }}' } } },
    ]),
    runs: 300,
    inFlight: 16,
  },
};
