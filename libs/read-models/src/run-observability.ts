import type { ObservabilityLimits, RunObservability, StatefulRun, WaitRecord } from '@cs/contracts';
import { JsonText, jsonArrayText, jsonObjectText } from '@cs/kernel';
import { newestThatFit } from './newest-snapshots.js';
import { blockingReasons, operatorActions } from './operator-summary.js';
import { withRequestedApprovals, type RunGates } from './requested-approvals.js';
import type { ObservedEvent, ObservedOfRun } from './run-observability.port.js';
import type { WrittenSnapshot } from './run-snapshots.js';
import { rankOf } from './wait-queries.port.js';

/** All snapshots of one document together. */
const snapshotBytes = 1024 * 1024;

/** The wait that follows from the run alone: it names one, and no active wait that is stored is that one (domain 11.3). */
const inferredWait = ({ run_id, active_wait_id, active_wait_kind, current_phase_id, updated_at_ms, last_seq, scope: { tenant_context } }: StatefulRun): WaitRecord | undefined => {
  if (active_wait_id === null || active_wait_kind === null) return undefined;
  return {
    schema_version: 1, wait_id: active_wait_id, run_id, wait_kind: active_wait_kind, status: 'waiting', scope: { schema_version: 1, tenant_context },
    phase_id: current_phase_id, reason: 'run_level_active_wait', created_at_ms: updated_at_ms, updated_at_ms, wake_at_ms: null, timeout_policy: null, event_seq: last_seq,
    wake_idempotency_key: null, completed_at_ms: null, metadata: { source: 'run_record' },
  };
};

/** Active waits, the inferred one last: a stored one always wins. */
const activeWaits = (run: StatefulRun, waits: readonly WaitRecord[]): readonly WaitRecord[] => {
  const active = waits.filter(({ status }) => rankOf(status) === 0);
  const inferred = inferredWait(run);
  return inferred === undefined || active.some(({ wait_id }) => wait_id === inferred.wait_id) ? active : [...active, inferred];
};

const named = ({ event_id, seq, causation_id, correlation_id }: ObservedEvent) => ({ event_id, seq, causation_id, correlation_id });

const latestOf = (event: ObservedEvent): RunObservability['events']['latest'] => ({ ...named(event), event_type: event.event_type, occurred_at_ms: event.occurred_at_ms, phase_id: event.phase_id });

type Latest = RunObservability['snapshots']['latest'];
const latestSnapshot = ({ snapshot_id, seq, status, phase, created_at_ms }: WrittenSnapshot): Latest => ({ snapshot_id, seq, status, phase, created_at_ms });

const eventsOf = (tail: readonly ObservedEvent[]): JsonText<RunObservability['events']> => {
  const latest = tail.at(-1);
  return new JsonText(jsonObjectText({
    latest: latest === undefined ? null : latestOf(latest), tail: new JsonText(jsonArrayText(tail.map(({ json }) => json))),
    correlation_ids: tail.filter(({ causation_id, correlation_id }) => causation_id !== null || correlation_id !== null).map(named),
  }));
};

const snapshotsOf = (items: readonly WrittenSnapshot[]): JsonText<RunObservability['snapshots']> => {
  const latest = items.at(-1);
  return new JsonText(jsonObjectText({ latest: latest === undefined ? null : latestSnapshot(latest), items: new JsonText(jsonArrayText(items.map(({ json }) => json))) }));
};

const lengths = ({ outbox, tool_effects, dead_letters, compensations }: RunObservability['reliability']) => ({
  outbox: outbox.length, tool_effects: tool_effects.length, dead_letters: dead_letters.length, compensations: compensations.length,
});

/** What a document is made from: what is stored, and the snapshots that were folded from it, in ascending `seq`. */
export interface Observed {
  readonly run: StatefulRun;
  readonly rows: ObservedOfRun;
  /** Its gates; absent where no policy judged it here. */
  readonly gates?: RunGates;
  readonly snapshots: readonly WrittenSnapshot[];
}

/** What is written with the document; its events and snapshots are written before. */
type Members = { readonly [Name in keyof RunObservability]: RunObservability[Name] | JsonText<RunObservability[Name]> };

/** Everything about one run in one document (domain 11), as it is sent. Says nothing that its rows do not say. */
export const observeRunRows = ({ run, rows, gates, snapshots: folded }: Observed, limits: ObservabilityLimits): JsonText<RunObservability> => {
  const { waits, events, reliability, active, audit } = rows;
  const policy_decisions = gates === undefined ? rows.policy_decisions : withRequestedApprovals(rows.policy_decisions, gates);
  const active_waits = activeWaits(run, waits);
  const grounds = { run, active_waits, policy_decisions, active };
  const blocking_reasons = blockingReasons(grounds);
  const snapshots = newestThatFit(folded, snapshotBytes);
  const members: Members = {
    run_id: run.run_id, source: 'stateful_runtime_observability', run, current_wait: active_waits[0] ?? null, waits, policy_decisions, reliability,
    audit: { protected_events: audit, payload_policy: 'redacted_payload_digest_only' }, events: eventsOf(events), snapshots: snapshotsOf(snapshots),
    operator_summary: { is_blocked: blocking_reasons.length > 0, blocking_reasons, allowed_actions: operatorActions(grounds) },
    counts: {
      waits: waits.length, active_waits: active_waits.length, policy_decisions: policy_decisions.length, ...lengths(reliability), protected_audit_events: audit.length, events: events.length, snapshots: snapshots.length,
    },
    limits,
  };
  return new JsonText(jsonObjectText(members));
};
