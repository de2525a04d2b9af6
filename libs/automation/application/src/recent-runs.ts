import type { AggregateRef, Run } from '@cs/contracts';
import type { Loaded } from '@cs/eventing';

type LoadedRun = Loaded<Run | undefined>;

interface RecentRunsOptions {
  /** Characters of JSON that are kept, of all runs together. Default 8 million: some tens of megabytes of heap. */
  readonly maxSize?: number;
}

const largest = 32 * 1024;

const keyOf = ({ org_id, workspace_id, id }: AggregateRef): string => `${org_id}/${workspace_id}/${id}`;
const sizeOf = ({ stateSize, sizeSinceState }: LoadedRun): number => stateSize + sizeSinceState;

/**
 * Runs as this process wrote them last, the newest ones, so that what follows soon needs not read them
 * again. Others may have written since: who takes one acts on it by a commit that expects its position,
 * and reads the log for everything else.
 */
export class RecentRuns {
  readonly #maxSize: number;
  readonly #runs = new Map<string, LoadedRun>();
  #size = 0;

  constructor({ maxSize = 8_000_000 }: RecentRunsOptions = {}) {
    this.#maxSize = maxSize;
  }

  remember(loaded: LoadedRun): void {
    this.take(loaded.ref);
    if (sizeOf(loaded) > largest) return;
    this.#runs.set(keyOf(loaded.ref), loaded);
    this.#size += sizeOf(loaded);
    for (const oldest of this.#runs.values()) {
      if (this.#size <= this.#maxSize) return;
      this.take(oldest.ref);
    }
  }

  /** The run, if it is known; it is forgotten here. */
  take(ref: AggregateRef): LoadedRun | undefined {
    const loaded = this.#runs.get(keyOf(ref));
    if (loaded === undefined) return undefined;
    this.#runs.delete(keyOf(ref));
    this.#size -= sizeOf(loaded);
    return loaded;
  }
}
