import { countsAsActivity } from '@cs/automation-domain';
import { cloudEventTypePrefix, type ImportedRunHeader, type PhaseTransition, type StatefulEvent, type StatefulRun, type StatefulScope, type StatefulSnapshot } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { canonicalJson, type JsonObject } from '@cs/kernel';
import { allowedNextPhases, phaseAfter } from './phase-machine.js';
import type { StoredImportedRun } from './imported-run-queries.port.js';
import { phaseOf } from './phase.js';
import { shownTransitions } from './run-snapshots.js';
import { noSessions, notOfRuns, observedPhase } from './stateful-run.js';
import type { TenantKey } from './tenant-key.js';

const unknown = 'unknown';

const scopeOf = ({ org_id, workspace_id, deployment_id }: TenantKey): StatefulScope => ({
  schema_version: 1, tenant_context: { org_id, workspace_id, deployment_id: deployment_id === '' ? null : deployment_id },
  owning_org_unit_id: null, owner_principal: null, resource_scope: null, data_classes: [], risk_tier: null, policy_version_id: null, delegation_grant_ids: [], source_binding_id: null,
});

/** The stateful view of an imported run. What it waited for was not imported, but for its gate. */
export const toImportedRun = ({ run, last_seq, latest_event_id }: StoredImportedRun, tenant: TenantKey): StatefulRun => ({
  run_id: run.run_id, kind: 'automation_v2', automation_id: run.automation_id, automation_run_id: run.run_id, ...notOfRuns, scope: scopeOf(tenant), status: run.status, phase: phaseOf(run.status),
  phase_history: [observedPhase(run, phaseOf(run.status), { status: run.status, phase_id: run.awaiting_node_id })], allowed_next_phases: allowedNextPhases(phaseOf(run.status)), current_phase_id: run.awaiting_node_id,
  active_wait_kind: run.awaiting_node_id === null ? null : 'approval', active_wait_id: run.awaiting_node_id === null ? null : `automation_v2:${run.run_id}:${run.awaiting_node_id}:wait`, trigger_type: run.trigger_type,
  workflow_definition_version: run.workflow_definition_version ?? unknown, workflow_definition_snapshot_hash: run.workflow_definition_snapshot_hash ?? unknown,
  created_at_ms: run.created_at_ms, updated_at_ms: run.updated_at_ms, started_at_ms: run.started_at_ms, finished_at_ms: run.finished_at_ms, last_seq, latest_snapshot_id: latest_event_id,
  metadata: { ...noSessions, stop_kind: null, trigger_reason: null, consumed_handoff_id: null }, imported: true,
});

export interface ImportedSnapshotParts {
  readonly tenant: TenantKey;
  readonly run: ImportedRunHeader;
  readonly event: StatefulEvent;
  readonly last_seq: number;
  /** Steps of the phase so far. */
  readonly transitions: readonly PhaseTransition[];
  readonly digest: Digest;
}

/** Only the newest event's checkpoint is known: it is that of the record. */
const checkpointOf = ({ run, event, last_seq }: ImportedSnapshotParts): JsonObject => ({
  redaction_tier: 'summary', lifecycle_event_count: event.seq,
  ...(event.seq === last_seq ? { completed_nodes: run.completed_nodes, pending_nodes: run.pending_nodes, blocked_nodes: run.blocked_nodes } : {}),
});

/** What an imported run was right after one of its events, as far as its history says. */
export const toImportedSnapshot = (parts: ImportedSnapshotParts): StatefulSnapshot => {
  const { tenant, run, event, transitions, digest } = parts;
  const type = event.event_type.slice(cloudEventTypePrefix.length);
  const phase = phaseAfter(event.status, type);
  const checkpoint = checkpointOf(parts);
  const { schema_version, tenant_context } = scopeOf(tenant);
  return {
    schema_version: 1, snapshot_id: event.event_id, run_id: run.run_id, seq: event.seq, created_at_ms: event.occurred_at_ms, scope: { schema_version, tenant_context }, status: event.status, phase,
    phase_history: transitions.slice(-shownTransitions), allowed_next_phases: allowedNextPhases(phase), phase_id: event.phase_id, source_record_kind: 'automation_v2', checkpoint,
    payload_digest: `sha256:${digest(canonicalJson(checkpoint))}`, workflow_definition_version: run.workflow_definition_version, workflow_definition_snapshot_hash: run.workflow_definition_snapshot_hash,
    metadata: { source: 'automation_v2_lifecycle', event_id: event.event_id, event: type, lifecycle_index: event.seq - 1, redaction_tier: 'summary', activity_boundary: countsAsActivity(type) },
  };
};
