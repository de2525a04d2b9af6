import fc from 'fast-check';
import { happening, pick } from './happening.fixture.js';
import { recoveryOf } from './run-recovery.js';
import type { RunWorld } from './run-world.fixture.js';

const ada = { kind: 'human', actor_id: 'ada' } as const;
const letters = ({ run }: RunWorld): readonly string[] => Object.keys(recoveryOf(run).dead_letters);
const compensations = ({ run }: RunWorld): readonly string[] => Object.keys(recoveryOf(run).compensations);

/** What operators and dispatchers do about what was given up, to any run at any time. */
export const recoveries: readonly fc.Arbitrary<fc.Command<object, RunWorld>>[] = [
  happening<RunWorld, { at: number; choice: string }>(
    'choose_recovery', fc.record({ at: fc.nat(5), choice: fc.constantFrom('retry_failed_effect', 'retry_failed_effect', 'abandon_with_audit', 'compensate', 'reconcile_external_effect') }),
    (world, { at, choice }) => {
      const dead_letter_id = pick(letters(world), at);
      if (dead_letter_id !== undefined) world.recover({ type: 'choose_recovery', choice, by: ada, dead_letter_id });
    },
  ),
  happening<RunWorld, number>('dispatch_retry', fc.nat(5), (world, at) => {
    const dead_letter_id = pick(letters(world), at);
    if (dead_letter_id !== undefined) world.recover({ type: 'dispatch_retry', dead_letter_id });
  }),
  happening<RunWorld, { at: number; decision: 'approve' | 'cancel' }>('decide_compensation', fc.record({ at: fc.nat(5), decision: fc.constantFrom('approve', 'approve', 'cancel') }), (world, { at, decision }) => {
    const compensation_id = pick(compensations(world), at);
    if (compensation_id !== undefined) world.recover({ type: 'decide_compensation', compensation_id, decision, by: ada });
  }),
  happening<RunWorld, number>('start_compensation', fc.nat(5), (world, at) => {
    const compensation_id = pick(compensations(world), at);
    const before = compensation_id === undefined ? undefined : recoveryOf(world.run).compensations[compensation_id];
    if (compensation_id === undefined || !world.recover({ type: 'start_compensation', compensation_id, claimed_by: 'runner-1', lease_ms: 100 })) return;
    const after = recoveryOf(world.run).compensations[compensation_id];
    if (after !== before && before?.status !== 'approved' && before?.status !== 'running') throw new Error('broken: a compensation is executed only when it was approved');
  }),
];
