import { z } from 'zod';
import { actionSchema, httpActionSchema } from './action.schema.js';
import { approverSchema, expiryPolicySchema, votingSchema } from './gate.schema.js';
import { declaredCompensationSchema } from './recovery.schema.js';
import { automationIdSchema, definitionTextSchema, digestSchema, durationMsSchema, epochMsSchema, jsonSchema, nodeIdSchema } from './scalars.schema.js';
import { scheduleSchema } from './schedule.schema.js';
import { waitSpecSchema } from './wait-spec.schema.js';

const text = definitionTextSchema;
const freeForm = z.record(z.string(), jsonSchema);
const names = z.array(z.string().min(1).max(256)).max(256);

export const gateSchema = z.strictObject({
  required: z.boolean().default(true).describe('Whether a person has to sign here; a gate that is not required is refused.'),
  decisions: z.array(z.string().min(1).max(64)).max(16).default([]).describe('Decisions that are offered: approve, rework, cancel. Empty means all three.'),
  rework_targets: z.array(nodeIdSchema).max(64).default([]).describe('Nodes that a rework sends back, with everything that depends on them. Empty means what the gate depends on.'),
  instructions: text.optional().describe('What the person who signs has to know; may hold {{ expressions }}.'),
  approvers: z.array(approverSchema).min(1).max(64).optional().describe('Who may decide. Default: anyone with authority.'),
  approvals_required: z.int().min(1).max(64).optional().describe('Approvals of different people that it takes. Default 1.'),
  voting: votingSchema.optional().describe('What people who do not approve mean at a gate that needs several. Default veto.'),
  requester_may_approve: z.boolean().optional().describe('Whether the approval of whoever asked for the run counts at a gate that needs several. Default false; never at a consequential gate.'),
  expiry_policy: expiryPolicySchema.optional().describe('What happens when nobody decides in time.'),
});

/** How failed attempts of a node are repeated (domain 2.7). */
export const retryPolicySchema = z.strictObject({
  max_attempts: z.int().optional().describe('Attempts in all, 1 to 10; what is beyond counts as the nearest. Default 3; 5 for research briefs and nodes with required tools. A connection that failed is tried 3 times at least.'),
  retryable_failure_classes: z.array(z.string().min(1)).optional().describe('Classes or kinds of failures that are repeated, e.g. provider_transient or timeout; empty or "*" means all that may be repeated.'),
  backoff: z
    .strictObject({
      strategy: z.enum(['none', 'fixed', 'exponential']).default('exponential').describe('How the delay grows with every attempt.'),
      initial_delay_ms: z.int().nonnegative().default(1000).describe('Delay before the second attempt, in milliseconds.'),
      max_delay_ms: z.int().positive().optional().describe('Longest delay, in milliseconds. At most a day, also when absent.'),
      multiplier: z.number().min(1).default(2).describe('Factor by which an exponential delay grows.'),
    })
    .optional()
    .describe('Delay between attempts. Default: exponential from 1 s to 30 s; after a failed connection 2 s, 5 s, 8 s.'),
  max_elapsed_ms: durationMsSchema.max(366 * 24 * 3_600_000).optional().describe('No attempt begins later than this after the first, in milliseconds.'),
  terminal_behavior: z
    .strictObject({ mode: z.enum(['fail_run', 'pause_for_review', 'dead_letter']).describe('fail_run; pause_for_review: the run pauses and resuming it gives the node one more attempt; dead_letter: the run fails and a dead letter is opened.') })
    .optional()
    .describe('What a node that is not tried again does to its run. Default fail_run.'),
  manual_override: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Whether this rule holds. Default false: an operator needs no reason.'),
      requires_reason: z.boolean().default(true).describe('Whether the operator has to say why. Default true.'),
    })
    .optional()
    .describe('A rule for operators who do the node again (retry, requeue, continue, repair, recover), which gives it attempts beyond this policy. Default: they need no reason.'),
});
export type RetryPolicy = z.infer<typeof retryPolicySchema>;

/** Executes the node once for each item; the output is the list of their outputs, in the order of the items. */
export const forEachSchema = z.strictObject({
  items: z.union([text.min(1), z.array(jsonSchema).max(10_000)]).describe('A list, or an expression that yields one; at most 10,000 items.'),
  max_parallel: z.int().min(1).max(64).default(1).describe('Items that execute at a time.'),
});
export type ForEach = z.infer<typeof forEachSchema>;

/** What a node has to deliver (domain 2.3). */
export const outputContractSchema = z.strictObject({
  kind: z.string().min(1).max(128).describe('Name of what is delivered.'),
  validator: z.enum(['code_patch', 'research_brief', 'review_decision', 'structured_json', 'generic_artifact', 'standup_update']).optional().describe('How agent steps check it. A research brief is tried 5 times unless the retry policy says otherwise.'),
  enforcement: z.union([z.string().max(64), freeForm]).optional().describe('Kept for agent steps.'),
  schema: freeForm.optional().describe('JSON Schema (2020-12) of the output. An output that does not fit pauses the run for review while attempts are left, and fails the node otherwise.'),
  summary_guidance: text.optional().describe('Kept for agent steps.'),
});
export type OutputContract = z.infer<typeof outputContractSchema>;

const stageKinds = ['orchestrator', 'workstream', 'review', 'test', 'approval'] as const;

export const flowNodeSchema = z.strictObject({
  node_id: nodeIdSchema.describe('Name of the node, unique in its flow: letters, digits, "_" and "-".'),
  objective: text.min(1).describe('What the node is for; the title of a gate. May hold {{ expressions }} in a gate.'),
  agent_id: z.string().min(1).max(128).optional().describe('One of `agents`: who executes the node.'),
  depends_on: z.array(nodeIdSchema).max(256).default([]).describe('Nodes that have to be complete before this one starts.'),
  input_refs: z
    .array(z.strictObject({ from_step_id: nodeIdSchema.describe('A node that this one depends on.'), alias: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/).describe('Its name here.') }))
    .max(64)
    .optional()
    .describe("Outputs of earlier nodes by a name of one's own: `inputs.<alias>` in expressions."),
  stage_kind: z.enum(stageKinds).optional().describe('Role in the flow. `approval` makes the node a gate.'),
  action: actionSchema.optional().describe('What the node does. A node has exactly one of action, gate and wait.'),
  gate: gateSchema.optional().describe('Stops the run until a person has decided.'),
  wait: waitSpecSchema.optional().describe('Waits for a time or for something from outside.'),
  when: text.min(1).optional().describe('JSONata; when its value is false, null, absent, 0, "" or an empty list, the node is skipped.'),
  for_each: forEachSchema.optional().describe('Executes the action once for each item of a list.'),
  risk_tier: z.string().min(1).max(64).optional().describe('How much can go wrong, e.g. money_movement_contract. A step that names one is judged by the policy of the workspace before it starts; some tiers ask for an approval.'),
  data_classes: z.array(z.string().min(1).max(64)).optional().describe('Classes of the data that the node touches, e.g. customer_data. A step that names one is judged like one with a risk tier.'),
  retry_policy: retryPolicySchema.optional().describe('How failed attempts are repeated.'),
  max_attempts: z.int().optional().describe('Older spelling of retry_policy.max_attempts, which wins.'),
  timeout_ms: durationMsSchema.max(24 * 3_600_000).optional().describe('Time limit of one attempt, in milliseconds. Default 30 s; of a node that waits for a child run: none.'),
  compensate: z.union([httpActionSchema, declaredCompensationSchema]).optional().describe('What undoes the effect of the node, or a request alone that does: proposed to people when the effect fails or nobody knows what became of it.'),
  output_contract: outputContractSchema.optional().describe('What the node has to deliver.'),
  metadata: freeForm.optional().describe('Free for clients.'),
});
export type FlowNode = z.infer<typeof flowNodeSchema>;

/** Who executes nodes that name it (domain 2.4). */
export const agentSchema = z.strictObject({
  agent_id: z.string().min(1).max(128).describe('Name that nodes refer to; unique.'),
  template_id: z.string().min(1).max(256).optional().describe('Template that the agent was made from.'),
  display_name: z.string().max(256).optional().describe('Shown to people; made from agent_id when it is blank.'),
  avatar_url: z.string().max(2048).optional().describe('Picture shown to people.'),
  model_policy: freeForm.optional().describe('Which models the agent may use.'),
  skills: names.default([]).describe('Skills that the agent has.'),
  tool_policy: z
    .strictObject({ allowlist: names.default([]).describe('Tools that the agent may use; empty means read only.'), denylist: names.default([]).describe('Tools that the agent may not use.') })
    .optional()
    .describe('Which tools the agent may use. Default: read only.'),
  mcp_policy: freeForm.optional().describe('Which MCP servers the agent may use.'),
  approval_policy: z.string().min(1).max(64).optional().describe('When the agent has to ask a person.'),
});
export type Agent = z.infer<typeof agentSchema>;

/** What runs of an automation may do without asking anybody. */
export const autonomyLimitsSchema = z.strictObject({
  max_effects_per_hour: z.int().nonnegative().optional().describe('Effects in an hour of the clock (UTC). Absent: no limit.'),
  max_effects_per_day: z.int().nonnegative().optional().describe('Effects in a day (UTC). Absent: no limit.'),
});
export type AutonomyLimits = z.infer<typeof autonomyLimitsSchema>;

/** Limits of one run, and of the runs of an automation together (domain 2.5, 3.5). */
export const executionSchema = z.strictObject({
  profile: z.enum(['strict', 'guided', 'yolo']).optional().describe('How much a run is left to itself. Default guided.'),
  max_parallel_agents: z.int().min(1).max(16).optional().describe('Nodes of one run that execute at a time. Default 16, the maximum.'),
  max_total_runtime_ms: durationMsSchema.optional().describe('A run that has executed for so long is paused before its next node starts. Waiting does not count.'),
  max_total_tool_calls: z.int().positive().optional().describe('Attempts of outside effects (requests, tool calls) that one run may make; then it is paused.'),
  max_total_tokens: z.int().positive().optional().describe('Model tokens that one run may use; then it is paused.'),
  max_total_cost_usd: z.number().positive().optional().describe('US dollars that one run may cost; then it is paused.'),
  max_concurrent_runs: z.int().min(1).max(1000).optional().describe('Runs of this automation that execute at a time; others stay queued.'),
  autonomy: autonomyLimitsSchema.optional().describe('Effects (requests, tool calls, child runs) that runs of this automation may have without an approval; an operator is asked about each one beyond that.'),
  rate_limit: z
    .strictObject({ max_runs: z.int().min(1).max(10_000).describe('Runs that may begin within the period.'), per_ms: durationMsSchema.max(24 * 3_600_000).describe('The period, in milliseconds.') })
    .optional()
    .describe('Runs of this automation that may begin within a period; others stay queued.'),
});
export type ExecutionPolicy = z.infer<typeof executionSchema>;

/** Starts a run when a handoff for this automation is available (domain 2.6). */
export const watchConditionSchema = z.strictObject({
  kind: z.literal('handoff_available').default('handoff_available').describe('The only kind.'),
  source_automation_id: automationIdSchema.optional().describe('Only handoffs of this automation.'),
  artifact_type: z.string().min(1).max(128).optional().describe('Only handoffs of this type.'),
});
export type WatchCondition = z.infer<typeof watchConditionSchema>;

export const handoffConfigSchema = z.strictObject({
  inbox_dir: z.string().min(1).max(256).default('shared/handoffs/inbox').describe('Where handoffs arrive.'),
  approved_dir: z.string().min(1).max(256).default('shared/handoffs/approved').describe('Where handoffs wait to be consumed.'),
  archived_dir: z.string().min(1).max(256).default('shared/handoffs/archived').describe('Where consumed handoffs are kept.'),
  auto_approve: z.boolean().default(true).describe('False: an operator approves each handoff before it can be consumed.'),
});
export type HandoffConfig = z.infer<typeof handoffConfigSchema>;

export const automationDefinitionSchema = z.strictObject({
  automation_id: automationIdSchema.describe('Name of the automation, unique in its workspace: letters, digits, "_" and "-".'),
  name: z.string().min(1).max(256).describe('Shown to people.'),
  description: text.optional().describe('What the automation is for.'),
  status: z.enum(['active', 'paused', 'draft']).default('draft').describe('Only an active automation is started by its schedule or a watch condition; a paused one refuses new runs.'),
  schedule: scheduleSchema.default({ type: 'manual', timezone: 'UTC' }).describe('When runs start by themselves.'),
  agents: z.array(agentSchema).max(256).default([]).describe('Who executes nodes that name them.'),
  input_schema: freeForm.optional().describe("JSON Schema (2020-12) of a run's input."),
  flow: z.strictObject({ nodes: z.array(flowNodeSchema).min(1).max(1000).describe('The steps, in the order in which ties are broken.') }).describe('What a run does.'),
  execution: executionSchema.optional().describe('Limits of one run, and of the runs of this automation together.'),
  workspace_root: z.string().min(1).max(1024).optional().describe('Absolute, normalised path that runs work in; a run fails where it is no directory of the runner. Two runs with the same root never execute at the same time.'),
  watch_conditions: z.array(watchConditionSchema).max(16).optional().describe('Start a run when a handoff for this automation is available.'),
  handoff_config: handoffConfigSchema.optional().describe('Where handoffs of this automation are kept.'),
  metadata: freeForm.optional().describe('Free for clients. definition_version names the version; runtime_context_required: true makes runs without a runtime_context fail.'),
});
/** A definition that an automation had or has. */
export const automationVersionSchema = z.object({
  version: z.string().describe('As the author named it, else made from the plan or the hash.'),
  hash: digestSchema.describe('SHA-256 of the canonical JSON of the definition.'),
  stored_at_ms: epochMsSchema.describe('When it was stored, in milliseconds since the Unix epoch.'),
});
export type AutomationVersion = z.infer<typeof automationVersionSchema>;

export type AutomationDefinition = z.infer<typeof automationDefinitionSchema>;
/** What a client may send: everything with a default may be absent. */
export type AutomationDefinitionInput = z.input<typeof automationDefinitionSchema>;
