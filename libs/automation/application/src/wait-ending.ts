import { decideRun, isParked, type RunCommand, type RunRefusal } from '@cs/automation-domain';
import type { AggregateRef, EndedWait, GovernanceActor, Run } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type Executed, type Loaded } from '@cs/eventing';
import type { DefinitionLibrary } from './definition-library.js';
import type { RecentRuns } from './recent-runs.js';
import { runAggregate } from './run.aggregate.js';
import type { RunChanges, Timers } from './timers.port.js';

export interface WakeOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly changes: RunChanges;
  readonly timers: Timers;
  /** Saves reading runs that this process wrote last. Absent: every run is read. */
  readonly recent?: RecentRuns;
}

export type WaitCommand = Extract<RunCommand, { readonly wait_id: string }>;
export type LoadedRun = Loaded<Run | undefined>;

/** The run as the log has it. */
export const loadRun = ({ eventing }: Pick<WakeOptions, 'eventing'>, ref: AggregateRef): Promise<LoadedRun> => loadAggregate({ store: eventing.store, aggregate: runAggregate }, ref);

/** Ends a wait of a run, or tries to, and tells the runner that executes it, if one does. */
export const commandWait = async (
  { eventing, definitions, changes }: WakeOptions,
  { loaded, run, command, actor }: { readonly loaded: LoadedRun; readonly run: Run; readonly command: WaitCommand; readonly actor?: GovernanceActor },
): Promise<Executed<Run | undefined, RunRefusal>> => {
  const definition = await definitions.get(loaded.ref, run.workflow_definition_snapshot_hash);
  let wasParked = false;
  const result = await executeCommand(loaded.ref, {
    eventing, aggregate: runAggregate, loaded, context: { causation_id: command.wait_id, correlation_id: run.automation_id, ...(actor === undefined ? {} : { actor }) },
    decide: (state, at_ms) => {
      wasParked = state !== undefined && isParked(state);
      return decideRun(command, state, { at_ms, definition });
    },
  });
  // A parked run became queued, which the runners hear; one that is executing has to be told.
  if (result.kind === 'accepted' && result.changed && !wasParked) changes.announce(loaded.ref.id);
  return result;
};

export const endedWait = (run: Run | undefined, wait_id: string): EndedWait | undefined => run?.checkpoint.ended_waits?.find((ended) => ended.wait_id === wait_id);
