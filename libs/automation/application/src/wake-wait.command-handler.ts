import { dueAtMs } from '@cs/automation-domain';
import type { AggregateRef, OpenWait, Run } from '@cs/contracts';
import { done, retryLater, type ConsumerOutcome } from '@cs/eventing';
import { commandWait, loadRun, type WakeOptions } from './wait-ending.js';

const openWaitOf = (run: Run | undefined, waitId: string): OpenWait | undefined => run?.checkpoint.open_waits.find(({ wait_id }) => wait_id === waitId);

/** Sooner than this, the message that is at hand comes again; later, a timer does. */
const longestRetryMs = 5000;
const shortestRetryMs = 10;

/** A timer fired before its time by this runner's clock, or the wait goes on after a reminder. */
const notDueYet = async ({ eventing, timers }: WakeOptions, ref: AggregateRef, wait: OpenWait | undefined): Promise<ConsumerOutcome> => {
  const due = wait && dueAtMs(wait);
  if (wait === undefined || due === undefined) return done;
  const left = due - eventing.clock();
  if (left <= longestRetryMs) return retryLater(Math.max(shortestRetryMs, left), `wait "${wait.wait_id}" is not due`);
  await timers.schedule(ref, wait.wait_id, due);
  return done;
};

/**
 * Ends a wait whose time has come, or does what its timeout says. Waits that ended already, and runs
 * that are finished, stay as they are. A wait that goes on has its next timer before this resolves.
 */
export const wakeWait = async (options: WakeOptions, ref: AggregateRef, waitId: string): Promise<ConsumerOutcome> => {
  const loaded = await loadRun(options, ref);
  if (loaded.state === undefined) return done;
  const result = await commandWait(options, { loaded, run: loaded.state, command: { type: 'wake_wait', wait_id: waitId } });
  if (result.kind === 'contended') return retryLater(100, 'the run is being written to');
  if (result.kind === 'refused') return await notDueYet(options, ref, openWaitOf(result.loaded.state, waitId));
  const wait = openWaitOf(result.loaded.state, waitId);
  const due = wait && dueAtMs(wait);
  if (result.changed && wait !== undefined && due !== undefined) await options.timers.schedule(ref, waitId, due);
  return done;
};
