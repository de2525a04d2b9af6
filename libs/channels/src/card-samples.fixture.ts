import type { DeliveryRequest, GateDecisionRecord, PendingGate } from '@cs/contracts';
import { closedCard, decidedCard, escalatedCard, openedCard, remindedCard, type Card, type NoticeCard, type Outgoing } from '@cs/notification';

const requestedAt = Date.UTC(2026, 10, 27, 9, 0);
const gate: PendingGate = {
  node_id: 'approve_refund', gate_opening_id: 'automation_v2:automation-v2-run-1:approve_refund:1', approval_request_id: 'automation_v2:automation-v2-run-1:approve_refund', wait_id: 'w', transition_id: 't',
  title: 'Refund 120.00 EUR to Ada & Sons', instructions: 'Order 4711 arrived broken.\n\n1. The photo shows it.\n2. The customer is known since 2019.\n\n```\nrefund --order 4711 --amount 120.00\n```',
  decisions: ['approve', 'rework', 'cancel'], rework_targets: ['look_up'], requested_at_ms: requestedAt, upstream_node_ids: [], risk_tier: 'high',
};

/** The card that asks, of one gate. */
export const pendingCard: Card = openedCard({ org_id: 'acme', workspace_id: 'ops', run_id: 'automation-v2-run-1', automation_id: 'refund-order', public_url: 'https://countersign.example' }, gate);

const record = (change: Partial<GateDecisionRecord> & Pick<GateDecisionRecord, 'decision'>): GateDecisionRecord => ({
  node_id: gate.node_id, gate_opening_id: gate.gate_opening_id, decided_at_ms: requestedAt + 900_000, decided_by: { kind: 'human', actor_id: 'grace' }, ...change,
});

/** One card in every state. */
export const sampleCards: Readonly<Record<'pending' | 'reminded' | 'escalated' | 'approved' | 'rework' | 'cancelled' | 'expired' | 'timeout_resume' | 'closed', Card>> = {
  pending: pendingCard,
  reminded: remindedCard(pendingCard, { reminder_count: 2, expires_at_ms: requestedAt + 86_400_000, expired_reminder: false }),
  escalated: escalatedCard(pendingCard, { escalated_to: 'finance lead', escalations: 1 }),
  approved: decidedCard(pendingCard, record({ decision: 'approve' })),
  rework: decidedCard(pendingCard, record({ decision: 'rework', reason: 'The amount is without VAT. Please look at the invoice again.' })),
  cancelled: decidedCard(pendingCard, record({ decision: 'cancel', reason: 'The customer withdrew.' })),
  expired: decidedCard(pendingCard, record({ decision: 'expired', decided_by: { kind: 'system' } })),
  timeout_resume: decidedCard(pendingCard, record({ decision: 'timeout_resume', decided_by: { kind: 'system' } })),
  closed: closedCard(pendingCard, 'operator_stopped: not needed any more'),
};

/** What asks nothing. */
export const sampleNotices: Readonly<Record<'run_failed' | 'digest', NoticeCard>> = {
  run_failed: {
    kind: 'notice', tone: 'bad', title: 'refund-order failed', body_markdown: 'The step "pay" was refused by the bank: 402 Payment Required.', fields: [{ label: 'Run', value: 'automation-v2-run-1' }, { label: 'Node', value: 'pay' }], items: [],
    page_url: 'https://countersign.example/runs/automation-v2-run-1',
  },
  digest: {
    kind: 'notice', tone: 'warning', title: '3 requests wait for a signature', body_markdown: 'Low-risk requests since 08:00 UTC.', fields: [], page_url: 'https://countersign.example/inbox',
    items: ['Rename the list “Lunch”', 'Archive 12 finished projects', 'Send the weekly report'].map((text, index) => ({ text, page_url: `https://countersign.example/inbox/${index}` })),
  },
};

/** Something to do on a channel, as the sender hands it over. */
export const outgoingOf = (card: Card | NoticeCard, change: Partial<Omit<Outgoing, 'request'>> & { readonly notice?: DeliveryRequest['notice']; readonly delivery_id?: string } = {}): Outgoing => {
  const { notice = 'gate_opened', delivery_id = 'delivery-1', ...rest } = change;
  return {
    request: { delivery_id, channel: 'chat', notice, run_id: 'automation-v2-run-1', automation_id: 'refund-order', node_id: gate.node_id, approval_request_id: gate.approval_request_id, gate_opening_id: gate.gate_opening_id, card: JSON.parse(JSON.stringify(card)) },
    recipient: 'C0APPROVALS', token: '0123456789abcdef0123456789abcdef', asked: [], mayBePosted: false, ...rest,
  };
};
