import { z } from 'zod';
import { expiryPolicySchema } from './gate.schema.js';
import { automationIdSchema, durationMsSchema, jsonSchema, nodeIdSchema } from './scalars.schema.js';

const text = z.string().max(20_000);
const stringMap = z.record(z.string().min(1).max(256), text);
const freeForm = z.record(z.string(), jsonSchema);

/** `http`: one request. Any string may contain `{{ expression }}` (JSONata). Output: `{status, headers, body}`. */
export const httpActionSchema = z.strictObject({
  kind: z.literal('http'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: text.min(1),
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
export const transformActionSchema = z.strictObject({ kind: z.literal('transform'), expression: text.min(1) });
export type TransformAction = z.infer<typeof transformActionSchema>;

export const actionSchema = z.discriminatedUnion('kind', [httpActionSchema, transformActionSchema]);
export type Action = z.infer<typeof actionSchema>;

export const gateSchema = z.strictObject({
  required: z.boolean().default(true),
  decisions: z.array(z.string().min(1).max(64)).max(16).default([]),
  rework_targets: z.array(nodeIdSchema).max(64).default([]),
  instructions: text.optional(),
  expiry_policy: expiryPolicySchema.optional(),
});

export const timerWaitSchema = z.strictObject({
  kind: z.literal('timer'),
  delay_ms: durationMsSchema.max(366 * 24 * 3_600_000).optional(),
  /** When to wake: Unix milliseconds or an ISO 8601 instant, as a literal or an expression. */
  wake_at: z.union([z.int().nonnegative(), text.min(1)]).optional(),
});

export const retryPolicySchema = z.strictObject({
  max_attempts: z.int().min(1).max(10).optional(),
  retryable_failure_classes: z.array(z.string().min(1)).optional(),
  backoff: z
    .strictObject({
      strategy: z.enum(['none', 'fixed', 'exponential']).default('exponential'),
      initial_delay_ms: z.int().nonnegative().default(1000),
      max_delay_ms: z.int().positive().optional(),
      multiplier: z.number().min(1).default(2),
    })
    .optional(),
});

export const flowNodeSchema = z.strictObject({
  node_id: nodeIdSchema,
  objective: text.min(1),
  depends_on: z.array(nodeIdSchema).max(256).default([]),
  stage_kind: z.enum(['orchestrator', 'workstream', 'review', 'test', 'approval']).optional(),
  action: actionSchema.optional(),
  gate: gateSchema.optional(),
  wait: timerWaitSchema.optional(),
  risk_tier: z.string().min(1).max(64).optional(),
  data_classes: z.array(z.string().min(1).max(64)).optional(),
  retry_policy: retryPolicySchema.optional(),
  /** Time limit of one attempt. Default 30 s. */
  timeout_ms: durationMsSchema.max(24 * 3_600_000).optional(),
  metadata: freeForm.optional(),
});
export type FlowNode = z.infer<typeof flowNodeSchema>;

export const automationDefinitionSchema = z.strictObject({
  automation_id: automationIdSchema,
  name: z.string().min(1).max(256),
  description: text.optional(),
  status: z.enum(['active', 'paused', 'draft']).default('draft'),
  schedule: z
    .strictObject({ type: z.literal('manual'), timezone: z.string().min(1).max(64).default('UTC') })
    .default({ type: 'manual', timezone: 'UTC' }),
  agents: z.array(z.never()).default([]),
  /** JSON Schema (2020-12) of a run's input. */
  input_schema: freeForm.optional(),
  flow: z.strictObject({ nodes: z.array(flowNodeSchema).min(1).max(1000) }),
  execution: z
    .strictObject({
      profile: z.enum(['strict', 'guided', 'yolo']).optional(),
      /** Nodes of one run that execute at a time. Default 16, the maximum. */
      max_parallel_agents: z.int().min(1).max(16).optional(),
    })
    .optional(),
  metadata: freeForm.optional(),
});
export type AutomationDefinition = z.infer<typeof automationDefinitionSchema>;
/** What a client may send: everything with a default may be absent. */
export type AutomationDefinitionInput = z.input<typeof automationDefinitionSchema>;
