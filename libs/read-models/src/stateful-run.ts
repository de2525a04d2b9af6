import { byDueTime, isFinished, statefulStatus } from '@cs/automation-domain';
import type { PhaseTransition, Run, StatefulRun } from '@cs/contracts';
import { statefulScope } from './definition-scope.js';
import { allowedNextPhases } from './phase-machine.js';
import { phaseOf } from './phase.js';
import type { StoredRun } from './projection-queries.port.js';

/** What a run waits for first: its gate, else the wait that ends soonest. */
const activeWait = (run: Run): Pick<StatefulRun, 'active_wait_kind' | 'active_wait_id'> => {
  const { awaiting_gate, open_waits } = run.checkpoint;
  if (isFinished(run.status)) return { active_wait_kind: null, active_wait_id: null };
  if (awaiting_gate) return { active_wait_kind: 'approval', active_wait_id: awaiting_gate.wait_id };
  const [soonest] = [...open_waits].sort(byDueTime);
  return { active_wait_kind: soonest?.wait_kind ?? null, active_wait_id: soonest?.wait_id ?? null };
};

/** What no run has: it is of no workflow, no session with a model and no context run executes for it, and of what began it only the reason is recorded. */
export const notOfRuns = { workflow_id: null, trigger_event: null, source_event_id: null, task_id: null, related_context_run_ids: [] } as const;
export const noSessions = { active_session_ids: [], latest_session_id: null } as const;

const metadataOf = (run: Run): StatefulRun['metadata'] => ({
  ...noSessions, stop_kind: run.stop_kind ?? null, trigger_reason: run.trigger_reason ?? null, consumed_handoff_id: run.consumed_handoff_id ?? null,
});

/** All that a run says of its phases without its events: where it is, and since when at the latest. */
export const observedPhase = ({ run_id, updated_at_ms }: Pick<Run, 'run_id' | 'updated_at_ms'>, phase: string, { status, phase_id }: { readonly status: string; readonly phase_id: string | null }): PhaseTransition => ({
  event_id: `${run_id}:phase:${phase}:${updated_at_ms}`, event_type: 'stateful_runtime.phase.observed', from_phase: null, to_phase: phase, occurred_at_ms: updated_at_ms, phase_id, reason: `observed_status:${status}`,
});

/** The stateful view of a run (domain 7.1). */
export const toStatefulRun = ({ run, last_seq, latest_event_id, scope }: StoredRun): StatefulRun => {
  const status = statefulStatus(run);
  const phase = phaseOf(status);
  const current_phase_id = run.checkpoint.awaiting_gate?.node_id ?? null;
  return {
    run_id: run.run_id, kind: 'automation_v2', automation_id: run.automation_id, automation_run_id: run.run_id, ...notOfRuns, scope: statefulScope(run, scope), status, phase,
    phase_history: [observedPhase(run, phase, { status, phase_id: current_phase_id })], allowed_next_phases: allowedNextPhases(phase), current_phase_id, ...activeWait(run), trigger_type: run.trigger_type,
    workflow_definition_version: run.workflow_definition_version, workflow_definition_snapshot_hash: run.workflow_definition_snapshot_hash,
    created_at_ms: run.created_at_ms, updated_at_ms: run.updated_at_ms, started_at_ms: run.started_at_ms ?? null,
    finished_at_ms: 'finished_at_ms' in run ? run.finished_at_ms : null, last_seq, latest_snapshot_id: latest_event_id, metadata: metadataOf(run),
  };
};
