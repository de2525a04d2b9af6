import { z } from 'zod';
import { approverSchema } from './gate.schema.js';
import { epochMsSchema, jsonSchema, nodeIdSchema } from './scalars.schema.js';
import { governanceActorSchema } from './tenant.schema.js';

/** Longest answer to a question, in UTF-8 bytes of its JSON. */
export const maxAnswerBytes = 16 * 1024;
/** Time to answer a question that does not say how long it waits: a day, in ms. */
export const defaultAnswerMs = 24 * 3_600_000;

/** A question as it is asked: every text is resolved when it opens. Its deadline is the wake-up of its wait. */
export const questionRequestSchema = z.object({
  kind: z.literal('question'),
  prompt: z.string(),
  /** Agent that the asking node names. */
  agent: z.string().optional(),
  /** JSON Schema (2020-12) that an answer has to fit. */
  schema: z.record(z.string(), jsonSchema).optional(),
  /** Answer when nobody gives one in time; without a schema, also the type that answers are brought to. */
  default: jsonSchema.optional(),
  /** Who may answer; absent means the owner of the automation and its administrators. */
  ask: z.array(approverSchema).readonly().optional(),
  requester_may_answer: z.boolean().optional(),
  risk_tier: z.string().optional(),
  data_classes: z.array(z.string()).readonly().optional(),
  /** Members of the node's metadata that say who may review it. */
  metadata: z.record(z.string(), jsonSchema).optional(),
});
export type QuestionRequest = z.infer<typeof questionRequestSchema>;

/** Somebody who did not take an escalation on. */
export const declineSchema = z.object({
  /** One spelling per person. */
  responder: z.string(),
  declined_by: governanceActorSchema,
  declined_at_ms: epochMsSchema,
  reason: z.string().optional(),
});

/** An escalation as it is issued: somebody who has one of the roles asked so far has to take it on. */
export const escalationRequestSchema = z.object({
  kind: z.literal('escalation'),
  reason: z.string(),
  agent: z.string().optional(),
  /** Roles in the order in which they are asked. */
  roles: z.array(z.string()).min(1).readonly(),
  /** How many of `roles` are asked so far. */
  asked: z.int().positive(),
  /** Time that each role has before the next is asked, in ms; absent means for ever. */
  expires_after_ms: z.int().positive().optional(),
  /** Oldest first, each person once. */
  declined: z.array(declineSchema).readonly(),
});
export type EscalationRequest = z.infer<typeof escalationRequestSchema>;

/** What a run asks a person for outside of a gate. Its id is that of its wait. */
export const humanRequestSchema = z.discriminatedUnion('kind', [questionRequestSchema, escalationRequestSchema]);
export type HumanRequest = z.infer<typeof humanRequestSchema>;

export const humanRequestKinds = ['question', 'escalation'] as const;

/** How the answer came to be what is recorded: as it was sent, brought to the type of the default, or the default because nothing else fits. */
export const answerConversionSchema = z.enum(['kept', 'converted', 'defaulted']);
export type AnswerConversion = z.infer<typeof answerConversionSchema>;

/** How a request to a person ended: the first end is the only one. */
export const endedHumanRequestSchema = z.object({
  request_id: z.string(),
  node_id: nodeIdSchema,
  item: z.int().nonnegative().optional(),
  kind: z.enum(humanRequestKinds),
  status: z.enum(['answered', 'accepted', 'timed_out', 'cancelled']),
  ended_at_ms: epochMsSchema,
  /** Who answered or accepted. */
  ended_by: governanceActorSchema.optional(),
  reason: z.string().optional(),
  /** Of an answer. */
  conversion: answerConversionSchema.optional(),
  /** The command that did it, so that it is known when it comes again. */
  command: z.object({ command_id: z.string(), fingerprint: z.string() }).optional(),
});
export type EndedHumanRequest = z.infer<typeof endedHumanRequestSchema>;

/** Who gave the output of a question, and when; a default was given by nobody. */
export const answerProvenanceSchema = z.object({
  request_id: z.string(),
  source: z.enum(['person', 'default']),
  answered_by: governanceActorSchema.optional(),
  answered_at_ms: epochMsSchema,
  reason: z.string().optional(),
});
export type AnswerProvenance = z.infer<typeof answerProvenanceSchema>;
