import { z } from 'zod';
import { approverSchema } from './gate.schema.js';
import { automationIdSchema, definitionTextSchema, jsonSchema } from './scalars.schema.js';

const stringMap = z.record(z.string().min(1).max(256), definitionTextSchema);

/** `http`: one request. Any string may contain `{{ expression }}` (JSONata). Output: `{status, headers, body}`. */
export const httpActionSchema = z.strictObject({
  kind: z.literal('http').describe('One request. Output: {status, headers, body}. Any text may hold {{ expressions }}.'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).describe('Only GET and HEAD follow redirects.'),
  url: definitionTextSchema.min(1).describe('Where to, with http: or https:. secrets.<NAME> is in scope.'),
  headers: stringMap.optional().describe('Headers to send. Default none of its own.'),
  query: stringMap.optional().describe('Parameters to add to the query of the url. Default none.'),
  body: jsonSchema.optional().describe('What to send: a text as it is, anything else as JSON. Default nothing.'),
  expect_status: z.union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)]).optional().describe('Status codes that count as success. Default 200 to 299.'),
  response: z.enum(['json', 'text']).optional().describe("How the answer's body is read. Default: by its media type."),
  idempotency: z
    .union([z.strictObject({ header: z.string().min(1).max(128).describe('Header that carries the key, the same on every attempt.') }), z.enum(['safe', 'none'])])
    .optional()
    .describe('What repeating the request does: {header} the peer does it once per key; safe: nothing; none: it is never repeated unless it certainly did not leave. Default {header: Idempotency-Key} for POST and PATCH, safe otherwise.'),
});
export type HttpAction = z.infer<typeof httpActionSchema>;

/** `transform`: a pure JSONata expression over the run's input and earlier outputs. Output: its value. */
export const transformActionSchema = z.strictObject({
  kind: z.literal('transform').describe('One expression. Output: its value.'),
  expression: definitionTextSchema.min(1).describe('JSONata over input, nodes, inputs and run.'),
});
export type TransformAction = z.infer<typeof transformActionSchema>;

/** `automation`: a run of another automation of the same tenant; the node waits for its end. Output: `{run_id, status, outputs}`. */
export const automationActionSchema = z.strictObject({
  kind: z.literal('automation').describe('A run of another automation, and waits for its end. Output: {run_id, status, outputs}.'),
  automation_id: automationIdSchema.describe('The automation to run.'),
  version: z.string().min(1).max(256).optional().describe('Definition version to run. Default: the one that is current when the run is requested.'),
  input: jsonSchema.optional().describe('Input of that run; may hold {{ expressions }}. Default: an empty object.'),
});
export type AutomationAction = z.infer<typeof automationActionSchema>;

/** `worker`: a task that an external worker claims and completes. Output: what the worker completed with. */
export const workerActionSchema = z.strictObject({
  kind: z.literal('worker').describe('A task that an external worker claims. Not available yet: it is refused.'),
  task_type: z.string().min(1).max(128).describe('Kind of task; workers claim by it.'),
  payload: jsonSchema.optional().describe('What the worker gets. Default nothing.'),
  priority: z.int().optional().describe('Tasks with a higher one are claimed first. Default 0.'),
});
export type WorkerAction = z.infer<typeof workerActionSchema>;

const longestMs = 366 * 24 * 3_600_000;
const answerTime = z.int().positive().max(longestMs);
const remindEvery = z.int().min(1000).max(longestMs).optional().describe('Time between reminders, in ms, until the deadline. Default none.');

/** `question`: a value that a person gives. Output: the answer. */
export const questionActionSchema = z.strictObject({
  kind: z.literal('question').describe('Asks a person for a value and waits for it. Output: the answer.'),
  prompt: definitionTextSchema.min(1).describe('What is asked; may hold {{ expressions }}.'),
  schema: z.record(z.string(), jsonSchema).optional().describe('JSON Schema (2020-12) of the answer. Default anything; then an answer is brought to the type of the default.'),
  default: jsonSchema.optional().describe('The answer when nobody gives one in time; may hold {{ expressions }}. Without it, the node fails then.'),
  expires_after_ms: answerTime.optional().describe('Time to answer, in ms. Default a day.'),
  remind_every_ms: remindEvery,
  ask: z.array(approverSchema).min(1).max(64).optional().describe('Who may answer. Default: the owner of the automation and its administrators.'),
  requester_may_answer: z.boolean().optional().describe('Whether whoever asked for the run may answer. Default true; never where the node is consequential.'),
});
export type QuestionAction = z.infer<typeof questionActionSchema>;

const role = z.string().min(1).max(256);

/** `escalation`: somebody with a role has to take a matter on. Output: `{request_id, role, reason, status, reviewer, accepted_at_ms}`. */
export const escalationActionSchema = z.strictObject({
  kind: z.literal('escalation').describe('Asks that somebody with a role takes a matter on, and waits for it. Output: {request_id, role, reason, status, reviewer, accepted_at_ms}.'),
  role: role.describe('Role that is asked first.'),
  reason: definitionTextSchema.min(1).describe('Why; may hold {{ expressions }}.'),
  chain: z.array(role).max(8).optional().describe('Roles that are asked next, one after the other, when someone declines or time runs out. Default none.'),
  expires_after_ms: answerTime.optional().describe('Time that each role has, in ms; after the last one the node fails. Default: no end.'),
  remind_every_ms: remindEvery,
});
export type EscalationAction = z.infer<typeof escalationActionSchema>;

export const actionSchema = z.discriminatedUnion('kind', [httpActionSchema, transformActionSchema, automationActionSchema, workerActionSchema, questionActionSchema, escalationActionSchema]);
export type Action = z.infer<typeof actionSchema>;
