import fc from 'fast-check';
import { holdReasonSchema } from '@cs/contracts';
import { guardrailStop } from './guardrail.decider.js';
import { succeeded } from './run-history.fixture.js';
import { holds } from './run-invariants.fixture.js';
import { endFromOutside, proceed } from './run-steps.fixture.js';
import type { RunWorld } from './run-world.fixture.js';
import { holdOf, isFinished, isHeld, isParked } from './run.state.js';
import { byDueTime, dueAtMs } from './wait-due.js';

/** What people say in the end. */
export interface Verdicts {
  readonly reworks: number;
  readonly verdict: 'approve' | 'cancel';
}
export const verdicts: fc.Arbitrary<Verdicts> = fc.record({ reworks: fc.nat(2), verdict: fc.constantFrom('approve', 'approve', 'cancel') });

/** Who held the run lets it go. */
export const release = (world: RunWorld): void => {
  const hold = holdOf(world.run);
  if (hold === undefined) return;
  holds(world.apply({ type: 'release_launch', queue_reason: holdReasonSchema.parse(hold.queue_reason) }), 'a held run is released', () => hold);
};

/** A sender or a child ends the wait, or its time comes. */
const endWait = (world: RunWorld, number: number): void => {
  const [wait] = [...world.run.checkpoint.open_waits].sort(byDueTime);
  if (wait === undefined) return;
  if (endFromOutside(world, wait, { result: succeeded, number })) return;
  world.atMs = Math.max(world.atMs, dueAtMs(wait) ?? 0);
  holds(world.apply({ type: 'wake_wait', wait_id: wait.wait_id }), 'a wait that is due ends', () => wait);
};

/** Somebody decides, unless the time is over: then that is what happens. */
const answer = (world: RunWorld, { decision, voter }: { readonly decision: string; readonly voter: string }): void => {
  if (world.apply({ type: 'decide_gate', decision, voter, decided_by: { kind: 'human', actor_id: voter } })) return;
  world.apply({ type: 'wake_wait', wait_id: world.run.checkpoint.awaiting_gate?.wait_id ?? '' });
};

const ample = { max_total_tool_calls: 1_000_000, max_total_tokens: 1_000_000_000 };

const advance = (world: RunWorld, { verdict, isRework, turn }: { readonly verdict: string; readonly isRework: boolean; readonly turn: number }): void => {
  const { run } = world;
  if (run.status === 'awaiting_approval') return answer(world, { decision: isRework ? 'rework' : verdict, voter: `dan-${turn}` });
  if (isHeld(run)) return release(world);
  if (run.status === 'pausing') return void world.operate({ type: 'settle_pause' });
  if (run.stop_kind === guardrailStop) return void world.apply({ type: 'override_guardrails', limits: ample, approved_by: { kind: 'human', actor_id: 'dan' } });
  if (run.status === 'paused' && !isParked(run)) return void world.operate({ type: 'resume_run' });
  if (run.status === 'paused' || (run.status === 'queued' && run.scheduler !== undefined)) return endWait(world, 1000 + turn);
  proceed(world, { result: succeeded, skips: false });
};

/** Everybody does what they should: runners, timers, senders, operators who resume, and people who decide in the end. */
export const drive = (world: RunWorld, { reworks, verdict }: Verdicts): void => {
  let left = reworks;
  for (let turn = 0; turn < 800 && !isFinished(world.run.status); turn += 1) {
    const before = world.run.version;
    // A gate that a policy opened at a step without anything before it cannot be sent back.
    const isRework = world.run.status === 'awaiting_approval' && left > 0 && world.run.checkpoint.awaiting_gate?.decisions.includes('rework') === true;
    advance(world, { verdict, isRework, turn });
    if (isRework) left -= 1;
    if (world.run.version === before) throw new Error(`nothing can happen to a run that is ${world.run.status} (${world.run.pause_reason})`);
  }
};
