import { dueAtMs, gateDueAtMs } from '@cs/automation-domain';
import type { AggregateRef, GovernanceActor, Run } from '@cs/contracts';
import type { RunRefusal } from '@cs/automation-domain';
import { done, retryLater, type ConsumerOutcome, type Executed } from '@cs/eventing';
import { commandWait, loadRun, type LoadedRun, type WakeOptions } from './wait-ending.js';

/** When time next asks something of a wait of the run, or of its gate; `undefined` when it is over or never due. */
const dueOf = (run: Run | undefined, waitId: string): number | undefined => {
  const gate = run?.checkpoint.awaiting_gate;
  if (gate?.wait_id === waitId) return gateDueAtMs(gate);
  const wait = run?.checkpoint.open_waits.find(({ wait_id }) => wait_id === waitId);
  return wait && dueAtMs(wait);
};

/** Who acts when time does. */
const timer: GovernanceActor = { kind: 'system', source: 'runner' };

/** Sooner than this, the message that is at hand comes again; later, a timer does. */
const longestRetryMs = 5000;
const shortestRetryMs = 10;

/** A timer fired before its time by this runner's clock, or the wait goes on after a reminder. */
const notDueYet = async ({ eventing, timers }: WakeOptions, ref: AggregateRef, { waitId, due }: { readonly waitId: string; readonly due: number | undefined }): Promise<ConsumerOutcome> => {
  if (due === undefined) return done;
  const left = due - eventing.clock();
  if (left <= longestRetryMs) return retryLater(Math.max(shortestRetryMs, left), `wait "${waitId}" is not due`);
  await timers.schedule(ref, waitId, due);
  return done;
};

type Woken = Executed<Run | undefined, RunRefusal>;

const wake = async (options: WakeOptions, loaded: LoadedRun | undefined, wait_id: string): Promise<Woken | undefined> =>
  loaded?.state === undefined ? undefined : await commandWait(options, { loaded, run: loaded.state, command: { type: 'wake_wait', wait_id }, actor: timer });

/** What is remembered of a run may be old: it counts when a commit on top of it was taken, and never to say that there is nothing to do. */
const wakeRemembered = async (options: WakeOptions, ref: AggregateRef, wait_id: string): Promise<Woken | undefined> => {
  const woken = await wake(options, options.recent?.take(ref), wait_id);
  return woken?.kind === 'accepted' && woken.changed ? woken : undefined;
};

/**
 * Ends a wait whose time has come, or does what its timeout says. Waits that ended already, and runs
 * that are finished, stay as they are. A wait that goes on has its next timer before this resolves.
 */
export const wakeWait = async (options: WakeOptions, ref: AggregateRef, waitId: string): Promise<ConsumerOutcome> => {
  const result = (await wakeRemembered(options, ref, waitId)) ?? (await wake(options, await loadRun(options, ref), waitId));
  if (result === undefined) return done;
  if (result.kind === 'contended') return retryLater(100, 'the run is being written to');
  const due = dueOf(result.loaded.state, waitId);
  if (result.kind === 'refused' || !result.changed) return await notDueYet(options, ref, { waitId, due });
  options.recent?.remember(result.loaded);
  if (due !== undefined) await options.timers.schedule(ref, waitId, due);
  return done;
};
