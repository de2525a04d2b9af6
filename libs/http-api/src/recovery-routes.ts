import { chooseRecovery as chooseMethod, decideCompensation as decideMethod, decideDeadLetter as letterMethod, runCompensationSchema, runIdSchema, type DeadLetterDecided, type OperatorChoice, type RecoveryChosen, type ResumePlan, type ResumePoint } from '@cs/contracts';
import type { JsonObject } from '@cs/kernel';
import { z } from 'zod';
import { compensationResource, ledgerDeadLetterResource, toolEffectResource } from './reliability.schema.js';
import { runResource } from './resources.schema.js';
import { defineRoute } from './route.js';

const tag = 'reliability';
const json = ['application/json'] as const;
const params = z.object({ run_id: runIdSchema });
const nodeIds = z.array(z.string()).readonly();

const point = z.object({
  kind: z.enum(['completed_node_boundary', 'pending_node', 'blocked_node', 'run_boundary']), node_id: z.string().exactOptional(), resume_after: z.string().exactOptional(), retry_safe: z.boolean().exactOptional(),
  requires_operator_review: z.boolean().exactOptional(),
}) satisfies z.ZodType<ResumePoint, unknown>;
const choice = z.object({ choice: z.string(), execution_mode: z.string(), automatic: z.boolean().describe('Something follows by itself') }) satisfies z.ZodType<OperatorChoice>;

const plan = z.object({
  plan_id: z.string(), run_id: z.string(), generated_at_ms: z.int().nonnegative(), run: runResource, run_status: z.string(), completed_nodes: nodeIds, pending_nodes: nodeIds, blocked_nodes: nodeIds, last_failure: z.custom<JsonObject>().nullable(),
  completed_effects: z.array(toolEffectResource).readonly(), uncertain_effects: z.array(toolEffectResource).readonly().describe('Everything that has not succeeded'), pending_compensations: z.array(compensationResource).readonly(),
  dead_letters: z.array(ledgerDeadLetterResource).readonly(), cut_lists: z.array(z.enum(['completed_effects', 'uncertain_effects', 'pending_compensations', 'dead_letters'])).readonly().describe('Lists that are longer than one answer holds: their newest records are here, and audit_summary counts all'),
  safe_resume_points: z.array(point).readonly(), operator_choices: z.array(choice).readonly(),
  audit_summary: z.object({ completed_effects: z.int(), uncertain_effects: z.int(), pending_compensations: z.int(), dead_letters: z.int(), requires_operator_review: z.boolean() }),
}) satisfies z.ZodType<Omit<ResumePlan, 'last_failure' | 'run'>, unknown>;

const chosen = z.object({
  run_id: z.string(), choice: z.string(), execution_mode: z.string(), automatic_dispatch: z.boolean(), dispatched: z.boolean().describe('The run was driven, or a compensation is executed, because of it'), recorded: z.boolean(),
  event_seq: z.int().exactOptional().describe('The event of the run that records it; absent where the command came before, or is about a message or a wait'), disposition: z.string().nullable(),
  already_completed: z.literal(true).exactOptional().describe('What was to be undone is undone, by the effect receipt_effect_id of the ledger'), receipt_effect_id: z.string().exactOptional(),
}) satisfies z.ZodType<RecoveryChosen, unknown>;

export const getResumePlan = defineRoute({
  operationId: 'getResumePlan', method: 'GET', path: '/stateful-runtime/runs/{run_id}/resume-plan', tag, access: 'tenant', kind: 'read', params,
  summary: 'Read what can be done about a run, and with what it would go on', description: 'Decides nothing.', answer: { description: 'The plan', mediaType: 'application/json', schema: plan }, errors: ['stateful_run_not_found'],
});

export const chooseRecovery = defineRoute({
  operationId: 'chooseRecovery', method: 'POST', path: '/stateful-runtime/runs/{run_id}/resume-plan', tag, access: 'tenant', kind: 'command', idempotent: true, params,
  summary: 'Say how a run is to be recovered',
  description: 'retry_failed_effect drives a failed or blocked run at once, and again by itself. compensate_pending_effects asks for the approval of what undoes effects, or executes what is approved. abandon_with_audit gives a dead letter up, or cancels a compensation. Anything else is recorded. A dead letter of a message or a wait is dealt with as POST /dead-letters/{dead_letter_id} does. Not for agents; audited.',
  body: { schema: chooseMethod.payload.omit({ run_id: true, command_id: true }).strict(), mediaTypes: json, required: true }, answer: { description: 'What it led to', mediaType: 'application/json', schema: chosen },
  errors: [
    'stateful_run_not_found', 'stateful_recovery_choice_required', 'stateful_dead_letter_not_found', 'stateful_dead_letter_settled', 'stateful_dead_letter_choice_unavailable', 'stateful_compensation_not_found', 'stateful_compensation_not_pending',
    'stateful_effect_not_found', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_TENANT_QUARANTINED', 'AUTOMATION_V2_AGENT_ID_REQUIRED',
  ],
});

export const decideCompensation = defineRoute({
  operationId: 'decideCompensation', method: 'POST', path: '/stateful-runtime/runs/{run_id}/compensations/{compensation_id}', tag, access: 'tenant', kind: 'command', idempotent: true,
  summary: 'Approve a compensation, cancel it, or say that it was done',
  description: 'A person decides, with the authority that a gate of the node would ask for; where the node is consequential, neither who asked for the run nor who asked for the compensation approves it. An approved one with a request is executed once.',
  params: z.object({ run_id: runIdSchema, compensation_id: z.string().regex(/^[A-Za-z0-9_-]{1,400}$/) }),
  body: { schema: decideMethod.payload.omit({ run_id: true, compensation_id: true, command_id: true }).strict(), mediaTypes: json, required: true },
  answer: { description: 'The compensation', mediaType: 'application/json', schema: z.object({ ok: z.literal(true), run_id: z.string(), compensation: runCompensationSchema }) },
  errors: [
    'stateful_run_not_found', 'stateful_compensation_not_found', 'stateful_compensation_not_pending', 'stateful_compensation_not_approved', 'stateful_compensation_needs_request', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_GATE_REQUIRES_HUMAN',
    'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN', 'AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_REQUIRED', 'AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_DENIED', 'AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED', 'AUTOMATION_V2_GATE_NOT_AN_APPROVER', 'ARCHIVE_BEHIND',
  ],
});

export const decideDeadLetter = defineRoute({
  operationId: 'decideDeadLetter', method: 'POST', path: '/dead-letters/{dead_letter_id}', tag, access: 'tenant', kind: 'command', idempotent: true, summary: 'Retry a dead letter, or close it',
  description: 'Of a run it is retried with its run; a message is handled once more by the consumer that set it aside. Not for agents; audited.', params: z.object({ dead_letter_id: z.string().regex(/^[A-Za-z0-9._-]{1,400}$/) }),
  body: { schema: letterMethod.payload.omit({ dead_letter_id: true, command_id: true }).strict(), mediaTypes: json, required: true },
  answer: { description: 'Where it stands', mediaType: 'application/json', schema: z.object({ dead_letter_id: z.string(), choice: z.enum(['retry', 'ignore']), status: z.string(), run_id: z.string().exactOptional() }) satisfies z.ZodType<DeadLetterDecided, unknown> },
  errors: ['stateful_dead_letter_not_found', 'stateful_dead_letter_settled', 'stateful_dead_letter_choice_unavailable', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_TENANT_QUARANTINED', 'AUTOMATION_V2_AGENT_ID_REQUIRED'],
});
