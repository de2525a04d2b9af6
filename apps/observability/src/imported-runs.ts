import type { ObservabilityLimits, PayloadOf, RpcReply, ReplyOf, listStatefulRuns, StatefulEvent, StatefulRun, StatefulSnapshot } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { JsonText } from '@cs/kernel';
import { shownTransitions, toImportedRun, toImportedSnapshot, toStatefulRun, writeSnapshot, type EventRange, type ImportedRunQueries, type ItemsPage, type Observed, type ObservedEvent, type PageKey, type PageRequest, type Reader, type SnapshotRange, type StoredImportedRun, type StoredRun } from '@cs/read-models';
import { toAnswer } from './reads.js';
import { importedRunFilterOf, onlyOfOwnRuns } from './run-filters.js';

interface Listed {
  readonly key: PageKey;
  readonly run: StatefulRun;
}

/** A run with the newest of its events and its snapshots. */
export interface ShownRun {
  readonly run: StatefulRun;
  readonly events: readonly StatefulEvent[];
  readonly snapshots: readonly StatefulSnapshot[];
}

const isBefore = (one: PageKey, other: PageKey): boolean => one.at_ms > other.at_ms || (one.at_ms === other.at_ms && one.id > other.id);
const newestFirst = (one: Listed, other: Listed): number => (isBefore(one.key, other.key) ? -1 : 1);

/** One page of two lists in the same order. What lies behind the end of either page may have something of the other list before it. */
export const mergePages = (pages: readonly ItemsPage<Listed>[], limit: number): ItemsPage<Listed> => {
  const ends = pages.flatMap(({ next }) => (next === undefined ? [] : [next]));
  const end = ends.reduce<PageKey | undefined>((newest, next) => (newest === undefined || isBefore(next, newest) ? next : newest), undefined);
  const all = pages.flatMap(({ items }) => items).sort(newestFirst);
  const shown = all.filter(({ key }) => end === undefined || !isBefore(end, key)).slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, ...(last === undefined || (end === undefined && shown.length === all.length) ? {} : { next: last.key }) };
};

const observed = (event: StatefulEvent): ObservedEvent => ({ ...event, json: new JsonText(JSON.stringify(event)) });

/** Nothing waits, leaves or is judged where nothing is executed. */
const notExecuted = {
  waits: [], policy_decisions: [], reliability: { outbox: [], tool_effects: [], dead_letters: [], compensations: [] }, active: { outbox: [], tool_effects: [], dead_letters: [], compensations: [] },
};

/** Reads imported runs where our own have none of the id, and among them in lists. */
export class ImportedRuns {
  constructor(private readonly queries: ImportedRunQueries, private readonly digest: Digest) {}

  async has(reader: Reader, runId: string): Promise<boolean> {
    return (await this.queries.importedRun(reader, runId)) !== undefined;
  }

  async run(reader: Reader, runId: string, { event_limit, snapshot_limit }: Pick<ObservabilityLimits, 'event_limit' | 'snapshot_limit'>): Promise<ShownRun | undefined> {
    const found = await this.queries.importedRun(reader, runId);
    if (found === undefined) return undefined;
    const [events, snapshots] = await Promise.all([this.#upTo(reader, found, event_limit), this.#snapshotsOf(reader, found, { before_seq: found.last_seq + 1, limit: snapshot_limit })]);
    return { run: toImportedRun(found, reader), events, snapshots };
  }

  /** What the document about an imported run is made from. */
  async observed(reader: Reader, runId: string, limits: ObservabilityLimits): Promise<Observed | undefined> {
    const [shown, audit] = await Promise.all([this.run(reader, runId, limits), this.queries.importedAudit(reader, runId, limits.audit_limit)]);
    return shown && { run: shown.run, rows: { ...notExecuted, events: shown.events.map(observed), audit }, snapshots: shown.snapshots.map(writeSnapshot) };
  }

  /** The newest events of those that the run was read with. */
  async #upTo(reader: Reader, { run: { run_id }, last_seq }: StoredImportedRun, limit: number): Promise<readonly StatefulEvent[]> {
    return (await this.events(reader, run_id, { before_seq: last_seq + 1, limit, tail: true })) ?? [];
  }

  events(reader: Reader, runId: string, range: EventRange): Promise<readonly StatefulEvent[] | undefined> {
    return this.queries.importedEvents(reader, runId, range);
  }

  /** A page of our own runs with the imported ones that belong in it. */
  async listed(reader: Reader, payload: PayloadOf<typeof listStatefulRuns>, { page, own }: { readonly page: PageRequest; readonly own: ItemsPage<StoredRun> }): Promise<RpcReply<ReplyOf<typeof listStatefulRuns>>> {
    const listed = (run: StatefulRun): Listed => ({ key: { at_ms: run.created_at_ms, id: run.run_id }, run });
    const ours = { ...own, items: own.items.map((run) => listed(toStatefulRun(run))) };
    if (onlyOfOwnRuns(payload)) return toAnswer(ours, ({ run }) => run);
    const found = await this.queries.importedRuns(reader, importedRunFilterOf(payload), page);
    const imported = { ...found, items: found.items.map((run) => listed(toImportedRun(run, reader))) };
    return toAnswer(mergePages([ours, imported], page.limit), ({ run }) => run);
  }

  async snapshots(reader: Reader, runId: string, range: SnapshotRange): Promise<readonly StatefulSnapshot[] | undefined> {
    const found = await this.queries.importedRun(reader, runId);
    return found && this.#snapshotsOf(reader, found, range);
  }

  async #snapshotsOf(reader: Reader, found: StoredImportedRun, range: SnapshotRange): Promise<readonly StatefulSnapshot[]> {
    const runId = found.run.run_id;
    const events = await this.#eventsOf(reader, runId, range);
    const last = events.at(-1);
    const transitions = last === undefined ? [] : await this.queries.importedTransitions(reader, runId, { seq: last.seq, limit: shownTransitions + events.length });
    return events.map((event) => this.#snapshot({ reader, found, event }, transitions.filter(({ seq }) => seq <= event.seq)));
  }

  async #eventsOf(reader: Reader, runId: string, range: SnapshotRange): Promise<readonly StatefulEvent[]> {
    if ('limit' in range) return (await this.queries.importedEvents(reader, runId, { limit: range.limit, tail: true, ...(range.before_seq === undefined ? {} : { before_seq: range.before_seq }) })) ?? [];
    const event = await this.queries.importedEvent(reader, runId, range.snapshot_id);
    return event === undefined ? [] : [event];
  }

  #snapshot({ reader, found: { run, last_seq }, event }: { readonly reader: Reader; readonly found: StoredImportedRun; readonly event: StatefulEvent }, transitions: Awaited<ReturnType<ImportedRunQueries['importedTransitions']>>): StatefulSnapshot {
    return toImportedSnapshot({ tenant: reader, run, event, last_seq, transitions: transitions.map(({ seq: _seq, ...step }) => step), digest: this.digest });
  }
}
