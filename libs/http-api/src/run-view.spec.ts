import type { RunRecord } from '@cs/contracts';
import { runAnswer } from './run-view.js';

const run: RunRecord = {
  run_id: 'automation-v2-run-1', automation_id: 'refund', status: 'blocked', finished_at_ms: 9,
  tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' },
  trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'ada' }, input: null,
  created_at_ms: 1, updated_at_ms: 9, workflow_definition_version: 'v', workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`,
  effective_execution_profile: 'strict', execution_claim_epoch: 1, queued_at_version: 1, version: 3,
  context_run_id: 'automation-v2-automation-v2-run-1', blocked_node_ids: ['pay'], last_activity_at_ms: 8,
  checkpoint: {
    completed_nodes: ['look_up'], pending_nodes: ['pay'], blocked_nodes: ['pay'], node_attempts: {}, node_generations: {}, in_progress: {}, open_waits: [], gate_history: [],
    node_outputs: {
      look_up: { status: 'completed', contract_kind: 'http', content: null, created_at_ms: 2 },
      pay: { status: 'blocked', contract_kind: 'http', content: null, created_at_ms: 3 },
    },
  },
};

it('adds the older spellings to a run and keeps the record', () => {
  const answer = runAnswer(run);
  expect(answer.run).toMatchObject({ ...run, blockedNodeIDs: ['pay'], lastActivityAtMs: 8, needsRepairNodeIDs: ['pay'], contextRunID: run.context_run_id });
  expect(answer).toMatchObject({ contextRunID: run.context_run_id, linked_context_run_id: run.context_run_id });
});
