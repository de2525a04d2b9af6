import type { FlowNode, OpenWait, SingleWaitSpec, WaitTimeout } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import type { NodeResult } from './run.commands.js';
import { planRun } from './run-plan.js';
import type { RunWorld } from './run-world.fixture.js';
import type { WaitToOpen, WebhookDelivery } from './wait.commands.js';
import { workOfKey } from './work-key.js';

/** How the dice fall for what a runner does next. */
export interface Dice {
  readonly result: NodeResult;
  /** A condition does not hold. */
  readonly skips: boolean;
}

const timeoutOf = ({ timeout }: { readonly timeout?: WaitTimeout | undefined }): Pick<WaitToOpen, 'timeout'> => (timeout === undefined ? {} : { timeout });

const toOpen = (spec: SingleWaitSpec): WaitToOpen => {
  if (spec.kind === 'timer') return { wait_kind: 'timer', delay_ms: 20, ...timeoutOf(spec) };
  if (spec.kind === 'webhook') return { wait_kind: 'webhook', webhook_match: { trigger_id: spec.trigger_id }, ...timeoutOf(spec) };
  return { wait_kind: 'external_condition', condition_key: 'paid', ...timeoutOf(spec) };
};

/** The waits of a wait node, as a runner resolves them. */
export const waitsOf = (node: FlowNode | undefined): readonly WaitToOpen[] => {
  const { wait } = node ?? {};
  if (wait === undefined || wait.kind === 'approval') return [{ wait_kind: 'timer', delay_ms: 20 }];
  return wait.kind === 'any' ? wait.of.map(toOpen) : [toOpen(wait)];
};

export const deliveryTo = (wait_id: string, number: number): { readonly wait_id: string; readonly delivery: WebhookDelivery } => ({
  wait_id, delivery: { delivery_id: `d-${number}`, trigger_id: 't-1', provider: 'test', idempotency_key: `test:${number}`, body_digest: `sha256:${number}`, payload: { number } },
});

/** Somebody responds to a question or an escalation, whichever it is. */
export const respond = (world: RunWorld, request_id: string, { by, accepted, number }: { readonly by: string; readonly accepted: boolean; readonly number: number }): boolean => {
  const response = { request_id, responded_by: { kind: 'human' as const, actor_id: by }, command: { command_id: `k-${number}`, fingerprint: `${accepted}` } };
  return world.apply({ type: 'answer_question', ...response, answer: number, conversion: 'kept' }) || world.apply({ type: 'respond_escalation', ...response, accepted, role: 'lead', responder: by });
};

/** How a wait ends that only others can end. */
export const endFromOutside = (world: RunWorld, wait: OpenWait, { result, number }: { readonly result: NodeResult; readonly number: number }): boolean => {
  const { wait_id } = wait;
  if (wait.request !== undefined) return respond(world, wait_id, { by: 'dan', accepted: true, number });
  if (wait.wait_kind === 'webhook') return world.apply({ type: 'deliver_webhook', ...deliveryTo(wait_id, number) });
  if (wait.wait_kind === 'external_condition') return world.apply({ type: 'resolve_wait', wait_id, idempotency_key: `k-${number}`, payload: { number } });
  return wait.child_run_id !== undefined && world.apply({ type: 'end_child_wait', wait_id, child_run_id: wait.child_run_id, result });
};

/** A node that is ready: its condition is judged first, then it starts as its kind does. */
export const begin = (world: RunWorld, node: FlowNode, { skips }: Dice): boolean => {
  const { node_id } = node;
  if (node.when !== undefined && skips) return world.apply({ type: 'skip_node', node_id, reason: 'its condition does not hold' });
  if (node.wait !== undefined) return world.apply({ type: 'open_waits', node_id, waits: waitsOf(node) });
  return node.for_each === undefined ? world.start({ node_id }) : world.apply({ type: 'start_fan_out', node_id, items: [1, 2, 3] });
};

/** An attempt goes on: it is answered, or it waits for the run that it asked for. */
const goOn = (world: RunWorld, key: string, { result }: Dice): void => {
  const work = workOfKey(key);
  const attempt = world.run.checkpoint.in_progress[key]?.attempt ?? 1;
  const isChild = flowGraph(world.definition).nodes.get(work.node_id)?.action?.kind === 'automation';
  if (isChild && result.kind === 'succeeded') return void world.waitForChild(work, attempt);
  if (result.kind === 'succeeded' && world.ask(work, attempt)) return;
  world.finish(work, attempt, result);
};

/** What a runner would do next. */
export const proceed = (world: RunWorld, dice: Dice): void => {
  const { run, definition } = world;
  if (run.status === 'queued' && run.scheduler === undefined) return void world.claim(world.messages.at(-1));
  if (run.status !== 'running') return;
  const plan = planRun(run, definition);
  const [interrupted] = plan.interrupted;
  if (interrupted !== undefined) return void world.apply({ type: 'recover_node', ...interrupted });
  const over = plan.fanOuts.find(({ isOver }) => isOver);
  if (over !== undefined) return void world.apply({ type: 'finish_fan_out', node_id: over.node.node_id, contract_kind: 'http' });
  // Limits may keep work that is ready from starting, of one list and not of another.
  if (plan.fanOuts.some(({ node, items }) => items.length > 0 && world.start({ node_id: node.node_id, item: items[0] }))) return;
  if ([...plan.waits, ...plan.ready].some((node) => begin(world, node, dice))) return;
  const [current] = Object.keys(run.checkpoint.in_progress);
  if (current !== undefined) return goOn(world, current, dice);
  const [gate] = plan.gates;
  if (gate?.when !== undefined && dice.skips && world.apply({ type: 'skip_node', node_id: gate.node_id, reason: 'its condition does not hold' })) return;
  if (gate === undefined || !world.apply({ type: 'open_gate', node_id: gate.node_id, title: 'Sign?' })) world.apply({ type: 'settle' });
};
