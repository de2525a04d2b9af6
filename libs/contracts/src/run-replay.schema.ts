import type { Json, JsonObject } from '@cs/kernel';
import type { StatefulRun } from './read-models.schema.js';
import type { RunRecord } from './run-record.js';

/** One value that is projected otherwise than the log leads to. */
export interface RowDifference {
  readonly table: string;
  /** What identifies the row. */
  readonly key: JsonObject;
  /** `missing`: the log leads to the row, and it is not there. `unexpected`: it is there, and nothing leads to it. */
  readonly kind: 'missing' | 'unexpected' | 'different';
  /** JSON pointer within the row; empty for the whole row. */
  readonly path: string;
  /** Absent when there is none. */
  readonly projected?: Json;
  readonly replayed?: Json;
}

/** A run folded again from its commits in the log, and how the projections differ from that. */
export interface RunReplay {
  readonly run_id: string;
  readonly as_of_seq: number;
  /** Events that the log has of the run. */
  readonly last_seq: number;
  readonly record: RunRecord;
  readonly run: StatefulRun;
  /** The projections were compared as of this event: the newest that they hold. */
  readonly compared_at_seq: number;
  readonly differences: readonly RowDifference[];
}
