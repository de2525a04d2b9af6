import type { LogReader } from '@cs/eventing';
import type { Position } from '@cs/kernel';
import type { GenerationSource } from '@cs/postgres';
import type { ProjectionStore, RowChanges } from '@cs/read-models';
import { ArchiveReader } from './archive-reader.js';

/** What a generation of the projections is filled from. */
export interface RebuildSource {
  readonly kind: GenerationSource;
  readonly reader: LogReader;
  /** How far it goes now. */
  readonly end: () => Promise<Position>;
  /** The rows of the archive that the generation has to hold. */
  readonly archived: (rows: RowChanges['archive']) => RowChanges['archive'];
}

/** From the archive that the database has already. Of it, the generation holds only what it now says differently. */
export const fromArchive = (store: ProjectionStore): RebuildSource => {
  const reader = new ArchiveReader(store);
  return {
    kind: 'archive', reader, end: async () => (await store.progress()).projected,
    archived: (rows) => rows.filter(({ position, problem }) => problem !== reader.problemOf(position)),
  };
};

/** From the log itself: the archive is made anew with the rest. */
export const fromLog = (reader: LogReader, end: () => Promise<Position>): RebuildSource => ({ kind: 'log', reader, end, archived: (rows) => rows });
