import {
  approvalKindSchema, approverSchema, bindingDifferenceSchema, gateDecisionSchema, gateOutcomeSchema, gatePolicySchema, gateReleaseSchema, gateVoteSchema, governanceActorSchema, votingSchema,
  type ApprovalRequest,
} from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { z } from 'zod';

const json = z.custom<Json>((value) => value !== undefined);
const milliseconds = z.int().nonnegative().describe('Milliseconds since the Unix epoch');
const strings = z.array(z.string()).readonly();

const because = z.object({
  text: z.string().describe('Why somebody has to sign, in a sentence'),
  risk_tier: z.string().nullable(),
  data_classes: strings,
  requester_barred: z.boolean().describe('Whoever asked may not approve'),
  reviewer_eligibility: z.string().describe('none, any_human_reviewer or elevated_reviewer'),
  policy_decision: gatePolicySchema.nullable().describe('The decision of the policy that opened the gate by itself; null at a gate of the definition'),
});

const voting = z.object({
  rule: votingSchema, approvals_required: z.int().positive(), approvals: z.int().nonnegative(), votes: z.array(gateVoteSchema).readonly(),
  missing_people: strings.describe('People named as approvers who have not voted'),
});

const onTimeout = z.object({
  at_ms: milliseconds.nullable(),
  then: z.enum(['cancel', 'resume', 'escalate', 'remind', 'wait']).describe('What happens when nobody decides in time; wait: it stays open'),
  escalate_to: z.string().nullable().describe('Who is asked next'),
});

const escalation = z.object({
  level: z.int().nonnegative().describe('How often somebody else was asked'),
  escalated_to: z.string().nullable(), escalated_at_ms: milliseconds.nullable(),
  reminders: z.int().nonnegative(), last_reminded_at_ms: milliseconds.nullable(), stale: z.boolean().describe('Open for a day'),
});

/** One opening of a gate. */
export const approvalResource = z.object({
  request_id: z.string(),
  source: z.literal('automation_v2'),
  kind: approvalKindSchema,
  status: z.enum(['open', 'decided', 'closed']).describe('closed: the run ended, or was reset, before anyone decided'),
  tenant: z.object({ org_id: z.string(), workspace_id: z.string(), user_id: z.string().nullable() }),
  automation_id: z.string(),
  run_id: z.string(),
  node_id: z.string(),
  gate_opening_id: z.string().describe('One per opening; send it with the decision to bind the decision to this opening'),
  workflow_name: z.string(),
  title: z.string(),
  action_kind: z.string(),
  action_preview_markdown: z.string(),
  surface_payload: json,
  requested_at_ms: milliseconds,
  expires_at_ms: milliseconds.nullable(),
  decisions: strings,
  rework_targets: strings,
  instructions: z.string().nullable(),
  requested_by: governanceActorSchema,
  because,
  approvers: z.array(approverSchema).readonly().nullable().describe('Who may decide; null for anyone with authority'),
  effects: z.array(z.object({ node_id: z.string(), action_kind: z.string(), summary: z.string() })).readonly().describe('Steps that go out when it is approved, each in one line'),
  releases: z.array(gateReleaseSchema).readonly().describe('The same steps with their arguments, without credentials; an approval covers nothing else'),
  reopened_because: bindingDifferenceSchema.nullable().describe('Why the gate asks again: what was about to happen was not what had been approved'),
  voting: voting.nullable().describe('At a gate that needs several people; null elsewhere'),
  on_timeout: onTimeout,
  escalation,
  yours: z.object({ decisions: z.array(gateDecisionSchema).readonly(), vote: gateDecisionSchema.nullable() }).describe('What the caller may decide now, and what they said already'),
  links: z.object({ self: z.string(), page: z.string().describe('The page for people'), decide: z.string(), run: z.string() }),
  decision: gateOutcomeSchema.exactOptional().describe('Absent while it is open, and when it was closed'),
  decided_by: governanceActorSchema.exactOptional().describe('Who decided, or who ended the run'),
  decided_at_ms: milliseconds.exactOptional(),
  decision_reason: z.string().exactOptional(),
}) satisfies z.ZodType<ApprovalRequest, unknown>;

const page = { count: z.int().nonnegative().describe('Items of this page'), next_cursor: z.string().optional().describe('Absent on the last page') };
export const approvalListAnswer = z.object({ approvals: z.array(approvalResource), ...page });
export const approvalAnswer = z.object({ approval: approvalResource });
