import fc from 'fast-check';
import type { GovernanceActor, HoldReason } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import { happening, pick } from './happening.fixture.js';
import { release } from './run-driver.fixture.js';
import { failed, succeeded } from './run-history.fixture.js';
import { guardians } from './run-guardians.fixture.js';
import { operators } from './run-operators.fixture.js';
import { recoveries } from './run-recoveries.fixture.js';
import type { JudgedEffect, PolicyOutcome } from '@cs/contracts';
import type { NodeResult } from './run.commands.js';
import { begin, deliveryTo, endFromOutside, proceed, respond, waitsOf, type Dice } from './run-steps.fixture.js';
import type { RunWorld } from './run-world.fixture.js';
import { workKey, workOfKey, type WorkRef } from './work-key.js';

type Happenings = readonly fc.Arbitrary<fc.Command<object, RunWorld>>[];

const nodeAt = (world: RunWorld, index: number): string => pick(world.definition.flow.nodes, index)?.node_id ?? '';
const waitAt = (world: RunWorld, index: number): string => pick(world.waitIds, index) ?? 'none';

const results = fc.oneof(
  { weight: 3, arbitrary: fc.constant<NodeResult>(succeeded) },
  { weight: 2, arbitrary: fc.record({ effect: fc.constantFrom('not_sent', 'answered', 'unknown'), retryable: fc.boolean() }).map((change): NodeResult => failed({ ...change, usage: { total_tokens: 7 } })) },
);
const dice: fc.Arbitrary<Dice> = fc.record({ result: results, skips: fc.boolean() });
const work = fc.record({ node: fc.nat(9), item: fc.constantFrom(undefined, undefined, 0, 1, 2) });
const workAt = (world: RunWorld, { node, item }: { node: number; item: number | undefined }): WorkRef => ({ node_id: nodeAt(world, node), ...(item === undefined ? {} : { item }) });

const judgements = fc.record({
  node: fc.nat(9), outcome: fc.constantFrom<PolicyOutcome>('allow', 'approval_required', 'approval_required', 'approval_required', 'deny'), elevated: fc.boolean(), letter: fc.constantFrom('a', 'b'),
});
const judged: JudgedEffect = {
  automation_id: 'random', node_id: 'n0', action_kind: 'http', data_classes: [], requested_by: { kind: 'human', actor_id: 'ada' }, trigger_type: 'manual', numbers: {}, texts: {}, is_partial: false, has_secret_content: false,
};

/** What runners do, also with messages, claims and attempts of the past: `kill -9` is that nobody goes on, and another takes over. */
const runners: Happenings = [
  // As often as all the rest: a run has to come somewhere before something rare can happen to it.
  ...Array.from({ length: 40 }, () => happening('proceed', dice, proceed)),
  happening('claim with an old or new message', fc.nat(9), (world, index) => void world.claim(pick(world.messages, index))),
  happening('take over', fc.constantFrom(0, 15_000), (world, laterMs) => {
    world.atMs += laterMs;
    world.claim(world.messages.at(-1));
  }),
  happening('begin any node', fc.record({ node: fc.nat(9), thrown: dice }), (world, { node, thrown }) => {
    const found = flowGraph(world.definition).nodes.get(nodeAt(world, node));
    if (found !== undefined) begin(world, found, thrown);
  }),
  happening('start any work', work, (world, ref) => void world.start(workAt(world, ref))),
  happening('finish any attempt', fc.record({ ref: work, behind: fc.constantFrom(0, 0, 0, 1), result: results }), (world, { ref, behind, result }) => {
    const at = workAt(world, ref);
    world.finish(at, (world.run.checkpoint.node_attempts[at.node_id] ?? 1) - behind, result);
  }),
  happening('finish what is in progress', fc.record({ at: fc.nat(9), result: results }), (world, { at, result }) => {
    const current = pick(Object.entries(world.run.checkpoint.in_progress), at);
    if (current !== undefined) world.finish(workOfKey(current[0]), current[1].attempt, result);
  }),
  happening('recover any work', work, (world, ref) => void world.apply({ type: 'recover_node', ...workAt(world, ref) })),
  happening('reject any node', fc.nat(9), (world, node) => void world.apply({ type: 'reject_node', node_id: nodeAt(world, node), failure: { kind: 'expression_failed', message: 'no' } })),
  happening('finish any fan-out', fc.nat(9), (world, node) => void world.apply({ type: 'finish_fan_out', node_id: nodeAt(world, node), contract_kind: 'http' })),
  happening('wait for a child', work, (world, ref) => {
    const at = workAt(world, ref);
    world.waitForChild(at, world.run.checkpoint.node_attempts[at.node_id] ?? 1);
  }),
  happening('ask a person', work, (world, ref) => {
    const at = workAt(world, ref);
    world.ask(at, world.run.checkpoint.node_attempts[workKey(at)] ?? 1);
  }),
  happening('open the waits of any node', fc.nat(9), (world, node) => {
    const node_id = nodeAt(world, node);
    world.apply({ type: 'open_waits', node_id, waits: waitsOf(flowGraph(world.definition).nodes.get(node_id)) });
  }),
  ...[1, 2].map(() => happening<RunWorld, { node: number; outcome: PolicyOutcome; elevated: boolean; letter: string }>('judge any effect', judgements, (world, { node, outcome, elevated, letter }) => {
    const node_id = nodeAt(world, node);
    const judgement = { outcome, elevated, reason_code: 'random', reason: 'random', policy_version: '1:x', policy_ids: [] };
    world.apply({ type: 'judge_effect', node_id, judgement, judged: { ...judged, node_id }, arguments_digest: `sha256:${letter.repeat(64)}` });
  })),
  happening('open any gate', fc.record({ node: fc.nat(9), letter: fc.constantFrom('a', 'b') }), (world, { node, letter }) => {
    const node_id = nodeAt(world, node);
    world.apply({ type: 'open_gate', node_id, title: 'Sign?', releases: [{ node_id, action_kind: 'http', digest: `sha256:${letter.repeat(64)}` }] });
  }),
  happening('settle', fc.constant(0), (world) => void world.apply({ type: 'settle' })),
];

/** Timers, senders and children, early and late, once and again. */
const wakers: Happenings = [
  happening('wake any wait that ever was', fc.record({ wait: fc.nat(19), passed: fc.constantFrom(0, 100) }), (world, { wait, passed }) => {
    world.atMs += passed;
    world.apply({ type: 'wake_wait', wait_id: waitAt(world, wait) });
  }),
  happening('wake everything that is due', fc.constantFrom(30, 100), (world, passed) => {
    world.atMs += passed;
    for (const { wait_id } of world.run.checkpoint.open_waits) world.apply({ type: 'wake_wait', wait_id });
  }),
  happening('deliver to any wait', fc.record({ wait: fc.nat(19), number: fc.nat(3) }), (world, { wait, number }) => void world.apply({ type: 'deliver_webhook', ...deliveryTo(waitAt(world, wait), number) })),
  happening('resolve any wait', fc.record({ wait: fc.nat(19), number: fc.nat(3) }), (world, { wait, number }) => void world.apply({ type: 'resolve_wait', wait_id: waitAt(world, wait), idempotency_key: `k-${number}`, payload: {} })),
  ...[1, 2].map(() =>
    happening<RunWorld, { wait: number; result: NodeResult; number: number }>('end an open wait from outside', fc.record({ wait: fc.nat(5), result: results, number: fc.nat(3) }), (world, { wait, ...end }) => {
      const open = pick(world.run.checkpoint.open_waits, wait);
      if (open !== undefined) endFromOutside(world, open, end);
    }),
  ),
  ...[1, 2].map(() =>
    happening<RunWorld, { wait: number; by: string; accepted: boolean; number: number }>('respond to any request', fc.record({ wait: fc.nat(19), by: fc.constantFrom('ada', 'bob'), accepted: fc.boolean(), number: fc.nat(3) }), (world, { wait, ...response }) => void respond(world, waitAt(world, wait), response)),
  ),
  happening('children that nobody waits for are cancelled', fc.constant(0), (world) => void world.apply({ type: 'release_children', run_ids: world.run.checkpoint.abandoned_children ?? [] })),
];

const admission: Happenings = [
  happening('hold', fc.constantFrom<HoldReason>('capacity', 'workspace_lock', 'rate_limit', 'automation_paused', 'governance'), (world, queue_reason) => void world.apply({ type: 'hold_launch', queue_reason })),
  happening('release what is held', fc.constant(0), release),
];

const people = fc.constantFrom<GovernanceActor>({ kind: 'human', actor_id: 'ada' }, { kind: 'human', actor_id: 'bob' }, { kind: 'human', actor_id: 'cyd' });
const decisions = fc.record({
  decision: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('approve', 'rework', 'request_changes') }, { weight: 1, arbitrary: fc.constantFrom('cancel', 'nonsense') }),
  decided_by: people, key: fc.option(fc.constantFrom('k1', 'k2', 'k3'), { nil: undefined }), opening: fc.option(fc.nat(9), { nil: undefined }),
});
const approvers: Happenings = [1, 2].map(() =>
  happening('decide', decisions, (world, { decision, decided_by, key, opening }) => {
    const gate_opening_id = opening === undefined ? undefined : pick(world.openings, opening);
    world.apply({ type: 'decide_gate', decision, decided_by, voter: decided_by.actor_id ?? '', ...(key === undefined ? {} : { command_id: key }), ...(gate_opening_id === undefined ? {} : { gate_opening_id }) });
  }),
);

/** Everything that may happen to a run, in any order. */
export const runHappenings: Happenings = [...runners, ...wakers, ...admission, ...approvers, ...operators, ...recoveries, ...guardians];
