import { z } from 'zod';
import type { AnswerConversion } from '../human-request.schema.js';
import type { HumanRequestRecord } from '../read-models.schema.js';
import type { RunRecord } from '../run-record.js';
import { automationIdSchema, epochMsSchema, jsonSchema, runIdSchema } from '../scalars.schema.js';
import type { Page } from './observability.rpc.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

export const requestIdSchema = z.string().min(1).max(400);
const by = { reason: z.string().max(4000).optional(), command_id: commandIdSchema.optional() };

export interface AnsweredQuestion {
  readonly run: RunRecord;
  /** Whether the answer is recorded as it was sent. */
  readonly conversion: AnswerConversion;
}

/** Answers a question. Answered when the answer is in the log and in the archive. */
export const answerQuestion = rpcMethod<AnsweredQuestion>()(
  'cs.rpc.approval-gate.answer_question',
  z.object({ run_id: runIdSchema, request_id: requestIdSchema, answer: jsonSchema, ...by }),
);

/** Takes an escalation on, or declines it. Answered when the response is in the log and in the archive. */
export const respondEscalation = rpcMethod<RunRecord>()(
  'cs.rpc.approval-gate.respond_escalation',
  z.object({ run_id: runIdSchema, request_id: requestIdSchema, accepted: z.boolean(), ...by }),
);

const filter = {
  kind: z.string().max(32).optional(),
  status: z.string().max(32).optional(),
  run_id: runIdSchema.optional(),
  automation_id: automationIdSchema.optional(),
  agent: z.string().max(128).optional(),
  /** Asked then or later, or then or before. */
  since_ms: epochMsSchema.optional(),
  until_ms: epochMsSchema.optional(),
  /** Only what is open and asks the caller. */
  mine: z.boolean().optional(),
  limit: z.int().default(100).transform((value) => Math.min(Math.max(value, 1), 500)),
  cursor: z.string().max(1000).optional(),
  min_position: z.int().nonnegative().optional(),
};

/** Questions and escalations of the tenant, the newest first. An unknown kind or status is an empty list. */
export const listHumanRequests = rpcMethod<Page<HumanRequestRecord>>()('cs.rpc.observability.human_requests', z.object(filter));
export const getHumanRequest = rpcMethod<HumanRequestRecord>()('cs.rpc.observability.human_request', z.object({ request_id: requestIdSchema, min_position: z.int().nonnegative().optional() }));
