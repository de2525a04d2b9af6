import type { GateDecisionRecord, Run } from '@cs/contracts';
import { definedMembers, type Json, type JsonObject } from '@cs/kernel';

/** What a receipt vouches for: who decided what about which gate of which run, of which definition. */
export const receiptClaims = (run: Run, record: GateDecisionRecord): JsonObject => {
  const { org_id, workspace_id } = run.tenant_context;
  const votes = record.votes?.map(({ voter, decision, voted_at_ms, voted_by, on_behalf_of }) => definedMembers({ voter, decision, voted_at_ms, voted_by: { ...voted_by }, on_behalf_of }));
  // What was approved, by digest: the arguments themselves may be nobody else's business.
  const releases = record.releases?.map(({ node_id, action_kind, digest = null }) => ({ node_id, action_kind, digest }));
  return definedMembers({
    org_id, workspace_id, run_id: run.run_id, automation_id: run.automation_id,
    workflow_definition_version: run.workflow_definition_version, workflow_definition_snapshot_hash: run.workflow_definition_snapshot_hash,
    node_id: record.node_id, gate_opening_id: record.gate_opening_id, decision_id: record.decision_id, decision: record.decision, reason: record.reason,
    decided_at_ms: record.decided_at_ms, decided_by: { ...record.decided_by }, on_behalf_of: record.on_behalf_of, requested_by: { ...run.requested_by }, votes: votes as Json | undefined,
    releases: releases as Json | undefined,
  }) as JsonObject;
};
