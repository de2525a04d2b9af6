import type { PhaseTransition, Run, StatefulSnapshot } from '@cs/contracts';
import type { Digest, LogEntry } from '@cs/eventing';
import { toPosition } from '@cs/kernel';
import {
  eventsBeforeSnapshots, leadTo, runsAfterEvents, shownTransitions, SnapshotWriter, toSnapshot,
  type Reader, type RunKey, type SnapshotEvent, type SnapshotQueries, type SnapshotRange, type SnapshotSources, type SnapshotTransition, type WrittenSnapshot,
} from '@cs/read-models';

export interface RunSnapshotOptions {
  readonly queries: SnapshotQueries;
  readonly digest: Digest;
}

const furtherLook = 8;

const without = ({ seq: _seq, ...transition }: SnapshotTransition): PhaseTransition => transition;

/** Snapshots of runs, folded from the archive when they are asked for (decision "snapshots on demand"). Changes nothing. */
export class RunSnapshots {
  readonly #queries: SnapshotQueries;
  readonly #digest: Digest;

  constructor({ queries, digest }: RunSnapshotOptions) {
    this.#queries = queries;
    this.#digest = digest;
  }

  /** In ascending `seq`; `undefined` when the reader sees no such run. */
  async snapshots(reader: Reader, runId: string, range: SnapshotRange): Promise<readonly StatefulSnapshot[] | undefined> {
    const events = await this.#queries.snapshotEvents(reader, runId, range);
    const [first, last] = [events?.[0], events?.at(-1)];
    if (events === undefined || first === undefined || last === undefined) return events === undefined ? undefined : [];
    const run = { org_id: reader.org_id, workspace_id: reader.workspace_id, run_id: runId };
    const [transitions, entries] = await Promise.all([
      this.#queries.phaseTransitions(run, { seq: last.seq, limit: shownTransitions + events.length }), this.#commits(run, { from: first.seq, to: last.seq }),
    ]);
    return this.#after({ events, entries }).map(({ event, run: after }) =>
      toSnapshot({ tenant: reader, run: after, event, transitions: transitions.filter(({ seq }) => seq <= event.seq).map(without), digest: this.#digest }));
  }

  /** Of what was read already, as they are sent. Commits that are missing to begin with are read now: they never change. */
  async ofSources(reader: Reader, runId: string, sources: SnapshotSources): Promise<readonly WrittenSnapshot[]> {
    const [first, last] = [sources.events[0], sources.events.at(-1)];
    if (first === undefined || last === undefined || leadTo(sources.entries, first.seq)) return this.#written(reader, sources);
    return this.#written(reader, { ...sources, entries: await this.#commits({ org_id: reader.org_id, workspace_id: reader.workspace_id, run_id: runId }, { from: first.seq, to: last.seq }) });
  }

  #written(reader: Reader, sources: SnapshotSources): readonly WrittenSnapshot[] {
    const writer = new SnapshotWriter({ tenant: reader, transitions: sources.transitions, digest: this.#digest });
    return this.#after(sources).map(({ event, run }) => writer.write(event, run));
  }

  /** The run after each event. Not there where the commit could not be read, and no later one of this page carries what it led to. */
  #after({ events, entries }: Pick<SnapshotSources, 'events' | 'entries'>): readonly { readonly event: SnapshotEvent; readonly run: Run }[] {
    const runs = runsAfterEvents(entries, events[0]?.seq ?? 1);
    return events.flatMap((event) => {
      const run = runs.get(event.seq);
      return run === undefined ? [] : [{ event, run }];
    });
  }

  /** Commits that lead to the run as of each event from `from` to `to`. */
  async #commits(run: RunKey, { from, to }: { readonly from: number; readonly to: number }): Promise<readonly LogEntry[]> {
    let entries: readonly LogEntry[] = [];
    for (let back = eventsBeforeSnapshots; ; back *= furtherLook) {
      const after_seq = Math.max(0, from - 1 - back);
      entries = await this.#queries.commitsOfEvents(run, { after_seq, to_seq: to });
      if (leadTo(entries, from)) return entries;
      if (after_seq === 0) return this.#withEarlier(entries, from);
    }
  }

  /** The events before were taken out of the timeline: commits name the ones before them. */
  async #withEarlier(entries: readonly LogEntry[], from: number): Promise<readonly LogEntry[]> {
    let all = entries;
    while (!leadTo(all, from)) {
      const previous = all[0]?.stored?.commit.previous ?? 0;
      const earlier = previous === 0 ? undefined : await this.#queries.commitAt(toPosition(previous));
      if (earlier === undefined) return all;
      all = [earlier, ...all];
    }
    return all;
  }
}
