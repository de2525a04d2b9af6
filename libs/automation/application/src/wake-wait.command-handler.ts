import { decideRun, isParked } from '@cs/automation-domain';
import type { AggregateRef, Run } from '@cs/contracts';
import { done, executeCommand, retryLater, type ConsumerOutcome, type Eventing } from '@cs/eventing';
import type { DefinitionLibrary } from './definition-library.js';
import { runAggregate } from './run.aggregate.js';
import { loadAggregate } from '@cs/eventing';
import type { RunChanges } from './timers.port.js';

export interface WakeOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly changes: RunChanges;
}

/** A timer fired before its time by this runner's clock: it comes again then. */
const early = (run: Run | undefined, waitId: string, now: number): number =>
  Math.max(10, (run?.checkpoint.open_waits.find(({ wait_id }) => wait_id === waitId)?.wake_at_ms ?? now) - now);

/** Ends a wait whose time has come. Waits that ended already, and runs that are finished, stay as they are. */
export const wakeWait = async ({ eventing, definitions, changes }: WakeOptions, ref: AggregateRef, waitId: string): Promise<ConsumerOutcome> => {
  const loaded = await loadAggregate({ store: eventing.store, aggregate: runAggregate }, ref);
  const { state } = loaded;
  if (state === undefined) return done;
  const definition = await definitions.get(ref, state.workflow_definition_snapshot_hash);
  let wasParked = false;
  const result = await executeCommand(ref, {
    eventing, aggregate: runAggregate, loaded, context: { causation_id: waitId, correlation_id: state.automation_id },
    decide: (run, at_ms) => {
      wasParked = run !== undefined && isParked(run);
      return decideRun({ type: 'wake_wait', wait_id: waitId }, run, { at_ms, definition });
    },
  });
  if (result.kind === 'contended') return retryLater(100, 'the run is being written to');
  if (result.kind === 'refused') return retryLater(early(result.loaded.state, waitId, eventing.clock()), result.refusal.message);
  // A parked run became queued, which the runners hear; one that is executing has to be told.
  if (result.changed && !wasParked) changes.announce(ref.id);
  return done;
};
