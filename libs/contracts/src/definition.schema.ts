import { z } from 'zod';
import { actionSchema } from './action.schema.js';
import { expiryPolicySchema } from './gate.schema.js';
import { automationIdSchema, definitionTextSchema, durationMsSchema, jsonSchema, nodeIdSchema } from './scalars.schema.js';
import { scheduleSchema } from './schedule.schema.js';
import { waitSpecSchema } from './wait-spec.schema.js';

const text = definitionTextSchema;
const freeForm = z.record(z.string(), jsonSchema);
const names = z.array(z.string().min(1).max(256)).max(256);

export const gateSchema = z.strictObject({
  required: z.boolean().default(true),
  decisions: z.array(z.string().min(1).max(64)).max(16).default([]),
  rework_targets: z.array(nodeIdSchema).max(64).default([]),
  instructions: text.optional(),
  expiry_policy: expiryPolicySchema.optional(),
});

/** How failed attempts of a node are repeated (domain 2.7). */
export const retryPolicySchema = z.strictObject({
  /** Attempts in all. Default 3. */
  max_attempts: z.int().min(1).max(10).optional(),
  /** Failure kinds that are repeated; empty or `*` means all that may be repeated. */
  retryable_failure_classes: z.array(z.string().min(1)).optional(),
  backoff: z
    .strictObject({
      strategy: z.enum(['none', 'fixed', 'exponential']).default('exponential'),
      initial_delay_ms: z.int().nonnegative().default(1000),
      max_delay_ms: z.int().positive().optional(),
      multiplier: z.number().min(1).default(2),
    })
    .optional(),
  /** No attempt begins later than this after the first. */
  max_elapsed_ms: durationMsSchema.max(366 * 24 * 3_600_000).optional(),
  /** What a node that is out of attempts does to its run. Default `fail_run`. */
  terminal_behavior: z.strictObject({ mode: z.enum(['fail_run', 'pause_for_review', 'dead_letter']) }).optional(),
  manual_override: z.strictObject({ enabled: z.boolean().default(false), requires_reason: z.boolean().default(true) }).optional(),
});
export type RetryPolicy = z.infer<typeof retryPolicySchema>;

/** Executes the node once for each item; the output is the list of their outputs, in the order of the items. */
export const forEachSchema = z.strictObject({
  /** A list, or an expression that yields one; at most 10,000 items. */
  items: z.union([text.min(1), z.array(jsonSchema).max(10_000)]),
  /** Items that execute at a time. Default 1. */
  max_parallel: z.int().min(1).max(64).default(1),
});
export type ForEach = z.infer<typeof forEachSchema>;

export const flowNodeSchema = z.strictObject({
  node_id: nodeIdSchema,
  objective: text.min(1),
  agent_id: z.string().min(1).max(128).optional(),
  depends_on: z.array(nodeIdSchema).max(256).default([]),
  /** Outputs of earlier nodes by a name of one's own: `inputs.<alias>` in expressions. */
  input_refs: z.array(z.strictObject({ from_step_id: nodeIdSchema, alias: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/) })).max(64).optional(),
  stage_kind: z.enum(['orchestrator', 'workstream', 'review', 'test', 'approval']).optional(),
  action: actionSchema.optional(),
  gate: gateSchema.optional(),
  wait: waitSpecSchema.optional(),
  /** JSONata; when its value is false, null, absent, 0, "" or an empty list, the node is skipped. */
  when: text.min(1).optional(),
  for_each: forEachSchema.optional(),
  risk_tier: z.string().min(1).max(64).optional(),
  data_classes: z.array(z.string().min(1).max(64)).optional(),
  retry_policy: retryPolicySchema.optional(),
  /** Time limit of one attempt. Default 30 s. */
  timeout_ms: durationMsSchema.max(24 * 3_600_000).optional(),
  metadata: freeForm.optional(),
});
export type FlowNode = z.infer<typeof flowNodeSchema>;

/** Who executes nodes that name it (domain 2.4). */
export const agentSchema = z.strictObject({
  agent_id: z.string().min(1).max(128),
  template_id: z.string().min(1).max(256).optional(),
  display_name: z.string().min(1).max(256).optional(),
  avatar_url: z.string().max(2048).optional(),
  model_policy: freeForm.optional(),
  skills: names.default([]),
  tool_policy: z.strictObject({ allowlist: names.default([]), denylist: names.default([]) }).optional(),
  mcp_policy: freeForm.optional(),
  approval_policy: z.string().min(1).max(64).optional(),
});
export type Agent = z.infer<typeof agentSchema>;

/** Limits of one run, and of the runs of an automation together (domain 2.5, 3.5). */
export const executionSchema = z.strictObject({
  profile: z.enum(['strict', 'guided', 'yolo']).optional(),
  /** Nodes of one run that execute at a time. Default 16, the maximum. */
  max_parallel_agents: z.int().min(1).max(16).optional(),
  /** A run that executed for so long is paused. Waiting does not count. */
  max_total_runtime_ms: durationMsSchema.optional(),
  /** Effects (requests, tool calls) of one run. */
  max_total_tool_calls: z.int().positive().optional(),
  max_total_tokens: z.int().positive().optional(),
  max_total_cost_usd: z.number().positive().optional(),
  /** Runs of this automation that execute at a time; others stay queued. */
  max_concurrent_runs: z.int().min(1).max(1000).optional(),
  /** Runs of this automation that may begin within a period; others stay queued. */
  rate_limit: z.strictObject({ max_runs: z.int().min(1).max(10_000), per_ms: durationMsSchema.max(24 * 3_600_000) }).optional(),
});
export type ExecutionPolicy = z.infer<typeof executionSchema>;

/** Starts a run when a handoff for this automation is available (domain 2.6). */
export const watchConditionSchema = z.strictObject({
  kind: z.literal('handoff_available').default('handoff_available'),
  source_automation_id: automationIdSchema.optional(),
  artifact_type: z.string().min(1).max(128).optional(),
});
export type WatchCondition = z.infer<typeof watchConditionSchema>;

export const handoffConfigSchema = z.strictObject({
  inbox_dir: z.string().min(1).max(256).default('shared/handoffs/inbox'),
  approved_dir: z.string().min(1).max(256).default('shared/handoffs/approved'),
  archived_dir: z.string().min(1).max(256).default('shared/handoffs/archived'),
  /** False: an operator approves each handoff before it can be consumed. */
  auto_approve: z.boolean().default(true),
});
export type HandoffConfig = z.infer<typeof handoffConfigSchema>;

export const automationDefinitionSchema = z.strictObject({
  automation_id: automationIdSchema,
  name: z.string().min(1).max(256),
  description: text.optional(),
  status: z.enum(['active', 'paused', 'draft']).default('draft'),
  schedule: scheduleSchema.default({ type: 'manual', timezone: 'UTC' }),
  agents: z.array(agentSchema).max(256).default([]),
  /** JSON Schema (2020-12) of a run's input. */
  input_schema: freeForm.optional(),
  flow: z.strictObject({ nodes: z.array(flowNodeSchema).min(1).max(1000) }),
  execution: executionSchema.optional(),
  /** Absolute path that runs work in. Two runs with the same root never execute at the same time. */
  workspace_root: z.string().min(1).max(1024).optional(),
  watch_conditions: z.array(watchConditionSchema).max(16).optional(),
  handoff_config: handoffConfigSchema.optional(),
  metadata: freeForm.optional(),
});
export type AutomationDefinition = z.infer<typeof automationDefinitionSchema>;
/** What a client may send: everything with a default may be absent. */
export type AutomationDefinitionInput = z.input<typeof automationDefinitionSchema>;
