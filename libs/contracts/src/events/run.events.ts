import { z } from 'zod';
import { bindingDifferenceSchema, gateDecisionRecordSchema, gateVoteSchema, pendingGateSchema } from '../gate.schema.js';
import { effectIntentSchema, executionClaimSchema, nodeFailureSchema, nodeOutputSchema, openWaitSchema, parentRunSchema } from '../run.schema.js';
import { automationIdSchema, digestSchema, epochMsSchema, jsonSchema, nodeIdSchema, runIdSchema } from '../scalars.schema.js';
import { governanceActorSchema, tenantContextSchema } from '../tenant.schema.js';
import { itemSchema, runStepEvents } from './run-steps.events.js';
import { defineEvents, type EventOf } from './event-catalogue.js';
import { supervisionRunEvents } from './run-supervision.events.js';
import { runAdmissionEvents } from './run-admission.events.js';
import { runWaitEvents } from './run-wait.events.js';
import { humanRunEvents } from './run-human.events.js';
import { operatorRunEvents } from './run-operator.events.js';
import { policyRunEvents } from './run-policy.events.js';
import { recoveryRunEvents } from './run-recovery.events.js';

const nodeIds = z.array(nodeIdSchema).readonly();
const attempt = z.int().positive();

const created = z.object({
  run_id: runIdSchema,
  automation_id: automationIdSchema,
  tenant_context: tenantContextSchema,
  trigger_type: z.string(),
  trigger_reason: z.string().optional(),
  parent: parentRunSchema.optional(),
  consumed_handoff_id: z.string().optional(),
  requested_by: governanceActorSchema,
  input: jsonSchema,
  workflow_definition_version: z.string(),
  workflow_definition_snapshot_hash: digestSchema,
  effective_execution_profile: z.string(),
  node_ids: nodeIds,
  dry_run: z.boolean().optional(),
  runtime_context: jsonSchema.optional(),
});

/** The dead letter that a run leaves whose node was given up. */
const deadLetterOfRunSchema = z.object({ dead_letter_id: z.string(), attempts: z.int().nonnegative() });
const gateTime = z.object({ node_id: nodeIdSchema, gate_opening_id: z.string(), expires_at_ms: epochMsSchema });

/** Lifecycle of a run (domain 3.9), in the names that clients subscribe to. */
export const runEvents = defineEvents({
  run_created: { version: 1, data: created, audit: 'automation.governance.run_requested', summary: 'A run was requested and its definition pinned.' },
  run_execution_claimed: { version: 1, data: z.object({ claim: executionClaimSchema }), activity: false, summary: 'A runner obtained the claim.' },
  run_execution_claim_expired_requeued: { version: 1, data: z.object({ previous_status: z.string(), claim: executionClaimSchema }), activity: false, summary: 'An abandoned claim was taken back.' },
  node_started: { version: 1, data: z.object({ node_id: nodeIdSchema, item: itemSchema, attempt, effect: effectIntentSchema.optional() }), summary: 'A node attempt began; for an effect, the intent is durable before it is sent.' },
  node_completed: { version: 1, data: z.object({ node_id: nodeIdSchema, item: itemSchema, attempt: z.int().nonnegative(), output: nodeOutputSchema }), summary: 'A node has its output.' },
  node_failed: { version: 1, data: z.object({ node_id: nodeIdSchema, item: itemSchema, attempt, failure: nodeFailureSchema, retry_decision: z.string().optional() }), summary: 'A node failed for good.' },
  node_blocked: { version: 1, data: z.object({ node_id: nodeIdSchema, item: itemSchema, attempt, effect_id: z.string(), failure: nodeFailureSchema }), summary: 'The outcome of an effect is unknown and it may not be repeated; a person must reconcile it.' },
  node_retry_backoff_scheduled: {
    version: 1,
    data: z.object({ node_id: nodeIdSchema, item: itemSchema, attempt, next_attempt: attempt, max_attempts: attempt, backoff_ms: z.int().nonnegative(), retry_after_ms: epochMsSchema, reason: z.string(), failure: nodeFailureSchema, retry_decision: z.string(), wait: openWaitSchema,
      /** The effect of the attempt, where nobody knows whether it happened. */
      unknown_effect_id: z.string().optional(),
    }),
    summary: 'A failed attempt will be repeated after a delay.',
  },
  ...runStepEvents,
  node_approval_rollback: { version: 1, data: z.object({ node_ids: nodeIds, reset_nodes: nodeIds }), summary: 'Nodes were sent back to pending with everything that depends on them.' },
  ...runWaitEvents,
  ...humanRunEvents,
  approval_gate_opened: { version: 1, data: z.object({ gate: pendingGateSchema, blocked_nodes: nodeIds }), audit: 'automation.governance.gate_opened', summary: 'The run stopped for a signature.' },
  approval_gate_vote_recorded: { version: 1, data: z.object({ node_id: nodeIdSchema, gate_opening_id: z.string(), vote: gateVoteSchema }), audit: 'automation.governance.gate_voted', summary: 'A person voted at a gate that needs several.' },
  approval_binding_broken: {
    version: 1, data: bindingDifferenceSchema.extend({ gate_node_id: nodeIdSchema, gate_opening_id: z.string() }), audit: 'automation.governance.approval_binding_broken',
    summary: 'A step was about to do something else than what was approved; it did not run, and its gate asks again.',
  },
  approval_gate_expired: { version: 1, data: gateTime, audit: 'automation_v2.internal_sweep.gate_expired', summary: 'Nobody decided the gate in its time.' },
  approval_gate_escalated: {
    version: 1, data: gateTime.extend({ escalated_to: z.string(), escalations: z.int().positive(), notification_key: z.string() }), audit: 'automation_v2.internal_sweep.gate_escalated',
    summary: 'Nobody decided the gate in its time; the next is asked.',
  },
  approval_gate_reminder_due: {
    version: 1, data: gateTime.extend({ reminder_count: z.int().positive(), expired_reminder: z.boolean(), notification_key: z.string() }), audit: 'automation_v2.internal_sweep.gate_reminder',
    summary: 'An open gate asks again.',
  },
  approval_gate_marked_stale: { version: 1, data: gateTime, audit: 'automation_v2.internal_sweep.gate_stale', summary: 'A gate has been open for a day.' },
  approval_gate_decided: { version: 1, data: gateDecisionRecordSchema, audit: 'automation.governance.gate_decided', summary: 'A person decided the gate.' },
  ...policyRunEvents,
  ...runAdmissionEvents,
  ...supervisionRunEvents,
  run_completed: { version: 1, data: z.object({}), summary: 'Every node is done.' },
  run_failed: { version: 1, data: z.object({ detail: z.string(), node_id: z.string().optional(), failure: nodeFailureSchema.optional(), dead_letter: deadLetterOfRunSchema.optional() }), summary: 'The run ended with a failed node, or could not go on.' },
  run_blocked: { version: 1, data: z.object({ detail: z.string(), node_ids: nodeIds }), summary: 'The run waits for an operator to reconcile a node.' },
  run_cancelled: { version: 1, data: z.object({ reason: z.string(), stop_kind: z.string() }), summary: 'The run was cancelled at its gate.' },
  ...operatorRunEvents,
  ...recoveryRunEvents,
});
export type RunEvent = EventOf<typeof runEvents>;
