import type { RunRecord } from '@cs/contracts';

/** A run as a service answers it. */
export const runRecord = (over: { readonly run_id?: string; readonly automation_id?: string } = {}): RunRecord => {
  const run_id = over.run_id ?? 'automation-v2-run-1';
  return {
    run_id, automation_id: over.automation_id ?? 'refund-order', status: 'queued',
    tenant_context: { org_id: 'local', workspace_id: 'local', source: 'local_implicit' },
    trigger_type: 'manual', requested_by: { kind: 'human', source: 'local_control_panel' }, input: null,
    created_at_ms: 1, updated_at_ms: 2, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`,
    effective_execution_profile: 'strict', execution_claim_epoch: 0, queued_at_version: 1, version: 1,
    context_run_id: `automation-v2-${run_id}`, blocked_node_ids: [], last_activity_at_ms: 2,
    checkpoint: { completed_nodes: [], pending_nodes: ['look_up'], blocked_nodes: [], node_outputs: {}, node_attempts: {}, node_generations: {}, in_progress: {}, open_waits: [], gate_history: [] },
  };
};
