import {
  answerQuestion as answerQuestionMethod, approverSchema, automationIdSchema, governanceActorSchema, humanRequestKinds, humanRequestStatuses, requestIdSchema, respondEscalation as respondEscalationMethod, runIdSchema,
  type HumanRequestRecord,
} from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { z } from 'zod';
import { booleanText, integerText, sequenceText, wordText } from './query.schema.js';
import { runCommandAnswer } from './resources.schema.js';
import { defineRoute } from './route.js';

const tag = 'human-requests';
const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');
const json = z.custom<Json>();

/** A question or an escalation, from its asking to its end. */
const humanRequestResource = z.object({
  request_id: z.string(),
  kind: z.enum(humanRequestKinds),
  status: z.enum(humanRequestStatuses),
  run_id: z.string(),
  automation_id: z.string(),
  workflow_name: z.string(),
  node_id: z.string(),
  item: z.int().nullable().describe('Item of a list that asks, from 0'),
  agent: z.string().nullable(),
  prompt: z.string().describe('What is asked; of an escalation, its reason'),
  schema: json.nullable().describe('JSON Schema of the answer'),
  default: json.exactOptional().describe('The answer when nobody gives one in time; absent when there is none'),
  ask: z.array(approverSchema).readonly().nullable().describe('Who may answer; null: the owner of the automation and its administrators'),
  roles: z.array(z.string()).readonly().nullable().describe('Roles that an escalation has asked so far'),
  declined: z.array(z.object({ responder: z.string(), declined_by: governanceActorSchema, declined_at_ms: milliseconds, reason: z.string().optional() })).readonly(),
  requested_by: governanceActorSchema,
  requested_at_ms: milliseconds,
  expires_at_ms: milliseconds.nullable(),
  respond_endpoint: z.string().describe('Where a response is posted'),
  answer: json.exactOptional().describe('Absent until it is answered'),
  conversion: z.enum(['kept', 'converted', 'defaulted']).nullable().describe('Whether the answer is recorded as it was sent'),
  answer_source: z.enum(['person', 'default']).nullable(),
  responded_by: governanceActorSchema.nullable(),
  ended_at_ms: milliseconds.nullable(),
  reason: z.string().nullable(),
}) satisfies z.ZodType<HumanRequestRecord>;

const refusals = [
  'AUTOMATION_V2_RUN_NOT_FOUND', 'AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND', 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', 'AUTOMATION_V2_HUMAN_REQUEST_EXPIRED', 'AUTOMATION_V2_HUMAN_REQUEST_REQUIRES_HUMAN',
  'AUTOMATION_V2_HUMAN_REQUEST_IDENTITY_REQUIRED', 'AUTOMATION_V2_HUMAN_REQUEST_NOT_ASKED', 'AUTOMATION_V2_ACCESS_DENIED', 'AUTOMATION_V2_ANSWER_SECRET', 'ARCHIVE_BEHIND',
] as const;

const params = z.object({ run_id: runIdSchema, request_id: requestIdSchema });

export const answerQuestion = defineRoute({
  operationId: 'answerQuestion', method: 'POST', path: '/automations/v2/runs/{run_id}/questions/{request_id}/answer', tag, access: 'tenant', kind: 'command',
  summary: 'Answer a question that a run waits for',
  description: 'Answered when the answer is in the log and in the archive. The first answer wins; a later one is refused and told how the question ended.',
  idempotent: true, params,
  body: { schema: answerQuestionMethod.payload.omit({ run_id: true, request_id: true, command_id: true }).strict(), mediaTypes: ['application/json'], required: true },
  answer: { description: 'The run after the answer', mediaType: 'application/json', schema: runCommandAnswer.extend({ conversion: z.enum(['kept', 'converted', 'defaulted']).describe('Whether the answer is recorded as it was sent') }) },
  errors: [
    ...refusals, 'AUTOMATION_V2_HUMAN_REQUEST_SELF_ANSWER_FORBIDDEN', 'AUTOMATION_V2_HUMAN_REQUEST_AUTHORITY_REQUIRED', 'AUTOMATION_V2_HUMAN_REQUEST_AUTHORITY_DENIED',
    'AUTOMATION_V2_ANSWER_INVALID', 'AUTOMATION_V2_ANSWER_TOO_LARGE',
  ],
});

export const respondEscalation = defineRoute({
  operationId: 'respondEscalation', method: 'POST', path: '/automations/v2/runs/{run_id}/escalations/{request_id}/respond', tag, access: 'tenant', kind: 'command',
  summary: 'Take an escalation on, or decline it',
  description: 'The first who accepts has it. After a decline it stays open, and the next role of its chain is asked too.',
  idempotent: true, params,
  body: { schema: respondEscalationMethod.payload.omit({ run_id: true, request_id: true, command_id: true }).strict(), mediaTypes: ['application/json'], required: true },
  answer: { description: 'The run after the response', mediaType: 'application/json', schema: runCommandAnswer },
  errors: refusals,
});

export const listHumanRequests = defineRoute({
  operationId: 'listHumanRequests', method: 'GET', path: '/human-requests', tag, access: 'tenant', kind: 'read',
  summary: 'List questions and escalations, the newest first',
  description: 'Filters hold before the limit. An unknown kind or status is an empty list.',
  query: z.strictObject({
    kind: wordText(32).optional().describe('`question` or `escalation`'), status: wordText(32).optional().describe('`pending`, `answered`, `accepted`, `timed_out` or `cancelled`'),
    run_id: runIdSchema.optional(), automation_id: automationIdSchema.optional(), agent: wordText(128).optional().describe('Agent of the node that asks'),
    since_ms: sequenceText.optional().describe('Asked then or later, in milliseconds since the Unix epoch'), until_ms: sequenceText.optional().describe('Asked then or before'),
    mine: booleanText.optional().describe('true: only what is open and asks you, by name, role or group, or as owner of the automation'),
    limit: integerText.optional().describe('Default 100, at most 500'), cursor: wordText(1000).optional().describe('`next_cursor` of the page before'),
  }),
  answer: {
    description: 'A page of requests', mediaType: 'application/json',
    schema: z.object({ human_requests: z.array(humanRequestResource), count: z.int().nonnegative().describe('Items of this page'), next_cursor: z.string().optional().describe('Absent on the last page') }),
  },
  errors: [],
});

export const getHumanRequest = defineRoute({
  operationId: 'getHumanRequest', method: 'GET', path: '/human-requests/{request_id}', tag, access: 'tenant', kind: 'read',
  summary: 'Read one question or escalation',
  params: z.object({ request_id: requestIdSchema }),
  answer: { description: 'The request', mediaType: 'application/json', schema: z.object({ human_request: humanRequestResource }) },
  errors: ['AUTOMATION_V2_HUMAN_REQUEST_NOT_FOUND'],
});
