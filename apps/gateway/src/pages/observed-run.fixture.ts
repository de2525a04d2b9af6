import type { LedgerDeadLetter, RunObservability, StatefulEvent, ToolEffectRecord } from '@cs/contracts';

const scope = { schema_version: 1, tenant_context: { org_id: 'acme', workspace_id: 'ops', deployment_id: null } } as const;
const run_id = 'r1';

export const toolEffect = (effect_id: string, over: Partial<ToolEffectRecord> = {}): ToolEffectRecord => ({
  scope, run_id, created_at_ms: 1, updated_at_ms: 1, metadata: null, effect_id, outbox_id: `out ${effect_id}`, action_id: effect_id, status: 'unknown', operation: 'POST', source_kind: 'automation_v2_run', source_id: run_id, node_id: 'pay',
  provider: null, tool: null, target: null, policy_decision_id: null, input_digest: null, output_digest: null, receipt_payload_digest: null, receipt_payload_redacted: null, receipt_pointer: null, redaction_tier: 'safe_ui',
  audit_hash: 'h', error: null, compensation_id: null, ...over,
});

export const deadLetter = (dead_letter_id: string, over: Partial<LedgerDeadLetter> = {}): LedgerDeadLetter => ({
  scope, run_id, created_at_ms: 1, updated_at_ms: 1, metadata: null, dead_letter_id, source_type: 'tool_effect', source_id: 'e1', node_id: 'pay', reason: 'the peer answered 503', status: 'open', recovery_options: [], payload_pointer: null,
  compensation_id: null, attempts: 5, operator_disposition: null, disposition_reason: null, disposition_actor: null, disposition_at_ms: null, ...over,
});

export const timelineEvent = (seq: number, over: Partial<StatefulEvent> = {}): StatefulEvent => ({
  schema_version: 1, event_id: `e${seq}`, run_id, seq, event_type: 'stateful_runtime.automation_v2.node_started', occurred_at_ms: seq * 60_000, actor: null, phase_id: null, phase_transition: null, wait_kind: null, causation_id: null,
  correlation_id: null, position: seq, status: 'running', payload: {}, ...over,
});

/** The document about a run that waits at its gate; lists are empty. */
export const observedRun = (over: Partial<RunObservability> = {}): RunObservability => ({
  run_id, source: 'stateful_runtime_observability',
  run: {
    run_id, kind: 'automation_v2', automation_id: 'refund', automation_run_id: run_id, workflow_id: null, status: 'awaiting_approval', phase: 'awaiting_approval', phase_history: [], allowed_next_phases: [], current_phase_id: 'sign',
    scope: { ...scope, owning_org_unit_id: null, owner_principal: null, resource_scope: null, data_classes: [], risk_tier: null, policy_version_id: null, delegation_grant_ids: [], source_binding_id: null },
    active_wait_kind: 'approval', active_wait_id: 'w1', trigger_type: 'manual', trigger_event: null, source_event_id: null, task_id: null, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: 'h', created_at_ms: 0, updated_at_ms: 1,
    started_at_ms: 0, finished_at_ms: null, last_seq: 2, latest_snapshot_id: null, related_context_run_ids: [],
    metadata: { active_session_ids: [], latest_session_id: null, stop_kind: null, trigger_reason: null, consumed_handoff_id: null },
  },
  current_wait: {
    schema_version: 1, wait_id: 'w1', run_id, wait_kind: 'approval', status: 'waiting', scope, phase_id: 'sign', reason: 'run_level_active_wait', created_at_ms: 600_000, updated_at_ms: 1, wake_at_ms: null, timeout_policy: null, event_seq: 1,
    wake_idempotency_key: null, completed_at_ms: null, metadata: null,
  },
  waits: [], policy_decisions: [], reliability: { outbox: [], tool_effects: [], dead_letters: [], compensations: [] }, audit: { protected_events: [], payload_policy: 'redacted_payload_digest_only' },
  events: { latest: null, tail: [], correlation_ids: [] }, snapshots: { latest: null, items: [] }, operator_summary: { is_blocked: true, blocking_reasons: [], allowed_actions: [] },
  counts: { outbox: 0, tool_effects: 0, dead_letters: 0, compensations: 0, waits: 0, active_waits: 1, policy_decisions: 0, protected_audit_events: 0, events: 0, snapshots: 0 },
  limits: { event_limit: 50, snapshot_limit: 1, reliability_limit: 100, audit_limit: 1 }, ...over,
});
