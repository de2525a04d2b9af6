import type { PendingGate, Run } from '@cs/contracts';
import type { JsonObject } from '@cs/kernel';

/** Entries of one list or map that a summary holds: it does not grow with the run. */
const shownEntries = 200;

type Lists = Readonly<Record<string, readonly string[]>>;
type Maps = Readonly<Record<string, JsonObject>>;

/** No instructions and no metadata. */
const gateSummary = ({ node_id, title, decisions, rework_targets, requested_at_ms, upstream_node_ids, expiry_policy }: PendingGate): JsonObject => ({
  node_id, title, decisions, rework_targets, requested_at_ms, upstream_node_ids, expiry_policy: expiry_policy ?? null,
});

const attemptsWithVerdict = ({ node_attempts, in_progress }: Run['checkpoint']): JsonObject =>
  Object.fromEntries(Object.entries(node_attempts).map(([work, attempts]) => [work, attempts - (in_progress[work] === undefined ? 0 : 1)]));

const listsOf = ({ completed_nodes, pending_nodes, blocked_nodes, node_outputs }: Run['checkpoint']): Lists => ({
  completed_nodes, pending_nodes, blocked_nodes, node_output_ids: Object.keys(node_outputs).sort(),
});

const mapsOf = (checkpoint: Run['checkpoint']): Maps => ({ node_attempts: checkpoint.node_attempts, node_attempt_verdict_counts: attemptsWithVerdict(checkpoint) });

/** How many entries of each were left out; empty when none was. */
const omittedOf = (lists: Lists, maps: Maps): JsonObject => {
  const sizes = [...Object.entries(lists).map(([name, items]) => [name, items.length] as const), ...Object.entries(maps).map(([name, map]) => [name, Object.keys(map).length] as const)];
  return Object.fromEntries(sizes.filter(([, size]) => size > shownEntries).map(([name, size]) => [name, size - shownEntries]));
};

const cut = (lists: Lists, maps: Maps): JsonObject => ({
  ...Object.fromEntries(Object.entries(lists).map(([name, items]) => [name, items.slice(0, shownEntries)])),
  ...Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, Object.fromEntries(Object.entries(map).slice(0, shownEntries))])),
});

const stopOf = (run: Run): JsonObject => ({
  pause_reason: run.pause_reason ?? null, resume_reason: run.resume_reason ?? null, stop_kind: run.stop_kind ?? null, stop_reason: run.stop_reason ?? null,
});

/** The redacted checkpoint of a run (domain 7.5). */
export const checkpointSummary = (run: Run): JsonObject => {
  const { checkpoint } = run;
  const [lists, maps] = [listsOf(checkpoint), mapsOf(checkpoint)];
  return {
    redaction_tier: 'summary', ...cut(lists, maps), omitted: omittedOf(lists, maps),
    awaiting_gate: checkpoint.awaiting_gate === undefined ? null : gateSummary(checkpoint.awaiting_gate),
    gate_history_count: checkpoint.gate_history.length, lifecycle_event_count: run.version, last_failure: checkpoint.last_failure ?? null,
    execution_claim_epoch: run.execution_claim_epoch, execution_claim: 'execution_claim' in run ? run.execution_claim : null, ...stopOf(run),
    active_session_ids: [], active_instance_ids: [],
  };
};
