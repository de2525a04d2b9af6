import fc from 'fast-check';
import type { GuardrailLimits } from '@cs/contracts';
import { happening, pick } from './happening.fixture.js';
import type { RunWorld } from './run-world.fixture.js';
import type { WatchCommand } from './supervision.commands.js';

/** Longer than any run may be quiet. */
const longMs = 11 * 60_000;

/** The engine looks after the run, when there is reason to and when there is none. */
const looksAfter = (...types: readonly Exclude<WatchCommand['type'], 'renew_queue_message'>[]) =>
  types.map((type) => happening<RunWorld, number>(type, fc.constantFrom(0, longMs), (world, passed) => {
    world.atMs += passed;
    world.apply({ type });
  }));

const limits: fc.Arbitrary<GuardrailLimits> = fc.oneof(
  fc.record({ max_total_tool_calls: fc.integer({ min: 1, max: 20 }) }), fc.record({ max_total_tokens: fc.integer({ min: 1, max: 2000 }) }),
  fc.constant({ max_total_tool_calls: 1000, max_total_tokens: 1_000_000 }),
);

/** Who guards a run: limits, reports of what it used, people who raise limits, and the engine that finds it quiet, lost, or interrupted. */
export const guardians: readonly fc.Arbitrary<fc.Command<object, RunWorld>>[] = [
  ...looksAfter('reap_stale', 'auto_resume', 'settle_pausing_on_restart', 'interrupt_for_shutdown', 'reap_stale', 'auto_resume'),
  ...[1, 2].map(() => happening<RunWorld, number>('it goes quiet, and an operator recovers it', fc.constant(0), (world) => {
    world.atMs += longMs;
    if (world.apply({ type: 'reap_stale' })) world.operate({ type: 'recover_run' });
  })),
  happening('renew the queue message', fc.record({ behind: fc.constantFrom(0, 0, 1), passed: fc.constantFrom(0, longMs) }), (world, { behind, passed }) => {
    world.atMs += passed;
    world.apply({ type: 'renew_queue_message', version: world.run.version - behind });
  }),
  happening('report usage', fc.record({ report: fc.nat(3), node: fc.nat(9), tokens: fc.nat(200) }), (world, { report, node, tokens }) => {
    world.apply({ type: 'record_usage', usage_id: `u-${report}`, node_id: pick(world.definition.flow.nodes, node)?.node_id ?? '', usage: { total_tokens: tokens } });
  }),
  happening('set limits', fc.record({ limits, kind: fc.constantFrom('human' as const, 'agent' as const) }), (world, { limits: wanted, kind }) => {
    world.apply({ type: 'override_guardrails', limits: wanted, approved_by: { kind, actor_id: 'ada' } });
  }),
  happening('time asks something of the gate', fc.constantFrom(0, 1000, 4000, longMs), (world, passed) => {
    const gate = world.run.checkpoint.awaiting_gate;
    world.atMs += passed;
    if (gate !== undefined) world.apply({ type: 'wake_wait', wait_id: gate.wait_id });
  }),
];
