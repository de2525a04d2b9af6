import { z } from 'zod';
import { automationIdSchema, definitionTextSchema, jsonSchema } from './scalars.schema.js';

const stringMap = z.record(z.string().min(1).max(256), definitionTextSchema);

/** `http`: one request. Any string may contain `{{ expression }}` (JSONata). Output: `{status, headers, body}`. */
export const httpActionSchema = z.strictObject({
  kind: z.literal('http'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: definitionTextSchema.min(1),
  headers: stringMap.optional(),
  query: stringMap.optional(),
  body: jsonSchema.optional(),
  /** Status codes that count as success; absent means 200 to 299. */
  expect_status: z.union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)]).optional(),
  /** How the answer's body is read; absent means by its media type. */
  response: z.enum(['json', 'text']).optional(),
  /** Header that carries the idempotency key, or how safe it is to send the request again. */
  idempotency: z.union([z.strictObject({ header: z.string().min(1).max(128) }), z.enum(['safe', 'none'])]).optional(),
});
export type HttpAction = z.infer<typeof httpActionSchema>;

/** `transform`: a pure JSONata expression over the run's input and earlier outputs. Output: its value. */
export const transformActionSchema = z.strictObject({ kind: z.literal('transform'), expression: definitionTextSchema.min(1) });
export type TransformAction = z.infer<typeof transformActionSchema>;

/** `automation`: a run of another automation of the same tenant; the node waits for its end. Output: `{run_id, status, outputs}`. */
export const automationActionSchema = z.strictObject({
  kind: z.literal('automation'),
  automation_id: automationIdSchema,
  /** Definition version to run; absent means the current one when the child is requested. */
  version: z.string().min(1).max(256).optional(),
  input: jsonSchema.optional(),
});
export type AutomationAction = z.infer<typeof automationActionSchema>;

/** `worker`: a task that an external worker claims and completes. Output: what the worker completed with. */
export const workerActionSchema = z.strictObject({
  kind: z.literal('worker'),
  task_type: z.string().min(1).max(128),
  payload: jsonSchema.optional(),
  priority: z.int().optional(),
});
export type WorkerAction = z.infer<typeof workerActionSchema>;

export const actionSchema = z.discriminatedUnion('kind', [httpActionSchema, transformActionSchema, automationActionSchema, workerActionSchema]);
export type Action = z.infer<typeof actionSchema>;
