import { runAggregate } from '@cs/automation-application';
import type { RunState } from '@cs/automation-domain';
import { unwritten } from '@cs/eventing';
import { noPosition, toPosition, type Json } from '@cs/kernel';
import type { Remembered, RunKey } from './projection-memory.js';
import { partsRead, withParts, type PartTexts } from './run-parts.js';

interface WrittenRun extends RunKey {
  readonly version: number;
  readonly position: number;
  /** The row's record, as JSON. */
  readonly record: string;
  /** What of it stands beside it. */
  readonly parts: PartTexts;
}

const readState = (record: Json, parts: PartTexts): RunState => {
  try {
    return runAggregate.readState(withParts(record, parts));
  } catch {
    return undefined;
  }
};

const bytesOf = (parts: PartTexts): number => Object.values(parts ?? {}).reduce((sum, { length }) => sum + length, 0);

/**
 * A run as it was written. A record that this release cannot read counts as not folded, so that the
 * next commit that carries its state restores it.
 */
export const restoreRun = ({ org_id, workspace_id, run_id, version, position, ...written }: WrittenRun): Remembered['runs'][number] => {
  const record = JSON.parse(written.record) as Json;
  const state = readState(record, written.parts);
  const empty = unwritten(runAggregate, { org_id, workspace_id, aggregate: 'run', id: run_id });
  return {
    loaded: { ...empty, state, version, position: state === undefined ? noPosition : toPosition(position) },
    bytes: written.record.length + bytesOf(written.parts), parts: state === undefined ? [] : partsRead(state, record, written.parts),
  };
};
