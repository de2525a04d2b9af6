import type { StatefulSnapshot } from '@cs/contracts';
import { JsonText, jsonArrayText } from '@cs/kernel';
import { newestThatFit, writeSnapshot, type ProjectionQueries, type Reader, type SnapshotRange } from '@cs/read-models';
import type { ImportedRuns } from './imported-runs.js';
import type { RunSnapshots } from './run-snapshots.js';

/** What runs were, by where they ran: here, or in another system. */
export interface RunHistories {
  readonly runs: Pick<ProjectionQueries, 'run'>;
  readonly own: RunSnapshots;
  readonly imported: ImportedRuns;
}

/** Whether the reader sees such a run, wherever it ran. */
export const hasRun = async ({ runs, imported }: RunHistories, reader: Reader, run_id: string): Promise<boolean> =>
  (await runs.run(reader, run_id)) !== undefined || (await imported.has(reader, run_id));

/** Snapshots of a run in ascending `seq`, of an imported one where none of ours has the id; `undefined` when the reader sees no such run. */
export const snapshotsOf = async ({ own, imported }: RunHistories, reader: Reader, { run_id, ...range }: SnapshotRange & { readonly run_id: string }): Promise<readonly StatefulSnapshot[] | undefined> =>
  (await own.snapshots(reader, run_id, range)) ?? imported.snapshots(reader, run_id, range);

/** All snapshots of one answer together. Beside them an answer holds the events of a run, and a message between services 8 MiB. */
const snapshotBytes = 3 * 1024 * 1024;

/** The newest of snapshots that one answer holds, as they are sent. */
export const newestWritten = (snapshots: readonly StatefulSnapshot[]): { readonly snapshots: JsonText<readonly StatefulSnapshot[]>; readonly count: number } => {
  const shown = newestThatFit(snapshots.map(writeSnapshot), snapshotBytes);
  return { snapshots: new JsonText(jsonArrayText(shown.map(({ json }) => json))), count: shown.length };
};
