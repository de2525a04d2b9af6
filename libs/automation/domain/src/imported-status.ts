/** Status of a run of the reference system right after an event (domain 3.2, 3.9). Events that are not listed leave it. */
const statusAfter: Readonly<Record<string, string>> = {
  run_created: 'queued', run_started: 'running', run_execution_claimed: 'running', workflow_run_started: 'running', node_started: 'running',
  run_execution_claim_expired_requeued: 'queued', run_queued_for_resume_after_restart: 'queued', run_resumed: 'queued', run_auto_resumed: 'queued', run_recovered: 'queued', run_recovered_from_pause: 'queued',
  run_step_repaired: 'queued', run_task_retried: 'queued', run_task_requeued: 'queued', run_task_continued: 'queued', run_completion_repair_requested: 'queued', node_approval_rollback: 'queued', node_retry_backoff_scheduled: 'queued',
  stateful_wait_woken_requeued: 'queued', stateful_dead_letter_retry_requeued: 'queued', approval_gate_decision_recovered: 'queued',
  run_launch_held: 'paused', run_paused: 'paused', run_paused_governance: 'paused', run_paused_spend_cap_exceeded: 'paused', run_paused_stale_no_provider_activity: 'paused', run_pausing_settled_on_restart: 'paused',
  node_schema_validation_paused: 'paused', wait_node_registration_started: 'paused', wait_node_registered: 'paused', stateful_wait_timeout_paused_run: 'paused',
  run_pause_requested: 'pausing',
  run_failed_stale_no_provider_activity: 'failed', run_failed_server_restart: 'failed', run_failed_panic: 'failed', run_failed_activation_validation: 'failed', workflow_action_failed: 'failed',
  run_blocked_corrupt_checkpoint: 'blocked',
  run_stopped: 'cancelled', run_cancelled: 'cancelled', stateful_wait_timeout_cancelled_run: 'cancelled', workflow_gate_cancelled: 'cancelled',
};

/** Status after an event, from the one before; a history that begins with something else began to run before. */
export const importedStatus = (event: string, before: string | undefined): string => (Object.hasOwn(statusAfter, event) ? statusAfter[event] : undefined) ?? before ?? 'running';

const notActivity: ReadonlySet<string> = new Set(['run_execution_claimed', 'run_execution_claim_expired_requeued']);

/** Whether an event of the reference system counts as activity (domain 3.9). */
export const countsAsActivity = (event: string): boolean => !notActivity.has(event);
