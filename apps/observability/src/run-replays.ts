import type { RunReplay } from '@cs/contracts';
import type { AggregateHistory, Digest, LogEntry } from '@cs/eventing';
import { eventIdAt, lastSeqOf, rowDifferences, rowsOfRun, runAsOf, toRunRecord, toStatefulRun, withoutPruned, type ProjectionQueries, type Reader, type RunRowQueries } from '@cs/read-models';

export interface RunReplayOptions {
  readonly history: AggregateHistory;
  readonly queries: Pick<ProjectionQueries, 'run'>;
  readonly rows: RunRowQueries;
  readonly digest: Digest;
}

export type Replayed =
  | { readonly kind: 'replayed'; readonly replay: RunReplay }
  | { readonly kind: 'not found' }
  /** The run has fewer events. */
  | { readonly kind: 'too late'; readonly lastSeq: number };

/** Folds runs again from the log, and compares the projections with that. Changes nothing. */
export class RunReplays {
  readonly #options: RunReplayOptions;

  constructor(options: RunReplayOptions) {
    this.#options = options;
  }

  /** Of a run that the reader sees, as of one of its events; without one, as of the newest that is projected. */
  async replay(reader: Reader, runId: string, asOf: number | undefined): Promise<Replayed> {
    const { history, queries } = this.#options;
    const projected = await queries.run(reader, runId);
    if (projected === undefined) return { kind: 'not found' };
    const entries = await history.commitsOf({ org_id: reader.org_id, workspace_id: reader.workspace_id, aggregate: 'run', id: runId });
    const seq = asOf ?? projected.last_seq;
    const run = seq > lastSeqOf(entries) ? undefined : runAsOf(entries, seq);
    if (run === undefined) return { kind: 'too late', lastSeq: lastSeqOf(entries) };
    const differences = await this.#differences(reader, { runId, entries, seq: projected.last_seq });
    const view = toStatefulRun({ run, last_seq: seq, latest_event_id: eventIdAt(entries, seq), scope: projected.scope });
    return { kind: 'replayed', replay: { run_id: runId, as_of_seq: seq, last_seq: lastSeqOf(entries), record: toRunRecord(run), run: view, compared_at_seq: projected.last_seq, differences } };
  }

  async #differences({ org_id, workspace_id }: Reader, { runId, entries, seq }: { readonly runId: string; readonly entries: readonly LogEntry[]; readonly seq: number }): Promise<RunReplay['differences']> {
    const { rows, digest } = this.#options;
    const pairs = await rows.differentRows({ org_id, workspace_id, run_id: runId }, rowsOfRun(entries, { seq, digest }));
    return withoutPruned(pairs).flatMap(rowDifferences);
  }
}
