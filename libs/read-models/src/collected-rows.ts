import { mergeChannels, type ChannelRow, type ChannelUserRow } from './channel.projection.js';
import { headOf, type AuditHead, type AuditRecord } from './audit-chain.js';
import { mergeAutomations } from './automation.projection.js';
import { mergeDelegations, type DelegationRow } from './delegation.projection.js';
import { mergeOutbox, mergeToolEffects, type CompensationRow, type OutboxRow, type ToolEffectRow } from './ledger-rows.js';
import type { HumanRequestRow } from './human-request-row.js';
import { mergeDeliveries } from './delivery.projection.js';
import { mergeGovernanceApprovals, mergeGovernanceReviews, mergeGovernedAgents } from './governance.projection.js';
import type { GovernanceApprovalRow, GovernanceReviewRow, GovernedAgentRow, GovernedAutomationRow } from './governance-rows.js';
import { mergeGovernedAutomations } from './governed-automation.projection.js';
import { mergeHandoffs } from './handoff.projection.js';
import type { ImportedRunRow } from './imported-run.projection.js';
import type { EffectPolicyRow, PolicyDecisionRow } from './policy-rows.js';
import type { ArchiveRow, AuditKeyRow, AutomationRow, DeadLetterRow, DefinitionRow, DeliveryRow, GateRow, HandoffRow, RowChanges, RunEventRow, ScheduleRow, WaitRow } from './row-changes.js';
import type { RunRow } from './run-row.js';
import type { RunPartRow } from './run-parts.js';
import { mergeSchedules } from './schedule.projection.js';
import { mergeWebhookDeliveries } from './webhook.projection.js';
import type { WebhookDeliveryRow, WebhookTriggerRow } from './webhook-rows.js';

/** Rows by key; a row that is there already is replaced, or merged with the newer one. */
class RowsByKey<Row> {
  readonly #rows = new Map<string, Row>();

  constructor(
    private readonly key: (row: Row) => readonly string[],
    private readonly merge: (before: Row, after: Row) => Row = (_before, after) => after,
  ) {}

  add(row: Row): void {
    const key = this.key(row).join('\u0000');
    const before = this.#rows.get(key);
    this.#rows.set(key, before === undefined ? row : this.merge(before, row));
  }

  all(): readonly Row[] {
    return [...this.#rows.values()];
  }
}

/** Where it stands in the log says its first commit. */
const mergeDeadLetters = (before: DeadLetterRow, after: DeadLetterRow): DeadLetterRow => ({ ...after, subject: before.subject, stream_sequence: before.stream_sequence });

/** An opening that is decided when its run has ended is not seen any more; what is known of it stays. */
const mergeGates = (before: GateRow, after: GateRow): GateRow => ({
  ...after, gate: after.gate ?? before.gate, keys: after.keys ?? before.keys, requested_at_ms: Math.min(before.requested_at_ms, after.requested_at_ms),
});

/** Recorded twice, it is the first. */
const keepFirst = <Row>(before: Row): Row => before;

/** Collects what the commits of a batch change, each row at most once. */
export class CollectedRows {
  readonly archive: ArchiveRow[] = [];
  readonly run_events: RunEventRow[] = [];
  readonly imported_run_events: RunEventRow[] = [];
  readonly imported_runs = new RowsByKey<ImportedRunRow>((row) => [row.org_id, row.workspace_id, row.run_id]);
  readonly audit_records: AuditRecord[] = [];
  readonly audit_keys: AuditKeyRow[] = [];
  readonly runs = new RowsByKey<RunRow>((row) => [row.org_id, row.workspace_id, row.run_id]);
  readonly run_parts = new RowsByKey<RunPartRow>((row) => [row.org_id, row.workspace_id, row.run_id, row.part_id], keepFirst);
  readonly waits = new RowsByKey<WaitRow>((row) => [row.org_id, row.workspace_id, row.run_id, row.wait_id]);
  readonly gates = new RowsByKey<GateRow>((row) => [row.org_id, row.workspace_id, row.gate_opening_id], mergeGates);
  readonly human_requests = new RowsByKey<HumanRequestRow>((row) => [row.org_id, row.workspace_id, row.request_id]);
  readonly automations = new RowsByKey<AutomationRow>((row) => [row.org_id, row.workspace_id, row.automation_id], mergeAutomations);
  readonly definitions = new RowsByKey<DefinitionRow>((row) => [row.org_id, row.workspace_id, row.definition_hash], keepFirst);
  readonly channels = new RowsByKey<ChannelRow>((row) => [row.org_id, row.workspace_id, row.channel_id], mergeChannels);
  readonly channel_users = new RowsByKey<ChannelUserRow>((row) => [row.org_id, row.workspace_id, row.channel_id, row.user_id]);
  readonly deliveries = new RowsByKey<DeliveryRow>((row) => [row.org_id, row.workspace_id, row.delivery_id], mergeDeliveries);
  readonly delegations = new RowsByKey<DelegationRow>((row) => [row.org_id, row.workspace_id, row.delegation_id], mergeDelegations);
  readonly dead_letters = new RowsByKey<DeadLetterRow>((row) => [row.org_id, row.workspace_id, row.dead_letter_id], mergeDeadLetters);
  readonly outbox = new RowsByKey<OutboxRow>((row) => [row.org_id, row.workspace_id, row.outbox_id], mergeOutbox);
  readonly tool_effects = new RowsByKey<ToolEffectRow>((row) => [row.org_id, row.workspace_id, row.effect_id], mergeToolEffects);
  readonly compensations = new RowsByKey<CompensationRow>((row) => [row.org_id, row.workspace_id, row.compensation_id]);
  readonly schedules = new RowsByKey<ScheduleRow>((row) => [row.org_id, row.workspace_id, row.automation_id], mergeSchedules);
  readonly handoffs = new RowsByKey<HandoffRow>((row) => [row.org_id, row.workspace_id, row.handoff_id], mergeHandoffs);
  readonly webhook_triggers = new RowsByKey<WebhookTriggerRow>((row) => [row.org_id, row.workspace_id, row.trigger_id]);
  readonly webhook_deliveries = new RowsByKey<WebhookDeliveryRow>((row) => [row.org_id, row.workspace_id, row.delivery_id], mergeWebhookDeliveries);
  readonly policy_decisions = new RowsByKey<PolicyDecisionRow>((row) => [row.org_id, row.workspace_id, row.decision_id], keepFirst);
  readonly effect_policies = new RowsByKey<EffectPolicyRow>((row) => [row.org_id, row.workspace_id, String(row.number)], keepFirst);
  readonly governance_approvals = new RowsByKey<GovernanceApprovalRow>((row) => [row.org_id, row.workspace_id, row.approval_id], mergeGovernanceApprovals);
  readonly governed_agents = new RowsByKey<GovernedAgentRow>((row) => [row.org_id, row.workspace_id, row.deployment_id, row.agent_id], mergeGovernedAgents);
  readonly governance_reviews = new RowsByKey<GovernanceReviewRow>((row) => [row.org_id, row.workspace_id, row.deployment_id, row.subject_kind, row.subject_id], mergeGovernanceReviews);
  readonly governed_automations = new RowsByKey<GovernedAutomationRow>((row) => [row.org_id, row.workspace_id, row.automation_id], mergeGovernedAutomations);
  readonly #heads = new RowsByKey<AuditHead>((row) => [row.org_id, row.workspace_id, row.deployment_id]);

  addAudit(record: AuditRecord): void {
    this.audit_records.push(record);
    this.#heads.add(headOf(record));
  }

  changes(position: number): RowChanges {
    return {
      position, archive: this.archive, run_events: this.run_events, imported_run_events: this.imported_run_events, imported_runs: this.imported_runs.all(), audit_records: this.audit_records, audit_keys: this.audit_keys,
      runs: this.runs.all(), run_parts: this.run_parts.all(), waits: this.waits.all(), gates: this.gates.all(), human_requests: this.human_requests.all(), automations: this.automations.all(), definitions: this.definitions.all(),
      channels: this.channels.all(), channel_users: this.channel_users.all(), deliveries: this.deliveries.all(), delegations: this.delegations.all(), dead_letters: this.dead_letters.all(), schedules: this.schedules.all(), handoffs: this.handoffs.all(), audit_heads: this.#heads.all(),
      webhook_triggers: this.webhook_triggers.all(), webhook_deliveries: this.webhook_deliveries.all(),
      outbox: this.outbox.all(), tool_effects: this.tool_effects.all(), compensations: this.compensations.all(),
      policy_decisions: this.policy_decisions.all(), effect_policies: this.effect_policies.all(),
      governance_approvals: this.governance_approvals.all(), governed_agents: this.governed_agents.all(), governance_reviews: this.governance_reviews.all(), governed_automations: this.governed_automations.all(),
    };
  }
}
