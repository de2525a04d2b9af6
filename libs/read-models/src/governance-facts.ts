const why = { reason: 'reason' };
const automation = { automationID: 'automation_id' };
const by = { changedBy: 'changed_by' };
const agent = { agentID: 'agent_id' };
const spend = { ...agent, week: 'week', week_usd: 'week_usd', cap_usd: 'cap_usd' };
const approval = { approval_id: 'approval_id' };
const decided = { ...approval, note: 'note', decidedBy: 'decided_by' };

const budget = { ...automation, runID: 'run_id', nodeID: 'node_id', effect_id: 'effect_id', reason_code: 'reason_code' };

/** What the audit keeps of governance, by event: the name in the record, and in the event. */
export const governanceFacts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  automation_definition_approved: { ...automation, ...approval, definition_hash: 'definition_hash', capabilities: 'capabilities', approvedBy: 'approved_by' },
  automation_retired: { ...automation, ...by, ...why },
  automation_restored: { ...automation, ...by, ...why },
  automation_extended: { ...automation, ...by, expires_at_ms: 'expires_at_ms' },
  automation_expired: { ...automation, expires_at_ms: 'expires_at_ms' },
  automation_expiry_warned: { ...automation, expires_at_ms: 'expires_at_ms' },
  automation_review_required: { ...automation, ...why, launches: 'launches', findings: 'findings' },
  automation_reviewed: { ...automation, note: 'note', reviewedBy: 'reviewed_by' },
  automation_grant_added: { ...automation, grant: 'grant' },
  automation_grant_revoked: { ...automation, ...by, ...why, grant: 'grant', authority_revoked: 'authority_revoked' },
  autonomy_budget_exceeded: { ...budget, effects: 'effects', used: 'used', limit: 'limit', window_begins_at_ms: 'window_begins_at_ms' },
  autonomy_tier_changed: { ...budget, from_tier: 'from_tier', to_tier: 'to_tier' },
  governance_limits_changed: { limits: 'limits', ...by, ...why },
  agent_automation_registered: { ...agent, ...automation, depth: 'depth', override_approval_id: 'override_approval_id' },
  agent_review_required: { ...agent, creations: 'creations' },
  agent_reviewed: { ...agent, note: 'note', reviewedBy: 'reviewed_by' },
  agent_permissions_changed: { ...agent, creation_paused: 'creation_paused', authority_revoked: 'authority_revoked', weekly_spend_cap_usd: 'weekly_spend_cap_usd', ...by, ...why },
  agent_cost_spike_found: { ...agent, ...automation, runID: 'run_id', cost_usd: 'cost_usd', average_usd: 'average_usd', runs: 'runs', limit: 'limit' },
  agent_spend_warned: spend,
  agent_spend_paused: spend,
  agent_spend_resumed: { ...agent, week: 'week', allowed_usd: 'allowed_usd', ...approval, approvedBy: 'approved_by' },
  governance_approval_requested: { ...approval, approval_type: 'approval_type', subject: 'subject', binding: 'binding', ...why, requestedBy: 'requested_by', expires_at_ms: 'expires_at_ms' },
  governance_approval_approved: decided,
  governance_approval_denied: decided,
  governance_approval_consumed: { ...approval, consumed_by: 'consumed_by' },
  governance_action_denied: { action: 'action', resource_kind: 'resource_kind', resource_id: 'resource_id', code: 'code', detail: 'detail', actor: 'actor' },
};
