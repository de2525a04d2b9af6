import { approveHandoff as approveHandoffMethod, automationIdSchema, depositHandoff as depositHandoffMethod, handoffArtifactSchema, handoffConfigSchema, type HandoffRecord } from '@cs/contracts';
import { z } from 'zod';
import { defineRoute } from './route.js';

const tag = 'handoffs';
const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');

/** A handoff as clients read it. */
const handoffResource = handoffArtifactSchema.extend({
  status: z.enum(['inbox', 'approved', 'archived']),
  consumed_by_run_id: z.string().exactOptional(),
  consumed_by_automation_id: z.string().exactOptional(),
  consumed_at_ms: milliseconds.exactOptional(),
}) satisfies z.ZodType<HandoffRecord, unknown>;

const handoffs = z.array(handoffResource);
const count = z.int().nonnegative();
const handoffAnswer = z.object({ ok: z.literal(true), handoff: handoffResource });
const handoffListAnswer = z.object({
  automationID: z.string(), inbox: handoffs, approved: handoffs, archived: handoffs,
  counts: z.object({ inbox: count, approved: count, archived: count, total: count }),
  handoff_config: handoffConfigSchema,
});

const automationParams = z.object({ automation_id: automationIdSchema });

export const listHandoffs = defineRoute({
  operationId: 'listHandoffs', method: 'GET', path: '/automations/v2/{automation_id}/handoffs', tag, access: 'tenant', kind: 'read',
  summary: 'List the handoffs for an automation, oldest first',
  description: 'At most 512 of each list: of those that wait the oldest, of the archived ones the newest.',
  params: automationParams,
  answer: { description: 'Handoffs by what they wait for', mediaType: 'application/json', schema: handoffListAnswer },
  errors: ['AUTOMATION_V2_NOT_FOUND'],
});

export const depositHandoff = defineRoute({
  operationId: 'depositHandoff', method: 'POST', path: '/automations/v2/{automation_id}/handoffs', tag, access: 'tenant', kind: 'command',
  summary: 'Leave a handoff for an automation',
  description: 'Approved at once where the automation\'s `handoff_config.auto_approve` is true, which it is by default. Repeated with the same `Idempotency-Key`, it answers the first one.',
  idempotent: true,
  params: automationParams,
  body: { schema: depositHandoffMethod.payload.omit({ automation_id: true, command_id: true }).strict(), mediaTypes: ['application/json'], required: true },
  answer: { description: 'The handoff', mediaType: 'application/json', schema: handoffAnswer },
  errors: ['AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_INPUT_INVALID'],
});

export const approveHandoff = defineRoute({
  operationId: 'approveHandoff', method: 'POST', path: '/automations/v2/{automation_id}/handoffs/{handoff_id}/approve', tag, access: 'tenant', kind: 'command',
  summary: 'Approve a handoff, so that it can start a run',
  description: 'A handoff that was approved or consumed already stays as it is.',
  params: approveHandoffMethod.payload,
  answer: { description: 'The handoff', mediaType: 'application/json', schema: handoffAnswer },
  errors: ['AUTOMATION_V2_NOT_FOUND', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_HANDOFF_NOT_FOUND', 'AUTOMATION_V2_HANDOFF_REQUIRES_HUMAN'],
});
