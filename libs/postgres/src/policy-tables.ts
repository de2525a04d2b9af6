import type { EffectPolicyRow, PolicyDecisionRow } from '@cs/read-models';
import { bigints, document, texts, type BulkTable } from './bulk-table.js';

const decisions: BulkTable<PolicyDecisionRow> = {
  name: 'policy_decisions',
  conflict: ['org_id', 'workspace_id', 'decision_id'],
  keep: true,
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'decision_id', 'run_id', 'automation_id', 'node_id', 'decision', 'reason_code', 'effect_id', 'policy_version', 'approval_id', 'audit_event_id'),
    ...bigints('created_at_ms', 'position'),
    record: document(({ record }) => record),
  },
};

const policies: BulkTable<EffectPolicyRow> = {
  name: 'effect_policies',
  conflict: ['org_id', 'workspace_id', 'number'],
  keep: true,
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'policy_version'), ...bigints('number', 'created_at_ms', 'position'),
    record: document(({ record }) => record),
  },
};

/** Policies of workspaces, and what they decided. */
export const policyTables = { policy_decisions: decisions, effect_policies: policies } as const;
