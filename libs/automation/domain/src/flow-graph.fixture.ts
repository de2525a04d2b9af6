import fc from 'fast-check';
import { automationDefinitionSchema, type AutomationDefinition } from '@cs/contracts';
import { nodes, type NodeInput } from './run-scenario.fixture.js';

const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const some = (of: readonly string[], most: number): fc.Arbitrary<string[]> => fc.subarray([...of], { maxLength: Math.min(most, of.length) });

/** A node of any kind; its targets may be any node of the graph. */
const nodeArbitrary = (index: number, count: number): fc.Arbitrary<NodeInput> => {
  const id = `n${index}`;
  const upstream = some(ids(index), 3);
  const targets = fc.oneof(fc.constant<string[]>([]), some(ids(count), 2));
  const retries = fc.integer({ min: 1, max: 3 }).map((max_attempts) => ({ retry_policy: { max_attempts, backoff: { strategy: 'fixed' as const, initial_delay_ms: 50, multiplier: 1 } } }));
  const promises = fc.constantFrom({}, { idempotency: 'safe' as const }, { idempotency: 'none' as const });
  return fc.oneof(
    { weight: 2, arbitrary: upstream.map((deps) => nodes.transform(id, deps)) },
    { weight: 3, arbitrary: fc.tuple(upstream, retries, promises).map(([deps, retry, promise]) => nodes.http(id, deps, { ...retry, action: { kind: 'http', method: 'POST', url: 'http://peer', ...promise } })) },
    { weight: 1, arbitrary: upstream.map((deps) => nodes.timer(id, deps)) },
    { weight: 2, arbitrary: fc.tuple(upstream, targets).map(([deps, rework_targets]) => nodes.gate(id, deps, { rework_targets })) },
  );
};

/** Definitions whose nodes depend on nodes before them in some order, written down in another order. */
export const definitionArbitrary = (maxNodes = 7): fc.Arbitrary<AutomationDefinition> =>
  fc
    .integer({ min: 1, max: maxNodes })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => nodeArbitrary(index, count))))
    .chain((flow) => fc.shuffledSubarray(flow, { minLength: flow.length }))
    .map((flow) => automationDefinitionSchema.parse({ automation_id: 'random', name: 'random', flow: { nodes: flow.map((node) => ({ objective: 'x', ...node })) } }));
