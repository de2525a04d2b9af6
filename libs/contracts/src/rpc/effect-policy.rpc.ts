import { z } from 'zod';
import { effectPolicySchema, type EffectPolicyVersion } from '../effect-policy.schema.js';
import { policyOutcomeSchema, type PolicyDecision, type PolicyJudgement } from '../policy-decision.schema.js';
import { automationIdSchema, epochMsSchema, runIdSchema } from '../scalars.schema.js';
import type { Page } from './observability.rpc.js';
import { rpcMethod } from './rpc.js';
import { commandIdSchema } from './runner.rpc.js';

const minPosition = { min_position: z.int().nonnegative().optional() };
const page = (fallback: number, max: number) => ({
  limit: z.int().default(fallback).transform((value) => Math.min(Math.max(value, 1), max)),
  cursor: z.string().max(400).optional(),
});
const observability = (name: string): string => `cs.rpc.observability.${name}`;

/** The policy that effects are judged by now. */
export interface ActiveEffectPolicy {
  /** `builtin`: the workspace has published none. */
  readonly source: 'builtin' | 'published';
  /** 0 for the shipped one. */
  readonly number: number;
  readonly policy_version: string;
  readonly policies: string;
  readonly denied_risk_tiers: readonly string[];
  readonly denied_data_classes: readonly string[];
}

/** A decision on an effect as clients read it (domain 10.1). */
export interface PolicyDecisionRecord extends PolicyDecision {
  readonly run_id: string;
  readonly automation_id: string;
  /** Opening whose approval the effect went out under. */
  readonly approval_id: string | null;
  readonly created_at_ms: number;
}

/** An effect that a candidate would have judged otherwise. */
export interface PolicyChange {
  readonly decision_id: string;
  readonly run_id: string;
  readonly automation_id: string;
  readonly node_id: string;
  readonly created_at_ms: number;
  readonly before: PolicyJudgement;
  readonly after: PolicyJudgement;
}

/** What a candidate would have changed. */
export interface PolicyDryRun {
  /** Decisions that were judged again: the newest of each effect. */
  readonly examined: number;
  /** Of these, how many come to the same. */
  readonly unchanged: number;
  /** How many go from one outcome, or reason, to another. */
  readonly changes: readonly { readonly from: string; readonly to: string; readonly reason_code_from: string; readonly reason_code_to: string; readonly count: number }[];
  /** The newest of them, as many as were asked for. */
  readonly items: readonly PolicyChange[];
  readonly since_ms: number;
  readonly until_ms: number;
  /** There are older decisions in the period than one request examines: go on with this as `cursor`. */
  readonly next_cursor?: string;
}

/** Makes a policy the active one of the workspace. The same content again changes nothing. */
export const publishEffectPolicy = rpcMethod<EffectPolicyVersion>()(
  'cs.rpc.runner.effect_policy_publish',
  effectPolicySchema.extend({
    note: z.string().max(4000).optional().describe('Why it changes.'),
    replaces: z.int().nonnegative().optional().describe('Number of the version that you have read, 0 for the shipped one: another active one is not replaced.'),
    command_id: commandIdSchema.optional(),
  }),
);
export const getEffectPolicy = rpcMethod<ActiveEffectPolicy>()('cs.rpc.runner.effect_policy_active', z.object({}));

export const listEffectPolicies = rpcMethod<Page<EffectPolicyVersion>>()(observability('effect_policy_list'), z.object({ ...page(50, 200), ...minPosition }));
export const getEffectPolicyVersion = rpcMethod<EffectPolicyVersion>()(observability('effect_policy_get'), z.object({ number: z.int().positive(), ...minPosition }));

/** What decisions are found by. */
export const policyDecisionFilterSchema = z.object({
  run_id: runIdSchema.optional(),
  automation_id: automationIdSchema.optional(),
  decision: policyOutcomeSchema.optional(),
  reason_code: z.string().min(1).max(64).optional(),
  since_ms: epochMsSchema.optional(),
  until_ms: epochMsSchema.optional(),
});
export const listPolicyDecisions = rpcMethod<Page<PolicyDecisionRecord>>()(observability('policy_decision_list'), policyDecisionFilterSchema.extend({ ...page(100, 500), ...minPosition }));

/** Judges recorded decisions by a policy that is not stored. */
export const dryRunEffectPolicy = rpcMethod<PolicyDryRun>()(
  observability('effect_policy_dry_run'),
  effectPolicySchema.extend({
    since_ms: epochMsSchema.optional().describe('Beginning of the period, in ms since the Unix epoch. Default 30 days before its end.'),
    until_ms: epochMsSchema.optional().describe('End of the period, which does not belong to it. Default now.'),
    automation_id: automationIdSchema.optional().describe('Only decisions of this automation.'),
    limit: z.int().min(1).max(500).default(100).describe('How many of the decisions that would change are listed. Default 100, at most 500.'),
    cursor: z.string().max(400).optional().describe('`next_cursor` of the request before.'),
    min_position: z.int().nonnegative().optional(),
  }),
);
