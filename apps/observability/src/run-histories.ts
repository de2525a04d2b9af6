import type { StatefulSnapshot } from '@cs/contracts';
import type { Reader, SnapshotRange } from '@cs/read-models';
import type { ImportedRuns } from './imported-runs.js';
import type { RunSnapshots } from './run-snapshots.js';

/** What runs were, by where they ran: here, or in another system. */
export interface RunHistories {
  readonly own: RunSnapshots;
  readonly imported: ImportedRuns;
}

/** Snapshots of a run in ascending `seq`, of an imported one where none of ours has the id; `undefined` when the reader sees no such run. */
export const snapshotsOf = async ({ own, imported }: RunHistories, reader: Reader, { run_id, ...range }: SnapshotRange & { readonly run_id: string }): Promise<readonly StatefulSnapshot[] | undefined> =>
  (await own.snapshots(reader, run_id, range)) ?? imported.snapshots(reader, run_id, range);
