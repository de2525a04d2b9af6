import { isJsonPointer, type Json } from '@cs/kernel';
import type { ApprovalWaitSpec, AutomationDefinition, Binding, FlowNode, Problem, SingleWaitSpec, TimerWaitSpec, WaitTimeout } from '@cs/contracts';
import { ancestors, flowGraph, isApprovalNode } from './flow-graph.js';
import { readDecision } from './gate-decisions.js';
import { instantMs } from './instant.js';

/** Longest delay, timeout and interval: a year and a day. */
const longestMs = 366 * 24 * 3_600_000;
const isDuration = (ms: number): boolean => Number.isSafeInteger(ms) && ms > 0 && ms <= longestMs;
const durationText = `a whole number of milliseconds from 1 to ${longestMs}`;

/** A wait, or a branch of one, with its place in the definition. */
interface Place {
  readonly definition: AutomationDefinition;
  readonly node: FlowNode;
  readonly path: string;
}
type Check<Spec> = (spec: Spec, place: Place) => readonly Problem[];

const when = (wrong: boolean, path: string, [code, message]: readonly [string, string]): readonly Problem[] => (wrong ? [{ path, code, message }] : []);

const isBinding = (value: unknown): value is Binding => typeof value === 'object' && value !== null;

/** A binding refers to a node like a dependency does: the node exists, and has its output before this one waits. */
const bindingProblems = (value: unknown, { definition, node, path }: Place): readonly Problem[] => {
  if (!isBinding(value) || 'literal' in value) return [];
  const { node_id, json_pointer = '' } = value.node_output;
  if (!flowGraph(definition).nodes.has(node_id)) return when(true, `${path}.node_output.node_id`, ['wait_binding_unknown_node', `there is no node "${node_id}"`]);
  return [
    ...when(!ancestors(definition, node.node_id).has(node_id), `${path}.node_output.node_id`, ['wait_binding_not_dependency', `"${node.node_id}" does not depend on "${node_id}"; list it in depends_on`]),
    ...when(!isJsonPointer(json_pointer), `${path}.node_output.json_pointer`, ['wait_binding_invalid_json_pointer', 'expected a JSON pointer (RFC 6901): empty, or parts that each begin with "/"']),
  ];
};

const timeoutProblems = ({ expires_after_ms, on_timeout, escalate_to, remind_every_ms }: WaitTimeout, path: string): readonly Problem[] => [
  ...when(!isDuration(expires_after_ms), `${path}.expires_after_ms`, ['wait_timeout_invalid', `expected ${durationText}`]),
  ...when(remind_every_ms !== undefined && !isDuration(remind_every_ms), `${path}.remind_every_ms`, ['wait_timeout_invalid', `expected ${durationText}`]),
  ...when(remind_every_ms !== undefined && on_timeout !== 'remind', `${path}.remind_every_ms`, ['wait_timeout_invalid', 'nothing is repeated unless on_timeout is "remind"']),
  ...when(escalate_to !== undefined && on_timeout !== 'escalate', `${path}.escalate_to`, ['wait_timeout_invalid', 'nobody is told unless on_timeout is "escalate"']),
];

/** What is written as it is can be checked before it is waited for. */
const literalOf = (wake_at: TimerWaitSpec['wake_at']): Json | undefined => {
  if (isBinding(wake_at)) return 'literal' in wake_at ? wake_at.literal : undefined;
  return typeof wake_at === 'string' && wake_at.includes('{{') ? undefined : wake_at;
};

const timerProblems: Check<TimerWaitSpec> = ({ delay_ms, wake_at }, place) => {
  const { path } = place;
  const literal = literalOf(wake_at);
  return [
    ...when((delay_ms === undefined) === (wake_at === undefined), path, ['timer_wake_conflict', 'a timer has either "delay_ms" or "wake_at"']),
    ...when(delay_ms !== undefined && !isDuration(delay_ms), `${path}.delay_ms`, ['timer_delay_invalid', `expected ${durationText}`]),
    ...when(literal !== undefined && instantMs(literal) === undefined, `${path}.wake_at`, ['timer_wake_at_invalid', 'expected Unix milliseconds or an ISO 8601 instant with its zone, such as 2026-01-31T09:00:00Z']),
    ...bindingProblems(wake_at, { ...place, path: `${path}.wake_at` }),
  ];
};

const singleProblems: Check<SingleWaitSpec> = (spec, place) => {
  const timeout = spec.timeout === undefined ? [] : timeoutProblems(spec.timeout, `${place.path}.timeout`);
  switch (spec.kind) {
    case 'timer':
      return [...timerProblems(spec, place), ...timeout];
    case 'webhook':
      return [...bindingProblems(spec.correlation?.value, { ...place, path: `${place.path}.correlation.value` }), ...timeout];
    case 'external_condition':
      return [...bindingProblems(spec.condition_key, { ...place, path: `${place.path}.condition_key` }), ...timeout];
  }
};

const endsByItself = (spec: SingleWaitSpec): boolean => spec.kind === 'timer' || spec.timeout !== undefined;
const needsTimeout = (path: string): Problem => ({ path: `${path}.timeout`, code: 'wait_timeout_invalid', message: 'what others have to end needs a timeout, or its run may wait for ever' });

const approvalProblems: Check<ApprovalWaitSpec> = ({ decisions, expires_after_ms, timeout }, { path }) => [
  ...when(decisions.length === 0, `${path}.decisions`, ['approval_decisions_invalid', 'name what can be decided: approve, rework, cancel']),
  ...decisions.flatMap((word, at) => [
    ...when(readDecision(word) === undefined, `${path}.decisions[${at}]`, ['approval_decisions_invalid', `"${word}" is not a decision; use approve, rework or cancel`]),
    ...when(decisions.indexOf(word) < at, `${path}.decisions[${at}]`, ['approval_decisions_invalid', `"${word}" is there already`]),
  ]),
  ...when(expires_after_ms !== undefined && !isDuration(expires_after_ms), `${path}.expires_after_ms`, ['approval_expiry_invalid', `expected ${durationText}`]),
  ...when(expires_after_ms !== undefined && timeout !== undefined, path, ['approval_timeout_conflict', 'an approval has either "expires_after_ms" or "timeout"']),
  ...(timeout === undefined ? [] : timeoutProblems(timeout, `${path}.timeout`)),
  ...when(timeout?.on_timeout === 'resume', `${path}.timeout.on_timeout`, ['approval_timeout_resume_forbidden', 'an approval that nobody gave cannot be assumed; cancel, escalate or remind']),
];

const specProblems = (place: Place): readonly Problem[] => {
  const spec = place.node.wait;
  if (spec === undefined) return [];
  if (spec.kind === 'approval') return approvalProblems(spec, place);
  const branches = spec.kind === 'any' ? spec.of.map((branch, index) => ({ branch, path: `${place.path}.of[${index}]` })) : [{ branch: spec, path: place.path }];
  const problems = branches.flatMap(({ branch, path }) => singleProblems(branch, { ...place, path }));
  return branches.some(({ branch }) => endsByItself(branch)) ? problems : [...problems, needsTimeout(branches[0]?.path ?? place.path)];
};

const gateConflict = ({ node, path }: Place): readonly Problem[] =>
  when(node.gate !== undefined || (isApprovalNode(node) && node.wait?.kind !== 'approval'), path, ['wait_gate_conflict', 'a node has either "wait" or "gate"; a node of stage "approval" is a gate']);

/** What is wrong with the wait of a node (domain 2.8), each with its place. */
export const waitProblems = (definition: AutomationDefinition, node: FlowNode, index: number): readonly Problem[] => {
  if (node.wait === undefined) return [];
  const place = { definition, node, path: `flow.nodes[${index}].wait` };
  return [...gateConflict(place), ...specProblems(place)];
};
