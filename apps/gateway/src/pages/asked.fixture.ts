import type { ApprovalRequest, HumanRequestRecord } from '@cs/contracts';

/** Id of the opening. */
export const opening = 'automation_v2:r1:sign:1';
export const page = `/inbox/${encodeURIComponent(opening)}`;
/** The opening of a gate, which waits for the visitor; its texts hold markup. */
export const request = (change: Partial<ApprovalRequest> = {}): ApprovalRequest => ({
  request_id: 'automation_v2:r1:sign', source: 'automation_v2', kind: 'approval_gate', status: 'open', tenant: { org_id: 'acme', workspace_id: 'ops', user_id: 'bob' }, automation_id: 'refund', run_id: 'r1', node_id: 'sign',
  gate_opening_id: opening, workflow_name: 'Refund', title: 'Refund <b>42 EUR</b>?', action_kind: 'approval_gate', action_preview_markdown: '', surface_payload: {}, requested_at_ms: 1, expires_at_ms: 86_400_000,
  decisions: ['approve', 'rework', 'cancel'], rework_targets: [], instructions: '"><script>alert(1)</script>', requested_by: { kind: 'human', actor_id: 'bob' },
  because: { text: 'The automation stops here for a decision.', risk_tier: 'external_send', data_classes: [], requester_barred: true, reviewer_eligibility: 'none', policy_decision: null }, approvers: null,
  effects: [{ node_id: 'pay', action_kind: 'http', summary: 'POST https://bank.example/pay with {"amount":42}' }], releases: [], reopened_because: null, voting: null,
  on_timeout: { at_ms: 86_400_000, then: 'escalate', escalate_to: 'lead' }, escalation: { level: 1, escalated_to: 'chief', escalated_at_ms: 5, reminders: 2, last_reminded_at_ms: 4, stale: false },
  yours: { decisions: ['approve', 'rework', 'cancel'], vote: null }, links: { self: '', page, decide: '', run: '' }, ...change,
});

/** Id of the question. */
export const asking = 'automation-v2:r1:count:0:question:1';
export const questionPage = `/inbox/requests/${encodeURIComponent(asking)}`;
const schema = { type: 'object', required: ['count'], properties: { count: { type: 'integer', title: 'How many <b>' }, colour: { enum: ['red', 'blue'] } } };
/** A question that waits; its texts hold markup. */
export const question = (change: Partial<HumanRequestRecord> = {}): HumanRequestRecord => ({
  request_id: asking, kind: 'question', status: 'pending', run_id: 'r1', automation_id: 'restock', workflow_name: 'Restock', node_id: 'count', item: null, agent: 'buyer', prompt: 'How many <i>lamps</i>?', schema, default: { count: 10 },
  ask: [{ kind: 'role', id: 'purchasing' }], roles: null, declined: [], requested_by: { kind: 'human', actor_id: 'bob' }, requested_at_ms: 1, expires_at_ms: 4_102_444_800_000, respond_endpoint: '/automations/v2/runs/r1/questions/x/answer',
  conversion: null, answer_source: null, responded_by: null, ended_at_ms: null, reason: null, ...change,
});
