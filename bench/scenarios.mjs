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
};
