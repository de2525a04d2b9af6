import { runAggregate } from '@cs/automation-application';
import type { RunState } from '@cs/automation-domain';
import { unwritten, type Loaded } from '@cs/eventing';
import { noPosition, toPosition, type Json } from '@cs/kernel';
import type { RunKey } from './projection-memory.js';

interface WrittenRun extends RunKey {
  readonly version: number;
  readonly position: number;
  /** The row's record, as JSON. */
  readonly record: string;
}

const readState = (record: string): RunState => {
  try {
    return runAggregate.readState(JSON.parse(record) as Json);
  } catch {
    return undefined;
  }
};

/**
 * A run as it was written. A record that this release cannot read counts as not folded, so that the
 * next commit that carries its state restores it.
 */
export const restoreRun = ({ org_id, workspace_id, run_id, version, position, record }: WrittenRun): { readonly loaded: Loaded<RunState>; readonly bytes: number } => {
  const state = readState(record);
  const empty = unwritten(runAggregate, { org_id, workspace_id, aggregate: 'run', id: run_id });
  return { loaded: { ...empty, state, version, position: state === undefined ? noPosition : toPosition(position) }, bytes: record.length };
};
