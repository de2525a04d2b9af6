import type { PendingGate, Run } from '@cs/contracts';
import { canonicalJson, type Json, type JsonObject } from '@cs/kernel';

/** Entries of one list or map that a summary holds: it does not grow with the run. */
const shownEntries = 200;

/** Makes something of what never changes, where nobody has made it before. */
type Once = <Source extends object, Made extends Json>(source: Source, make: (source: Source) => Made) => Made;
const always: Once = (source, make) => make(source);

type Lists = Readonly<Record<string, readonly string[]>>;
type Maps = Readonly<Record<string, JsonObject>>;

const isEmpty = (map: object): boolean => {
  for (const _name in map) return false;
  return true;
};

/** No instructions and no metadata. */
const gateSummary = ({ node_id, title, decisions, rework_targets, requested_at_ms, upstream_node_ids, expiry_policy }: PendingGate): JsonObject => ({
  node_id, title, decisions, rework_targets, requested_at_ms, upstream_node_ids, expiry_policy: expiry_policy ?? null,
});

/** Without work in progress they are the attempts. */
const attemptsWithVerdict = ({ node_attempts, in_progress }: Run['checkpoint']): JsonObject =>
  isEmpty(in_progress) ? node_attempts : Object.fromEntries(Object.entries(node_attempts).map(([work, attempts]) => [work, attempts - (in_progress[work] === undefined ? 0 : 1)]));

const idsOf = (outputs: Run['checkpoint']['node_outputs']): readonly string[] => Object.keys(outputs).sort();

const listsOf = ({ completed_nodes, pending_nodes, blocked_nodes, node_outputs }: Run['checkpoint'], once: Once): Lists => ({
  completed_nodes, pending_nodes, blocked_nodes, node_output_ids: once(node_outputs, idsOf),
});

const mapsOf = (checkpoint: Run['checkpoint']): Maps => ({ node_attempts: checkpoint.node_attempts, node_attempt_verdict_counts: attemptsWithVerdict(checkpoint) });

/** How many entries of each were left out; empty when none was. */
const omittedOf = (lists: Lists, maps: Maps): JsonObject => {
  const sizes = [...Object.entries(lists).map(([name, items]) => [name, items.length] as const), ...Object.entries(maps).map(([name, map]) => [name, Object.keys(map).length] as const)];
  return Object.fromEntries(sizes.filter(([, size]) => size > shownEntries).map(([name, size]) => [name, size - shownEntries]));
};

/** What is short enough stays the very one that it is. */
const cutList = (items: readonly string[]): readonly string[] => (items.length > shownEntries ? items.slice(0, shownEntries) : items);
const cutMap = (map: JsonObject): JsonObject => (Object.keys(map).length > shownEntries ? Object.fromEntries(Object.entries(map).slice(0, shownEntries)) : map);

const cut = (lists: Lists, maps: Maps): JsonObject => {
  const shown: Record<string, Json> = {};
  for (const name in lists) shown[name] = cutList(lists[name] ?? []);
  for (const name in maps) shown[name] = cutMap(maps[name] ?? {});
  return shown;
};

const stopOf = (run: Run): JsonObject => ({
  pause_reason: run.pause_reason ?? null, resume_reason: run.resume_reason ?? null, stop_kind: run.stop_kind ?? null, stop_reason: run.stop_reason ?? null,
});

/** The redacted checkpoint of a run (domain 7.5). */
export const checkpointSummary = (run: Run, once: Once = always): JsonObject => {
  const { checkpoint } = run;
  const [lists, maps] = [listsOf(checkpoint, once), mapsOf(checkpoint)];
  return {
    redaction_tier: 'summary', ...cut(lists, maps), omitted: omittedOf(lists, maps),
    awaiting_gate: checkpoint.awaiting_gate === undefined ? null : once(checkpoint.awaiting_gate, gateSummary),
    gate_history_count: checkpoint.gate_history.length, lifecycle_event_count: run.version, last_failure: checkpoint.last_failure ?? null,
    execution_claim_epoch: run.execution_claim_epoch, execution_claim: 'execution_claim' in run ? run.execution_claim : null, ...stopOf(run),
    active_session_ids: [], active_instance_ids: [],
  };
};

/** Writes summaries of one run at several times as canonical JSON. What did not change from one to the next, which is most of it, is made and written once. */
export class CheckpointWriter {
  readonly #made = new WeakMap<object, Json>();
  readonly #texts = new WeakMap<object, string>();

  write(run: Run): string {
    const summary = checkpointSummary(run, this.#once);
    return `{${Object.keys(summary).sort().map((name) => `"${name}":${this.#textOf(summary[name])}`).join(',')}}`;
  }

  readonly #once: Once = <Source extends object, Made extends Json>(source: Source, make: (source: Source) => Made) => {
    const known = this.#made.get(source);
    // A source is made into one thing only.
    if (known !== undefined) return known as Made;
    const made = make(source);
    this.#made.set(source, made);
    return made;
  };

  #textOf(value: Json | undefined): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    const text = canonicalJson(value);
    this.#texts.set(value, text);
    return text;
  }
}
