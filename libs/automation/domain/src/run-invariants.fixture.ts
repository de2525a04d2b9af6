import { isDeepStrictEqual } from 'node:util';
import { runSchema, type AutomationDefinition, type Run, type RunEvent } from '@cs/contracts';
import { ancestors, descendants, flowGraph, isApprovalNode } from './flow-graph.js';
import { effectIdOf } from './node-generation.js';
import { isFinished, type RunState } from './run.state.js';
import { dueAtMs } from './wait-due.js';
import { workKey, workOfKey } from './work-key.js';
import type { RunWorld } from './run-world.fixture.js';

/** Checked thousands of times: plain comparisons, and a message only when one fails. */
export const holds = (condition: boolean, invariant: string, seen: () => unknown = () => ''): void => {
  if (!condition) throw new Error(`broken: ${invariant} ${JSON.stringify(seen())}`);
};

const sorted = (ids: readonly string[]): readonly string[] => [...ids].sort();
const isUnique = (ids: readonly string[]): boolean => new Set(ids).size === ids.length;

/** Domain 3.2, invariants 1 to 5: what a status may have beside it. */
const checkStatus = (run: Run, before: RunState): void => {
  holds(!('scheduler' in run) || run.status === 'queued', 'only a queued run has a scheduler');
  holds('execution_claim' in run === (run.status === 'running' || run.status === 'pausing'), 'exactly a run that runs or is about to pause has a claim');
  holds('finished_at_ms' in run === isFinished(run.status), 'exactly a finished run has the time of its end');
  holds(run.status !== 'awaiting_approval' || run.checkpoint.awaiting_gate !== undefined, 'a run that awaits approval has an open gate');
  holds(run.checkpoint.awaiting_gate === undefined || run.status === 'awaiting_approval' || run.status === 'cancelled', 'a gate is open in a run that awaits approval, or was cancelled there');
  holds(run.updated_at_ms >= (before?.updated_at_ms ?? 0), 'time never goes back');
  holds(!isFinished(run.status) || Object.keys(run.checkpoint.in_progress).length === 0, 'nothing is in progress in a run that has ended', () => run.checkpoint.in_progress);
};

const checkWork = ({ checkpoint }: Run): void => {
  const { completed_nodes, pending_nodes, in_progress, open_waits } = checkpoint;
  holds(isUnique(open_waits.map((wait) => `${workKey(wait)} ${wait.branch ?? ''}`)), 'a node, item or branch has one open wait', () => open_waits);
  holds(isUnique(open_waits.map(({ wait_id }) => wait_id)), 'each wait has an id of its own', () => open_waits);
  holds(open_waits.every((wait) => pending_nodes.includes(wait.node_id) && !(workKey(wait) in in_progress)), 'a node that waits is pending and not in progress', () => open_waits);
  holds(completed_nodes.every((id) => checkpoint.node_outputs[id]?.status === 'completed' || checkpoint.node_outputs[id]?.status === 'skipped'), 'a completed node has its output', () => completed_nodes);
  for (const [key, { attempt }] of Object.entries(in_progress)) {
    holds(pending_nodes.includes(workOfKey(key).node_id) && attempt === checkpoint.node_attempts[key], 'what is in progress is pending, in its last attempt', () => key);
  }
};

const checkFanOuts = ({ checkpoint }: Run, definition: AutomationDefinition): void => {
  for (const [node_id, { items, next_item, open_items, unsuccessful }] of Object.entries(checkpoint.fan_outs ?? {})) {
    const most = flowGraph(definition).nodes.get(node_id)?.for_each?.max_parallel ?? 1;
    holds(checkpoint.pending_nodes.includes(node_id), 'a node whose items are done one by one is pending', () => node_id);
    holds(open_items.length <= Math.max(most, 1) + Object.keys(unsuccessful).length && isUnique(open_items.map(String)), 'no more items are open than may be', () => open_items);
    holds(next_item <= items.length && open_items.every((item) => item < next_item && !(String(item) in unsuccessful)), 'an open item began and has not ended', () => [next_item, open_items, unsuccessful]);
  }
};

const checkChildren = ({ checkpoint: { open_waits, abandoned_children = [] } }: Run): void => {
  const awaited = open_waits.flatMap(({ child_run_id }) => (child_run_id === undefined ? [] : [child_run_id]));
  holds(isUnique([...awaited, ...abandoned_children]), 'a child is waited for once, or abandoned', () => [awaited, abandoned_children]);
};

const checkNodes = ({ checkpoint }: Run, definition: AutomationDefinition): void => {
  const { completed_nodes, pending_nodes, blocked_nodes, awaiting_gate } = checkpoint;
  const all = sorted(definition.flow.nodes.map(({ node_id }) => node_id));
  holds(isDeepStrictEqual(sorted([...completed_nodes, ...pending_nodes]), all), 'every node is either completed or pending, once', () => checkpoint);
  const mayBlock = new Set([...pending_nodes, ...(awaiting_gate ? descendants(definition, [awaiting_gate.node_id]) : [])]);
  holds(isUnique(blocked_nodes) && blocked_nodes.every((id) => mayBlock.has(id)), 'a blocked node is pending or behind the gate', () => blocked_nodes);
  const unknown = Object.entries(checkpoint.node_outputs).filter(([, { status }]) => status === 'blocked');
  holds(unknown.every(([id]) => blocked_nodes.includes(id)), 'a node whose effect is unknown is blocked', () => unknown);
};

const checkGates = ({ checkpoint }: Run): void => {
  const settled = checkpoint.gate_history.map(({ gate_opening_id }) => gate_opening_id);
  holds(isUnique(settled), 'an opening of a gate is decided once', () => settled);
  holds(!settled.includes(checkpoint.awaiting_gate?.gate_opening_id ?? ''), 'an open gate is not decided', () => settled);
};

/** What holds of every run at every time, whoever does what to it. */
export const checkRun = ({ run, events, definition }: RunWorld, before: RunState): void => {
  checkStatus(run, before);
  checkWork(run);
  checkFanOuts(run, definition);
  checkChildren(run);
  checkNodes(run, definition);
  checkGates(run);
  holds(run.version === events.length, 'the version is the number of events');
  // What the log carries is JSON, and what is read back from it is the same run.
  const stored: unknown = JSON.parse(JSON.stringify(run));
  holds(isDeepStrictEqual(stored, run), 'a run is JSON', () => run);
  holds(isDeepStrictEqual(runSchema.parse(stored), run), 'the schema of a run takes it as it is', () => run);
};

/** Decisions that let a run go on; the second one is that of time. */
const passes: ReadonlySet<string> = new Set(['approve', 'timeout_resume']);

const lastDecision = (run: Run, node_id: string): string | undefined => run.checkpoint.gate_history.findLast((record) => record.node_id === node_id)?.decision;

/** No work before what it depends on is complete, and none behind a gate whose last decision is not an approval. */
const checkStart = (definition: AutomationDefinition, run: Run, node_id: string): void => {
  const { nodes } = flowGraph(definition);
  holds(nodes.get(node_id)?.depends_on.every((id) => run.checkpoint.completed_nodes.includes(id)) === true, 'a node starts after what it depends on', () => node_id);
  for (const id of ancestors(definition, node_id)) {
    const upstream = nodes.get(id);
    const isSkipped = run.checkpoint.node_outputs[id]?.status === 'skipped';
    holds(!upstream || !isApprovalNode(upstream) || isSkipped || passes.has(lastDecision(run, id) ?? ''), 'a node behind a gate starts after its approval', () => [node_id, id]);
  }
};

const startOf = (event: RunEvent): string | undefined => {
  if (event.event_type === 'node_started') return event.data.node_id;
  if (event.event_type === 'wait_node_registered') return event.data.wait.node_id;
  return event.event_type === 'approval_gate_opened' ? event.data.gate.node_id : undefined;
};

interface Decided {
  readonly before: RunState;
  readonly events: readonly RunEvent[];
}

/** A gate is done by the decision on its own opening, and by nothing that was decided before (W6). */
const checkApproval = ({ definition }: RunWorld, { before, events }: Decided): void => {
  for (const event of events) {
    const node = event.event_type === 'node_completed' ? flowGraph(definition).nodes.get(event.data.node_id) : undefined;
    if (node === undefined || !isApprovalNode(node)) continue;
    const opening = before?.checkpoint.awaiting_gate?.gate_opening_id;
    const isApproved = events.some(({ event_type, data }) => event_type === 'approval_gate_decided' && data.gate_opening_id === opening && passes.has(data.decision));
    holds(opening !== undefined && isApproved, 'a gate is completed by an approval of its open opening', () => event);
  }
};

/** Nothing that a policy holds begins, and an approval is used for one effect, of what was approved (domain 10.2). */
const checkPolicy = (before: RunState, event: RunEvent, at_ms: number): void => {
  const held = before?.checkpoint.policy_holds ?? {};
  if (event.event_type === 'node_started') {
    const isRecovered = workKey(event.data) in (before?.checkpoint.in_progress ?? {});
    holds(!(event.data.node_id in held) || isRecovered, 'a node that a policy holds does not start', () => event);
  }
  if (event.event_type !== 'policy_approval_used') return;
  const { node_id, approval_id, effect_id, arguments_digest } = event.data;
  const record = before?.checkpoint.gate_history.find(({ gate_opening_id }) => gate_opening_id === approval_id);
  const isOfThis = record?.releases?.some((release) => release.node_id === node_id && release.digest === arguments_digest) === true;
  holds(record?.decision === 'approve' && isOfThis, 'what goes out was approved', () => event);
  holds((record?.approval_expires_at_ms ?? Infinity) > at_ms, 'an approval is used in its time', () => event);
  holds((before?.checkpoint.approval_uses?.[`${approval_id}#${node_id}`] ?? effect_id) === effect_id, 'an approval is used for one effect', () => event);
};

/** Each wait, and each opening of a gate, happens once: what ended it can never end another. */
const checkOnce = (world: RunWorld, event: RunEvent): void => {
  if ('wait' in event.data) {
    holds(!world.waitIds.includes(event.data.wait.wait_id), 'a wait that ended does not come back', () => event);
  }
  if (event.event_type === 'approval_gate_opened') holds(!world.openings.includes(event.data.gate.gate_opening_id), 'a gate opens anew each time', () => event);
};

const checkWaking = (before: RunState, event: RunEvent, at_ms: number): void => {
  if (event.event_type !== 'stateful_wait_woken_requeued') return;
  const wait = before?.checkpoint.open_waits.find(({ wait_id }) => wait_id === event.data.wait_id);
  holds(wait !== undefined, 'a wait ends while it is open', () => event);
  const isTimed = wait?.wait_kind === 'timer' || wait?.wait_kind === 'retry_backoff';
  holds(!isTimed || (dueAtMs(wait) ?? Infinity) <= at_ms, 'a timer does not end before its time', () => event);
};

/** An effect that may have happened is never taken for one that did not: when its work fails there is a dead letter that says so. */
const checkLost = ({ effects }: RunWorld, { before, events }: Decided): void => {
  const lettered = events.flatMap((event) => (event.event_type === 'effect_dead_lettered' ? [event.data] : []));
  for (const { effect_id, outcome } of lettered) holds(outcome === 'unknown' || !effects.isLost(effect_id), 'what may have happened is not said to have failed', () => effect_id);
  for (const event of events) {
    const effect = event.event_type === 'node_started' || event.event_type === 'node_completed' ? before?.checkpoint.in_progress[workKey(event.data)]?.effect : undefined;
    if (event.event_type === 'node_started' && effect !== undefined) effects.lost(effect);
    if (event.event_type === 'node_completed' && effect !== undefined) effects.found(effect.effect_id);
    if (event.event_type === 'node_effect_reconciled') effects.found(event.data.effect_id);
    if (event.event_type !== 'node_failed' || before === undefined) continue;
    const effect_id = effectIdOf(before, event.data);
    holds(!effects.isLost(effect_id) || lettered.some((letter) => letter.effect_id === effect_id), 'what may have happened leaves a dead letter', () => event);
  }
};

const countClaims = (events: readonly RunEvent[]): number => events.filter(({ event_type }) => event_type === 'run_execution_claimed').length;

/** What holds of every commit: `before` is the run that it was decided on. */
export const checkEvents = (world: RunWorld, { before, events }: Decided): void => {
  const { run, definition, effects } = world;
  holds(run.execution_claim_epoch === (before?.execution_claim_epoch ?? 0) + countClaims(events), 'the epoch grows by one with every claim, and by nothing else');
  checkApproval(world, { before, events });
  checkLost(world, { before, events });
  for (const event of events) {
    const started = startOf(event);
    if (started !== undefined) checkStart(definition, before ?? run, started);
    if (event.event_type === 'node_started') {
      const node = flowGraph(definition).nodes.get(event.data.node_id);
      holds(node !== undefined && !isApprovalNode(node), 'a gate is not executed', () => event);
      if (event.data.effect) effects.sent(event.data, run.checkpoint.node_generations[event.data.node_id] ?? 0, event.data.effect);
    }
    checkPolicy(before, event, world.atMs);
    checkWaking(before, event, world.atMs);
    if (event.event_type === 'approval_gate_opened') holds(Object.keys(before?.checkpoint.in_progress ?? {}).length === 0, 'a gate opens when nothing runs');
  }
};

/** What holds of every commit, judged before it is folded. */
export const checkNew = (world: RunWorld, events: readonly RunEvent[]): void => {
  for (const event of events) checkOnce(world, event);
};
