import { z } from 'zod';
import { answerConversionSchema, declineSchema, humanRequestKinds } from '../human-request.schema.js';
import { openWaitSchema, operatorCommandSchema } from '../run.schema.js';
import { epochMsSchema, jsonSchema, nodeIdSchema } from '../scalars.schema.js';
import { governanceActorSchema } from '../tenant.schema.js';
import { itemSchema } from './run-steps.events.js';

const request = { request_id: z.string(), node_id: nodeIdSchema, item: itemSchema };
/** `response_id` is one per call: two people who say the same at the same moment said two things, of which one won. */
const by = { response_id: z.string().optional(), reason: z.string().optional(), command: operatorCommandSchema.optional() };
const opened = z.object({ wait: openWaitSchema });

/** What a run asks people for outside of gates: values, and that somebody takes a matter on. Each is a record of the audit. */
export const humanRunEvents = {
  question_asked: { version: 1, data: opened, audit: 'automation.governance.question_asked', summary: 'A step asked a person for a value; its node waits.' },
  question_answered: {
    version: 1, data: z.object({ ...request, answer: jsonSchema, conversion: answerConversionSchema, answered_by: governanceActorSchema, answered_at_ms: epochMsSchema, ...by }),
    audit: 'automation.governance.question_answered', summary: 'A person answered the question.',
  },
  question_timed_out: {
    version: 1, data: z.object({ ...request, due_at_ms: epochMsSchema, used_default: z.boolean() }),
    audit: 'automation_v2.internal_sweep.question_timed_out', summary: 'Nobody answered in time: the default is the answer, or the node failed.',
  },
  escalation_issued: { version: 1, data: opened, audit: 'automation.governance.escalation_issued', summary: 'A step asks that somebody with a role takes a matter on; its node waits.' },
  escalation_accepted: {
    version: 1, data: z.object({ ...request, role: z.string(), accepted_by: governanceActorSchema, accepted_at_ms: epochMsSchema, ...by }),
    audit: 'automation.governance.escalation_accepted', summary: 'A person took the matter on.',
  },
  escalation_declined: {
    version: 1, data: z.object({ ...request, decline: declineSchema, asked: z.int().positive(), next_role: z.string().optional(), wake_at_ms: epochMsSchema.optional(), response_id: by.response_id, command: by.command }),
    audit: 'automation.governance.escalation_declined', summary: 'A person did not take the matter on; it stays open, and the next role is asked too.',
  },
  escalation_passed_on: {
    version: 1, data: z.object({ ...request, due_at_ms: epochMsSchema, asked: z.int().positive(), next_role: z.string(), wake_at_ms: epochMsSchema }),
    audit: 'automation_v2.internal_sweep.escalation_passed_on', summary: 'Nobody took the matter on in time; the next role is asked too.',
  },
  escalation_timed_out: {
    version: 1, data: z.object({ ...request, due_at_ms: epochMsSchema }), audit: 'automation_v2.internal_sweep.escalation_timed_out',
    summary: 'Nobody took the matter on in time, and there is no further role; the node failed.',
  },
  human_request_cancelled: {
    version: 1, data: z.object({ ...request, kind: z.enum(humanRequestKinds), reason: z.string() }), audit: 'automation.governance.human_request_cancelled',
    summary: 'Nobody needs to answer any more: the run ended, or the node was reset.',
  },
} as const;
