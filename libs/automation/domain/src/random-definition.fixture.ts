import fc from 'fast-check';
import { automationDefinitionSchema, type AutomationDefinition, type EscalationAction } from '@cs/contracts';
import { nodes, type NodeInput } from './run-scenario.fixture.js';

const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const some = (of: readonly string[], most: number): fc.Arbitrary<string[]> => fc.subarray([...of], { maxLength: Math.min(most, of.length) });

const retries = fc.record({
  max_attempts: fc.integer({ min: 1, max: 3 }), mode: fc.constantFrom('fail_run' as const, 'pause_for_review' as const, 'dead_letter' as const),
}).map(({ max_attempts, mode }) => ({ retry_policy: { max_attempts, backoff: { strategy: 'fixed' as const, initial_delay_ms: 50, multiplier: 1 }, terminal_behavior: { mode } } }));
const promises = fc.constantFrom({}, { idempotency: 'safe' as const }, { idempotency: 'none' as const });
const undoing = fc.constantFrom<Pick<NodeInput, 'compensate'>>({}, { compensate: { kind: 'http', method: 'POST', url: 'http://peer/undo' } });
const conditions = fc.constantFrom({}, {}, {}, { when: 'input.x' });
const fanOuts = fc.constantFrom<Pick<NodeInput, 'for_each'>>({}, {}, { for_each: { items: [1, 2, 3], max_parallel: 1 } }, { for_each: { items: [1, 2, 3], max_parallel: 2 } });

const timeouts = fc.constantFrom(
  { expires_after_ms: 60, on_timeout: 'cancel' as const }, { expires_after_ms: 60, on_timeout: 'resume' as const },
  { expires_after_ms: 60, on_timeout: 'escalate' as const }, { expires_after_ms: 60, on_timeout: 'remind' as const }, { expires_after_ms: 60, on_timeout: 'remind' as const, remind_every_ms: 30 },
);
const expiries = fc.record({
  expires_after_ms: fc.constant(3000), on_expiry: fc.constantFrom('cancel', 'escalate', 'remind', 'resume'), remind_every_ms: fc.constantFrom(1000, 2000), escalate_to: fc.constant<string[]>(['ada', 'bob']),
}, { requiredKeys: ['expires_after_ms', 'on_expiry'], noNullPrototype: true });
const gateRules = fc.record({ expiry_policy: expiries, approvals_required: fc.constantFrom(1, 2, 3) }, { requiredKeys: [], noNullPrototype: true });
const limits = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.record({ max_total_tool_calls: fc.integer({ min: 1, max: 4 }), max_total_tokens: fc.integer({ min: 100, max: 500 }) }, { requiredKeys: [], noNullPrototype: true }) },
);
const webhook = timeouts.map((timeout) => ({ kind: 'webhook' as const, trigger_id: 't-1', timeout }));
const external = timeouts.map((timeout) => ({ kind: 'external_condition' as const, condition_key: 'paid', timeout }));
const timer = fc.option(timeouts, { nil: undefined }).map((timeout) => ({ kind: 'timer' as const, delay_ms: 1000, ...(timeout === undefined ? {} : { timeout }) }));
const waits = fc.oneof(timer, webhook, external, fc.tuple(timer, webhook, external).map((of) => ({ kind: 'any' as const, of })));

const questions = fc.record({ default: fc.constantFrom<number | null>(1, null), expires_after_ms: fc.constant(60), remind_every_ms: fc.constant(1000) }, { requiredKeys: ['expires_after_ms'], noNullPrototype: true })
  .map((more) => ({ kind: 'question' as const, prompt: '?', ...more }));
const escalations = fc.constantFrom<EscalationAction>(
  { kind: 'escalation', role: 'lead', reason: '?' }, { kind: 'escalation', role: 'lead', reason: '?', chain: ['director'], expires_after_ms: 60 },
);

/** A node of any kind that a run can execute; its targets may be any node of the graph. */
const nodeArbitrary = (index: number, count: number): fc.Arbitrary<NodeInput> => {
  const id = `n${index}`;
  const upstream = some(ids(index), 3);
  const targets = fc.oneof(fc.constant<string[]>([]), some(ids(count), 2));
  const kinds = fc.oneof(
    { weight: 2, arbitrary: upstream.map((deps) => nodes.transform(id, deps)) },
    { weight: 4, arbitrary: fc.tuple(upstream, retries, promises, fanOuts, undoing).map(([deps, retry, promise, fanOut, undo]) => nodes.http(id, deps, { ...retry, ...fanOut, ...undo, action: { kind: 'http', method: 'POST', url: 'http://peer', ...promise } })) },
    { weight: 2, arbitrary: fc.tuple(upstream, retries, fanOuts, fc.constantFrom({}, { timeout_ms: 60 })).map(([deps, retry, fanOut, limit]) => nodes.transform(id, deps, { ...retry, ...fanOut, ...limit, action: { kind: 'automation', automation_id: 'child' } })) },
    { weight: 2, arbitrary: fc.tuple(upstream, retries, fanOuts, fc.oneof(questions, escalations)).map(([deps, retry, fanOut, action]) => nodes.transform(id, deps, { ...retry, ...fanOut, action })) },
    { weight: 2, arbitrary: fc.tuple(upstream, waits).map(([deps, wait]) => nodes.timer(id, deps, { wait })) },
    { weight: 2, arbitrary: fc.tuple(upstream, targets, gateRules).map(([deps, rework_targets, rules]) => nodes.gate(id, deps, { rework_targets, ...rules })) },
  );
  return fc.tuple(kinds, conditions).map(([node, condition]) => ({ ...node, ...condition }));
};

/** Definitions with every kind of node; nodes depend on nodes before them in some order, and are written down in another order. */
export const randomDefinition = (maxNodes = 7): fc.Arbitrary<AutomationDefinition> =>
  fc
    .integer({ min: 1, max: maxNodes })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => nodeArbitrary(index, count))))
    .chain((flow) => fc.shuffledSubarray(flow, { minLength: flow.length }))
    .chain((flow) => limits.map((execution) => ({ flow, execution })))
    .map(({ flow, execution }) => automationDefinitionSchema.parse({ automation_id: 'random', name: 'random', execution, flow: { nodes: flow.map((node) => ({ objective: 'x', ...node })) } }));
