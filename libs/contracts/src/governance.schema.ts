import { z } from 'zod';
import { epochMsSchema, durationMsSchema, automationIdSchema, digestSchema, runIdSchema } from './scalars.schema.js';
import { governanceActorSchema } from './tenant.schema.js';

/** What an agent is called: the value of `x-tandem-agent-id`, or the actor of an agent's API key. */
export const agentIdSchema = z.string().min(1).max(256);
/** Something that an automation may be allowed to use, by a name of the workspace's own: `payments`, `mcp:slack`. */
export const capabilitySchema = z.string().regex(/^[A-Za-z0-9_.:/-]{1,128}$/, 'a capability: 1 to 128 letters, digits or any of "_ . : / -"');

/** Who made an automation, and on whose behalf. Recorded once, when it is created; nobody edits it. */
export const provenanceSchema = z.object({
  creator: governanceActorSchema,
  /** The agents that led to the creator, nearest last. */
  ancestors: z.array(agentIdSchema).max(32).readonly(),
  /** How many ancestors there are. */
  depth: z.int().nonnegative(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** `metadata.governance` of an automation. */
export const governanceMetadataSchema = z.object({
  declared_capabilities: z.array(capabilitySchema).max(64).readonly().optional(),
  /** Set by the runner for what an agent creates; what a client sends is dropped. */
  provenance: provenanceSchema.optional(),
});
export type GovernanceMetadata = z.infer<typeof governanceMetadataSchema>;

export const grantKindSchema = z.enum(['modify', 'capability']);
/** What an automation's owner allows: another agent to change it, or the automation to use something. */
export const grantSchema = z.object({
  grant_id: z.string().min(1).max(200),
  kind: grantKindSchema,
  /** Of a `modify` grant: the agent that may change the automation. */
  agent_id: agentIdSchema.optional(),
  /** Of a `capability` grant. */
  capability: capabilitySchema.optional(),
  granted_by: governanceActorSchema,
  granted_at_ms: epochMsSchema,
  /** It is no grant any more from then on. Absent: until it is revoked. */
  expires_at_ms: epochMsSchema.optional(),
});
export type Grant = z.infer<typeof grantSchema>;

const hourMs = 3_600_000;
const ratio = z.number().positive().max(1);
const manyRuns = z.int().positive().max(1000);

/** Limits that recorded changes of earlier releases do not have. */
const laterLimits = {
  expiry_warning_ms: durationMsSchema.max(365 * 24 * hourMs),
  health_check_every_ms: durationMsSchema.max(31 * 24 * hourMs),
  health_check_runs: manyRuns,
  health_min_runs: manyRuns,
  health_failure_rate: ratio,
  health_guardrail_stops: z.int().positive().max(1_000_000),
  cost_spike_ratio: z.number().min(1).max(1e6),
  cost_spike_min_runs: manyRuns,
};

/** What agents may do in a workspace. Members that were never set have these defaults (domain 10.3). */
export const governanceLimitsSchema = z.object({
  creation_enabled: z.boolean().default(true).describe('Agents may create automations'),
  max_creations_per_day: z.int().nonnegative().max(100_000).default(10).describe('Automations that one agent may create in a UTC day'),
  max_active_automations: z.int().nonnegative().max(500).default(50).describe('Automations of one agent that exist and are not retired'),
  max_lineage_depth: z.int().nonnegative().max(32).default(3).describe('Agents that may stand between a person and the agent that creates'),
  review_after_creations: z.int().positive().max(100_000).default(5).describe('Creations of one agent after which a person has to review it'),
  review_after_runs: z.int().positive().max(1_000_000).default(20).describe('Runs of an automation that an agent made after which a person has to review it'),
  weekly_spend_cap_usd: z.number().nonnegative().max(1e9).nullable().default(null).describe('What the runs of one agent\'s automations may cost in a week from Monday, UTC. Null: no cap'),
  spend_warning_ratio: z.number().positive().max(1).default(0.8).describe('Share of the cap at which the agent is warned of once'),
  expires_after_ms: durationMsSchema.max(10 * 365 * 86_400_000).default(90 * 86_400_000).describe('How long an automation that an agent makes may start runs, unless it is extended'),
  approval_ttl_ms: durationMsSchema.max(365 * 86_400_000).default(72 * 3_600_000).describe('How long a governance approval can be decided and used'),
  quarantined: z.boolean().default(false).describe('Nobody changes an automation of this workspace'),
  expiry_warning_ms: laterLimits.expiry_warning_ms.default(7 * 24 * hourMs).describe('How long before its time is over people are warned, once, of an automation that an agent made'),
  health_check_every_ms: laterLimits.health_check_every_ms.default(6 * hourMs).describe('How often the newest runs of an automation that an agent made are looked at'),
  health_check_runs: laterLimits.health_check_runs.default(20).describe('How many of its newest runs are looked at, of those that were asked for since the last review'),
  health_min_runs: laterLimits.health_min_runs.default(5).describe('Of these, runs that must have completed or failed before their failure rate says anything'),
  health_failure_rate: laterLimits.health_failure_rate.default(0.5).describe('Share of failed runs, of those that completed or failed, at which a person has to review the automation'),
  health_guardrail_stops: laterLimits.health_guardrail_stops.default(2).describe('How often limits may have stopped these runs when a person has to review the automation'),
  cost_spike_ratio: laterLimits.cost_spike_ratio.default(10).describe('A run that costs this many times what the runs before it cost on average has to be reviewed at once'),
  cost_spike_min_runs: laterLimits.cost_spike_min_runs.default(5).describe('Runs with a cost that there must have been before there is an average'),
});
export type GovernanceLimits = z.infer<typeof governanceLimitsSchema>;

/** Limits as they were recorded: what is not there was not known then, and has its default. */
export const recordedLimitsSchema = governanceLimitsSchema.extend(z.object(laterLimits).partial().shape);
export type RecordedLimits = z.infer<typeof recordedLimitsSchema>;

/** Something about an automation's runs that a person has to look at, with what was found and the limit it reached. */
export const reviewFindingSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('failure_rate'), failed: z.int().nonnegative(), ended: z.int().positive(), limit: z.number() }),
  z.object({ kind: z.literal('guardrail_stops'), stops: z.int().positive(), runs: z.int().positive(), limit: z.number() }),
  z.object({ kind: z.literal('cost_spike'), run_id: runIdSchema, cost_usd: z.number().nonnegative(), average_usd: z.number().nonnegative(), runs: z.int().positive(), limit: z.number() }),
]);
export type ReviewFinding = z.infer<typeof reviewFindingSchema>;
export type CostSpike = Extract<ReviewFinding, { kind: 'cost_spike' }>;

/** What the newest runs of an automation came to. */
export const runHealthSchema = z.object({
  /** That were looked at. */
  runs: z.int().nonnegative(),
  /** Of these, completed or failed. */
  ended: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  /** That may still end one way or the other; also those that are queued or held, which are not among `runs`. */
  open: z.int().nonnegative(),
  guardrail_stops: z.int().nonnegative(),
});
export type RunHealth = z.infer<typeof runHealthSchema>;

/** What a person is asked to allow once. */
export const approvalTypeSchema = z.enum(['activation', 'launch', 'quota_override', 'spend_override']);
export type ApprovalType = z.infer<typeof approvalTypeSchema>;

export const approvalSubjectSchema = z.object({ kind: z.enum(['automation', 'agent']), id: z.string().min(1).max(256) });
export type ApprovalSubject = z.infer<typeof approvalSubjectSchema>;

export const approvalIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'approval id: 1 to 128 letters, digits, "_" or "-"');

/** Exactly what an approval is good for. */
export const approvalBindingSchema = z.object({
  /** SHA-256 of what was shown: definition and input of a launch, definition of an activation, agent and amount of an override. */
  digest: digestSchema,
  automation_id: automationIdSchema.optional(),
  agent_id: agentIdSchema.optional(),
  definition_hash: digestSchema.optional(),
  definition_version: z.string().optional(),
  /** What the approval grants with an activation: what the definition declares to use. */
  capabilities: z.array(capabilitySchema).readonly().optional(),
  /** Of a spend override: what the agent may use in the week of the request. */
  allowed_usd: z.number().nonnegative().optional(),
  /** Monday of that week. */
  week: z.string().optional(),
});
export type ApprovalBinding = z.infer<typeof approvalBindingSchema>;

/** What the runs of an agent's automations have used, by UTC period: a day, the week from Monday, a month, ever. */
export const spendTotalsSchema = z.object({
  day: z.string(), day_usd: z.number().nonnegative(),
  week: z.string(), week_usd: z.number().nonnegative(),
  month: z.string(), month_usd: z.number().nonnegative(),
  lifetime_usd: z.number().nonnegative(), lifetime_tokens: z.int().nonnegative(),
});
export type SpendTotals = z.infer<typeof spendTotalsSchema>;
