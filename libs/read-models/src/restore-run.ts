import { runAggregate } from '@cs/automation-application';
import type { RunState } from '@cs/automation-domain';
import { unwritten } from '@cs/eventing';
import { noPosition, toPosition, type Json } from '@cs/kernel';
import type { Remembered, RunKey } from './projection-memory.js';
import { partsRead, withParts, type PartTexts, type RunPart } from './run-parts.js';

interface WrittenRun extends RunKey {
  readonly version: number;
  readonly position: number;
  /** The row's record, as JSON. */
  readonly record: string;
  /** What of it stands beside it. */
  readonly parts: PartTexts;
}

const readRecord = ({ record, parts }: Pick<WrittenRun, 'record' | 'parts'>): { readonly state: RunState; readonly kept: readonly RunPart[] } => {
  try {
    const named = JSON.parse(record) as Json;
    const state = runAggregate.readState(withParts(named, parts));
    return { state, kept: state === undefined ? [] : partsRead(state, named, parts) };
  } catch {
    return { state: undefined, kept: [] };
  }
};

const bytesOf = (parts: PartTexts): number => Object.values(parts ?? {}).reduce((sum, { length }) => sum + length, 0);

/**
 * A run as it was written. A record that this release cannot read counts as not folded, so that the
 * next commit that carries its state restores it.
 */
export const restoreRun = ({ org_id, workspace_id, run_id, version, position, ...written }: WrittenRun): Remembered['runs'][number] => {
  const { state, kept } = readRecord(written);
  const empty = unwritten(runAggregate, { org_id, workspace_id, aggregate: 'run', id: run_id });
  return {
    loaded: { ...empty, state, version, position: state === undefined ? noPosition : toPosition(position) },
    bytes: written.record.length + bytesOf(written.parts), parts: kept,
  };
};
