const why = { reason: 'reason' };
const reset = { reset_nodes: 'reset_nodes', cleared_outputs: 'cleared_outputs', unknown_effects: 'unknown_effects', ...why };
const node = { nodeID: 'node_id' };

const automation = { automationID: 'automation_id', name: 'name', status: 'status', definition_version: 'definition_version', definition_hash: 'definition_hash', changedBy: 'changed_by' };

/** What the audit keeps of the commands of operators, by event: the name in the record, and in the event. */
export const operatorFacts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  automation_paused: { ...automation, ...why },
  automation_resumed: automation,
  automation_shared: { ...automation, visibility: 'visibility', audience_principals: 'audience_principals' },
  automation_deleted: automation,
  run_pause_requested: why,
  run_resumed: why,
  run_stopped: { ...why, stop_kind: 'stop_kind' },
  run_recovered: { roots: 'roots', ...reset },
  run_recovered_from_pause: { cleared_nodes: 'cleared_nodes', ...why },
  // Which parts were edited; the texts themselves are in the definitions before and after.
  run_step_repaired: { ...node, prompt_updated: 'prompt_updated', template_updated: 'template_updated', model_policy_updated: 'model_policy_updated', definition: 'definition', automation: 'automation', ...reset },
  run_task_retried: { ...node, definition: 'definition', ...reset },
  run_task_requeued: { ...node, definition: 'definition', ...reset },
  run_task_continued: { ...node, mode: 'mode', ...reset },
  node_disposition_set: { ...node, disposition: 'disposition', previous: 'previous', ...why },
  run_guardrail_override_approved: { limits: 'limits', previous: 'previous', ...why, approvedBy: 'approved_by' },
  handoff_approved: { handoffID: 'handoff_id', target_automation_id: 'target_automation_id', approvedBy: 'approved_by' },
  node_effect_reconciled: { ...node, effect_id: 'effect_id', outcome: 'outcome', ...why },
};
