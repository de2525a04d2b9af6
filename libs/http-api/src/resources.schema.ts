import {
  automationDefinitionSchema, deadLetterSources, governanceActorSchema, principalRefSchema, runSchema, tenantContextSchema,
  type AuditVerification, type AutomationRecord, type DeadLetterRecord, type PhaseTransition, type StatefulEvent, type StatefulRun,
} from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { z } from 'zod';

const json = z.custom<Json>((value) => value !== undefined);
const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');
const strings = z.array(z.string()).readonly();

/** An automation as it is now. */
export const automationResource = z.object({
  ...automationDefinitionSchema.shape,
  tenant_context: tenantContextSchema,
  definition_version: z.string(),
  definition_hash: z.string(),
  created_at_ms: milliseconds,
  updated_at_ms: milliseconds,
  next_fire_at_ms: milliseconds.exactOptional().describe('When its schedule fires next; absent when it does not'),
  last_fired_at_ms: milliseconds.exactOptional(),
}) satisfies z.ZodType<AutomationRecord, unknown>;

/** A run as folded from its events, with what is derived from it and the older spellings. */
export const runResource = z.intersection(
  runSchema,
  z.object({
    context_run_id: z.string(),
    blocked_node_ids: strings,
    last_activity_at_ms: milliseconds,
    contextRunID: z.string(),
    linked_context_run_id: z.string(),
    blockedNodeIDs: strings,
    lastActivityAtMs: milliseconds,
    needsRepairNodeIDs: strings,
  }),
);

/** A step from one phase to another. */
export const phaseTransitionResource = z.object({
  event_id: z.string(),
  event_type: z.enum(['stateful_runtime.phase.observed', 'stateful_runtime.phase.transition']).describe('`observed`: seen in this phase without a move that the table of phases knows'),
  from_phase: z.string().nullable(),
  to_phase: z.string(),
  occurred_at_ms: milliseconds,
  phase_id: z.string().nullable(),
  reason: z.string(),
  reentry: z.literal(true).exactOptional().describe('The run went back into work that it had left'),
  anomaly: z.enum(['from_terminal_phase', 'not_in_the_table']).exactOptional(),
}) satisfies z.ZodType<PhaseTransition>;

/** The stateful view of a run. */
export const statefulRunResource = z.object({
  run_id: z.string(),
  kind: z.literal('automation_v2'),
  automation_id: z.string(),
  automation_run_id: z.string(),
  workflow_id: z.null().describe('No run of an automation is of a workflow'),
  scope: z.object({
    schema_version: z.literal(1),
    tenant_context: z.object({ org_id: z.string(), workspace_id: z.string(), deployment_id: z.string().nullable() }),
    owning_org_unit_id: z.string().nullable(),
    owner_principal: principalRefSchema.nullable().describe('Of the definition; else whoever owns the automation'),
    resource_scope: json,
    data_classes: strings.describe('Of the definition and its nodes'),
    risk_tier: z.string().nullable().describe('Of the definition; else the gravest of its nodes'),
    policy_version_id: z.string().nullable(),
    delegation_grant_ids: strings,
    source_binding_id: z.string().nullable(),
  }).describe('Whom and what the run concerns: its tenant, and `metadata.enterprise_scope` of its definition'),
  status: z.string(),
  phase: z.string(),
  phase_history: z.array(phaseTransitionResource).readonly().describe('The phase as it was last seen: one entry. Timeline and snapshots have every step'),
  allowed_next_phases: strings,
  current_phase_id: z.string().nullable(),
  active_wait_kind: z.string().nullable(),
  active_wait_id: z.string().nullable(),
  trigger_type: z.string(),
  trigger_event: z.null().describe('Not recorded of runs of automations; `metadata.trigger_reason` says why one began'),
  source_event_id: z.null().describe('Not recorded of runs of automations; the first event of the timeline names its cause'),
  task_id: z.null().describe('Of context runs'),
  workflow_definition_version: z.string(),
  workflow_definition_snapshot_hash: z.string(),
  created_at_ms: milliseconds,
  updated_at_ms: milliseconds,
  started_at_ms: milliseconds.nullable(),
  finished_at_ms: milliseconds.nullable(),
  last_seq: z.int().nonnegative(),
  latest_snapshot_id: z.string().nullable().describe('The snapshot after its newest event'),
  related_context_run_ids: strings.describe('Context runs that execute for it: there are none'),
  imported: z.literal(true).exactOptional().describe('A run of another system, whose history was imported: it is read here and never executed'),
  metadata: z.object({
    active_session_ids: strings.describe('Sessions with a model: there are none'), latest_session_id: z.string().nullable(),
    stop_kind: z.string().nullable(), trigger_reason: z.string().nullable(), consumed_handoff_id: z.string().nullable(),
  }),
}) satisfies z.ZodType<StatefulRun>;

/** One line of a run's timeline. */
export const statefulEventResource = z.object({
  schema_version: z.literal(1),
  event_id: z.string(),
  run_id: z.string(),
  seq: z.int().positive().describe('Counts the events of one run from 1, without gaps'),
  event_type: z.string(),
  occurred_at_ms: milliseconds,
  actor: governanceActorSchema.nullable(),
  phase_id: z.string().nullable(),
  phase_transition: phaseTransitionResource.nullable().describe('The step to another phase that the event was; null when the phase stayed'),
  wait_kind: z.string().nullable(),
  causation_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  position: z.int().nonnegative().describe('Where the commit of the event stands in the log'),
  status: z.string().describe('Stateful status of the run right after the event'),
  payload: json,
}) satisfies z.ZodType<StatefulEvent>;

/** What recomputing the audit chain of the tenant found. */
const auditViolationResource = z.object({ kind: z.string(), seq: z.int().describe('The record at which it shows'), detail: z.string() });
export const auditVerificationResource = z.object({
  verified: z.boolean().describe('The chain was looked at to its end, and everything in it holds'),
  complete: z.boolean().describe('False: there is more; ask again with this `checkpoint`'),
  records: z.int().nonnegative(),
  from_seq: z.int().nonnegative(),
  to_seq: z.int().nonnegative(),
  head_seq: z.int().nonnegative(),
  head_hash: z.string().nullable(),
  checkpoint: z.string().describe('`{seq}.{record_hash}.{anchor}`: where it ended. Kept elsewhere, it is an anchor of your own'),
  violations: z.array(auditViolationResource).readonly().describe('The first hundred'),
  violation_count: z.int().nonnegative(),
  violation: auditViolationResource.exactOptional(),
  missing_keys: z.array(z.string()).readonly().describe('Keys that are not there: what they signed was not verified'),
  anchors: z.object({ checked: z.int().nonnegative(), newest_seq: z.int().nonnegative(), newest_at_ms: milliseconds.nullable() }),
}) satisfies z.ZodType<AuditVerification>;

/** Something that was given up and waits for a person. */
export const deadLetterResource = z.object({
  dead_letter_id: z.string(),
  source_type: z.enum(deadLetterSources).describe('`message`: no consumer could handle it. `node`: its attempts are used up. `stateful_wait`: nobody ended it in time. `tool_effect`: it failed, or it is not known whether it happened.'),
  source_id: z.string().describe('The position of the message, the id of the node, the id of the wait, or the id of the effect'),
  consumer: z.string(),
  subject: z.string(),
  stream_sequence: z.int(),
  deliveries: z.int(),
  reason: z.string(),
  status: z.string(),
  opened_at_ms: milliseconds,
}) satisfies z.ZodType<DeadLetterRecord>;

/** Readiness of the gateway and what it depends on. */
export const healthResource = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
});

const contextRun = { contextRunID: z.string(), linked_context_run_id: z.string() };
const page = { count: z.int().nonnegative().describe('Items of this page'), next_cursor: z.string().optional().describe('Absent on the last page') };

export const automationAnswer = z.object({ automation: automationResource });
export const automationListAnswer = z.object({ automations: z.array(automationResource), ...page });
export const runCommandAnswer = z.object({ ok: z.literal(true), run: runResource, ...contextRun });
export const runReadAnswer = z.object({ run: runResource, ...contextRun });
export const runListAnswer = z.object({ automationID: z.string().optional(), runs: z.array(runResource), ...page });
export const statefulRunListAnswer = z.object({ runs: z.array(statefulRunResource), ...page });
export const runEventsAnswer = z.object({ run_id: z.string(), events: z.array(statefulEventResource), count: z.int().nonnegative() });
export const deadLetterListAnswer = z.object({ dead_letters: z.array(deadLetterResource), ...page });
