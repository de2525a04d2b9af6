import { eventCatalogue, type AggregateRef, type EventTable, type GovernanceActor, type RecordedEvent } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import { governanceFacts } from './governance-facts.js';
import { channelFacts, factsOfChannel } from './channel-facts.js';
import { askedFacts, humanFacts } from './human-facts.js';
import { operatorFacts } from './operator-facts.js';
import { letterFacts, recoveryFacts } from './recovery-facts.js';
import type { TenantKey } from './tenant-key.js';

/** What an audit record says, before it takes its place in the chain. Follows from one event of one commit. */
export interface AuditFacts extends TenantKey {
  readonly event_id: string;
  readonly durability: 'durable_required';
  readonly event_type: string;
  readonly tenant_source: 'local_implicit' | 'explicit';
  readonly actor: GovernanceActor | null;
  readonly payload: JsonObject;
  readonly created_at_ms: number;
  /** Where it came from: the commit in the log and the archive, and the event in it, from 0. */
  readonly position: number;
  readonly event_index: number;
}

type Facts = Readonly<Record<string, string>>;

const keptOfTime: Facts = { nodeID: 'node_id', gate_opening_id: 'gate_opening_id', expires_at_ms: 'expires_at_ms' };

/** Not what was judged: the record of the decision has it. */
const keptOfPolicy: Facts = {
  nodeID: 'node_id', decision_id: 'decision_id', attempt: 'attempt', effect_id: 'effect_id', decision: 'decision', reason_code: 'reason_code', reason: 'reason', arguments_digest: 'arguments_digest', judgement: 'judgement',
};

/**
 * The facts of an event that its audit record keeps: identities, decisions and their reasons, by name
 * in the record and in the event. Whatever is not listed (inputs, outputs, cards) stays out.
 */
const kept: Readonly<Record<string, Facts>> = {
  ...operatorFacts,
  ...governanceFacts,
  ...humanFacts,
  ...channelFacts,
  ...recoveryFacts,
  ...letterFacts,
  run_created: {
    runID: 'run_id', automationID: 'automation_id', trigger_type: 'trigger_type', trigger_reason: 'trigger_reason', requestedBy: 'requested_by',
    workflow_definition_version: 'workflow_definition_version', workflow_definition_snapshot_hash: 'workflow_definition_snapshot_hash', dry_run: 'dry_run',
  },
  approval_binding_broken: { nodeID: 'node_id', gate_node_id: 'gate_node_id', gate_opening_id: 'gate_opening_id', approved_digest: 'approved_digest', actual_digest: 'actual_digest' },
  approval_gate_expired: keptOfTime,
  approval_gate_escalated: { ...keptOfTime, escalated_to: 'escalated_to', escalations: 'escalations' },
  approval_gate_reminder_due: { ...keptOfTime, reminder_count: 'reminder_count' },
  approval_gate_marked_stale: keptOfTime,
  approval_gate_vote_recorded: { nodeID: 'node_id', gate_opening_id: 'gate_opening_id', vote: 'vote' },
  approval_gate_decided: { nodeID: 'node_id', gate_opening_id: 'gate_opening_id', decision: 'decision', reason: 'reason', decidedBy: 'decided_by', onBehalfOf: 'on_behalf_of', decided_at_ms: 'decided_at_ms' },
  automation_created: { automationID: 'automation_id', name: 'name', status: 'status', definition_version: 'definition_version', definition_hash: 'definition_hash', changedBy: 'changed_by', provenance: 'provenance' },
  automation_updated: { automationID: 'automation_id', name: 'name', status: 'status', definition_version: 'definition_version', definition_hash: 'definition_hash', changedBy: 'changed_by' },
  gate_decision_refused: { runID: 'run_id', nodeID: 'node_id', requested_decision: 'decision', code: 'code', detail: 'detail', actor: 'actor' },
  policy_effect_denied: keptOfPolicy,
  policy_approval_required: keptOfPolicy,
  policy_approval_used: { ...keptOfPolicy, approval_id: 'approval_id' },
  effect_policy_published: { number: 'number', policy_version: 'policy_version', digest: 'digest', note: 'note', publishedBy: 'published_by' },
  run_history_imported: { runID: 'run_id', automationID: 'automation_id', entries: 'entry_count', first_seq: 'first_seq', importedBy: 'imported_by' },
  audit_exported: { export_id: 'export_id', filter: 'filter', up_to_seq: 'up_to_seq', exportedBy: 'exported_by' },
  audit_access_refused: { action: 'action', code: 'code', actor: 'actor' },
  audit_key_activated: { key_id: 'key_id', algorithm: 'algorithm', previous_key_id: 'previous_key_id' },
  delegation_set: { delegation: 'delegation' },
  delegation_ended: { delegationID: 'delegation_id', endedBy: 'ended_by', reason: 'reason' },
  delegation_used: { delegationID: 'delegation_id', runID: 'run_id', nodeID: 'node_id', gate_opening_id: 'gate_opening_id', decision_id: 'decision_id', decision: 'decision', usedBy: 'used_by' },
  delegation_refused: { request: 'request', delegator: 'delegator', stand_in: 'stand_in', delegationID: 'delegation_id', code: 'code', detail: 'detail', actor: 'actor' },
  webhook_delivery_replayed: { replay: 'replay', replayedBy: 'replayed_by' },
  dead_letter_opened: { dead_letter_id: 'dead_letter_id', consumer: 'consumer', stream: 'stream', stream_sequence: 'stream_sequence', subject: 'subject', deliveries: 'deliveries', reason: 'reason' },
};

const keptOfGate: Facts = {
  nodeID: 'node_id', gate_opening_id: 'gate_opening_id', approval_request_id: 'approval_request_id', decisions: 'decisions',
  rework_targets: 'rework_targets', requested_at_ms: 'requested_at_ms', risk_tier: 'risk_tier',
};

const keptOfHandoff: Facts = { handoffID: 'handoff_id', source_automation_id: 'source_automation_id', target_automation_id: 'target_automation_id', artifact_type: 'artifact_type' };

const keptOfTrigger: Facts = {
  triggerID: 'trigger_id', automationID: 'automation_id', name: 'name', provider: 'provider', scheme: 'scheme', secret: 'secret', starts_runs: 'starts_runs', enabled: 'enabled',
};

const pick = (data: Json | undefined, facts: Facts): JsonObject => {
  if (!isJsonObject(data)) return {};
  return Object.fromEntries(Object.entries(facts).flatMap(([name, member]) => (data[member] === undefined ? [] : [[name, data[member]]])));
};

const member = (data: Json | undefined, name: string): Json | undefined => (isJsonObject(data) ? data[name] : undefined);

type Member = Json | undefined;

/** Events whose facts stand in a member of their own. */
const inMember: Readonly<Record<string, (data: Member) => JsonObject>> = {
  question_asked: (data) => askedFacts(member(data, 'wait')),
  escalation_issued: (data) => askedFacts(member(data, 'wait')),
  channel_configured: factsOfChannel,
  approval_gate_opened: (data) => pick(member(data, 'gate'), keptOfGate),
  handoff_deposited: (data) => ({ ...pick(member(data, 'handoff'), keptOfHandoff), ...pick(data, { status: 'status', depositedBy: 'deposited_by' }) }),
};

const refusals: ReadonlySet<string> = new Set(['gate_decision_refused', 'governance_action_denied', 'channel_interaction_refused']);

const factsOfEvent = (aggregate: AggregateRef['aggregate'], { event_type, data }: RecordedEvent): JsonObject => {
  if (aggregate === 'webhook_trigger') return { ...pick(member(data, 'trigger'), keptOfTrigger), ...pick(data, { changedBy: 'changed_by' }) };
  return inMember[event_type]?.(data) ?? { ...pick(data, kept[event_type] ?? {}), ...(refusals.has(event_type) ? { decision: 'denied' } : {}) };
};

const payloadOf = (ref: AggregateRef, event: RecordedEvent): JsonObject => {
  const run = ref.aggregate === 'run' ? { runID: ref.id, ...(event.correlation_id === undefined ? {} : { automationID: event.correlation_id }) } : {};
  const delivery = ref.aggregate === 'webhook_delivery' ? { deliveryID: ref.id } : {};
  return { ...run, ...delivery, ...factsOfEvent(ref.aggregate, event) };
};

const tables: Readonly<Record<string, EventTable>> = eventCatalogue;

const factsOf = ({ ref, commit, position }: StoredCommit, event_index: number, { tenant, event_type }: { readonly tenant: TenantKey; readonly event_type: string }): readonly AuditFacts[] => {
  const event = commit.events[event_index];
  if (event === undefined) return [];
  const { org_id, workspace_id, deployment_id } = tenant;
  const isLocal = org_id === 'local' && workspace_id === 'local' && deployment_id === '';
  return [{
    org_id, workspace_id, deployment_id, event_id: event.event_id, durability: 'durable_required', event_type, tenant_source: isLocal ? 'local_implicit' : 'explicit',
    actor: event.actor ?? null, payload: payloadOf(ref, event), created_at_ms: event.recorded_at_ms, position, event_index,
  }];
};

/** The audit facts of a commit's protected events, in order. */
export const auditFactsOf = (stored: StoredCommit, tenant: TenantKey): readonly AuditFacts[] => {
  const table = tables[stored.ref.aggregate];
  return stored.commit.events.flatMap(({ event_type }, index) => {
    const audit = table?.[event_type]?.audit;
    return audit === undefined ? [] : factsOf(stored, index, { tenant, event_type: audit });
  });
};
