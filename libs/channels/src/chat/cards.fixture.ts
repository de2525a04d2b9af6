import type { DeliveryRequest, GateDecision, GateDecisionRecord, GateOutcome, GateVote, PendingGate } from '@cs/contracts';
import {
  answeredCard, askedCard, cancelledCard, closedCard, decidedCard, emptyList, escalatedCard, expiredCard, listCard, listedLetter, listedMessage, listedQuestion, openedCard, remindedCard, remindedQuestionCard, renews, runNoticeCard, testCard, votedCard,
  type Card, type NoticeCard, type Outgoing, type QuestionCard,
} from '@cs/notification';

/** 32 hexadecimal digits, as in a button. */
export const cardToken = '0123456789abcdef0123456789abcdef';
const runId = 'automation-v2-run-7f3a';

const ofRefund = { org_id: 'acme', workspace_id: 'ops', run_id: runId, automation_id: 'refund-order', automation_name: 'Refund an order', requested_by: { kind: 'human', actor_id: 'mona' }, public_url: 'https://countersign.example.com' } as const;

const refundGate: PendingGate = {

  node_id: 'approve_refund', gate_opening_id: `automation_v2:${runId}:approve_refund:1`, approval_request_id: `automation_v2:${runId}:approve_refund`, wait_id: 'w', transition_id: 't',
  title: 'Refund 129.00 EUR to Ada Lovelace', instructions: 'Order 1042 came back damaged.\n\n- Amount: *129.00 EUR* (the whole price)\n- Account: DE02 1203 0000 0000 2020 51\n\nPhotos: https://shop.example.com/returns/1042_a', risk_tier: 'high',
  decisions: ['approve', 'rework', 'cancel'], rework_targets: [], requested_at_ms: 1, upstream_node_ids: [],
  releases: [{ node_id: 'pay_refund', action_kind: 'http', arguments: { method: 'POST', url: 'https://bank.example.com/v1/transfers', headers: {}, query: {}, body: { order: '1042', amount: 129, currency: 'EUR', to: 'DE02 1203 0000 0000 2020 51' } }, digest: `sha256:${'0'.repeat(64)}` }],
  expires_at_ms: 1_795_860_780_000, expiry_policy: { expires_after_ms: 86_400_000, on_expiry: 'cancel' }, data_classes: ['financial_record'],
};

export const openCard = openedCard(ofRefund, refundGate);

const votingGate: PendingGate = {
  ...refundGate, title: 'Refund 12,900.00 EUR to Ada Lovelace', approvals_required: 2, approvers: [{ kind: 'person', id: 'grace' }, { kind: 'role', id: 'finance-lead' }],
  policy: { decision_id: 'd1', reason_code: 'policy_money', reason: 'payments above 10,000 EUR need two people', elevated: false, policy_version: 'v3' },
  reopened_because: { node_id: 'pay_refund', approved_digest: `sha256:${'0'.repeat(64)}`, actual_digest: `sha256:${'1'.repeat(64)}`, differences: [{ path: '/body/amount', approved: 12_000, actual: 12_900 }] },
};
const vote = (voter: string, reason: string): GateVote => ({ vote_id: voter, voter, decision: 'approve', voted_by: { kind: 'human', actor_id: voter }, reason, voted_at_ms: 2 });
const votes = [vote('grace', 'The photos show it.'), vote('lin', 'Within the budget.')];
const votingCard = openedCard(ofRefund, votingGate);

const decision = (outcome: GateOutcome, by: GateDecisionRecord['decided_by'], reason?: string): GateDecisionRecord => ({
  node_id: openCard.correlation.node_id, gate_opening_id: openCard.correlation.gate_opening_id, decision: outcome, decided_at_ms: 1_795_774_380_000, decided_by: by, ...(reason === undefined ? {} : { reason }),
});
const grace = { kind: 'human' as const, actor_id: 'grace' };
const system = { kind: 'system' as const };

/** What a channel tells, in every state. */
export const everyCard: Readonly<Record<string, { readonly notice: DeliveryRequest['notice']; readonly card: Card }>> = {
  pending: { notice: 'gate_opened', card: openCard },
  asks_again: { notice: 'gate_opened', card: votingCard },
  partly_approved: { notice: 'gate_voted', card: votedCard(votingCard, { ...votingGate, votes: votes.slice(0, 1) }) },
  reminded: { notice: 'gate_reminded', card: remindedCard(votingCard, { reminder_count: 2, expires_at_ms: 1_795_860_780_000, expired_reminder: false }, { ...votingGate, votes: votes.slice(0, 1) }) },
  escalated: { notice: 'gate_escalated', card: escalatedCard(openCard, { escalated_to: 'finance-leads', escalations: 1 }, { ...refundGate, expires_at_ms: 1_795_947_180_000 }) },
  approved: { notice: 'gate_decided', card: decidedCard(openCard, decision('approve', grace, 'Checked against the order_log.')) },
  voted: { notice: 'gate_decided', card: decidedCard(votingCard, { ...decision('approve', { kind: 'human', actor_id: 'lin' }, 'Within the budget.'), votes }) },
  rework: { notice: 'gate_decided', card: decidedCard(openCard, decision('rework', grace, 'The customer asked for a voucher (not money).')) },
  cancelled: { notice: 'gate_decided', card: decidedCard(openCard, decision('cancel', grace)) },
  expired: { notice: 'gate_decided', card: decidedCard(openCard, decision('expired', system)) },
  timeout_resume: { notice: 'gate_decided', card: decidedCard(openCard, decision('timeout_resume', system)) },
  closed: { notice: 'gate_closed', card: closedCard(openCard, 'the run was cancelled by an operator') },
  closed_by_reset: { notice: 'gate_closed', card: closedCard(openCard, 'the order has to be looked up again', 'run_reset') },
  closed_by_reopening: { notice: 'gate_closed', card: closedCard(openCard, undefined, 'gate_reopened') },
};

/** The same, without what mails and Teams are not told: a vote by itself. */
export const everyUnchangedCard = Object.fromEntries(Object.entries(everyCard).filter(([, { notice }]) => !renews(notice)));

const wait = { wait_id: `automation-v2:${runId}:quantity:0:question:1`, node_id: 'quantity', wait_kind: 'question' as const, created_at_ms: 1, wake_at_ms: 1_795_788_780_000 };

/** A question of a step, open. */
export const openQuestion = askedCard(
  { org_id: 'acme', workspace_id: 'ops', run_id: runId, automation_id: 'restock', automation_name: 'Restock the shop', public_url: 'https://countersign.example.com' },
  { wait, request: { kind: 'question', prompt: 'How many *lamps* shall we order?\nLast month 7 were sold.', default: 10, risk_tier: 'internal_write' } },
);

/** What a channel tells of a question, in every state. */
export const everyQuestion: Readonly<Record<string, { readonly notice: DeliveryRequest['notice']; readonly card: QuestionCard }>> = {
  question_asked: { notice: 'question_asked', card: openQuestion },
  question_reminded: { notice: 'question_reminded', card: remindedQuestionCard(openQuestion, { reminder_count: 2 }) },
  question_answered: { notice: 'question_answered', card: answeredCard(openQuestion, { answered_by: grace, answered_at_ms: 1_795_774_380_000 }) },
  question_expired: { notice: 'question_closed', card: expiredCard(openQuestion, { used_default: true, due_at_ms: 1_795_788_780_000 }) },
  question_cancelled: { notice: 'question_closed', card: cancelledCard(openQuestion, { reason: 'the run is cancelled', at_ms: 1_795_774_380_000 }) },
};

const public_url = 'https://countersign.example.com';
const ofReport = { org_id: 'acme', workspace_id: 'ops', run_id: 'automation-v2-run-9c1e', automation_id: 'nightly-report', automation_name: 'Nightly report', public_url };
const ofPost = openedCard({ ...ofReport, run_id: 'automation-v2-run-5b2d', automation_name: 'Publish a post' }, { ...refundGate, gate_opening_id: 'o2', title: '[Autumn] *sale* (draft_2)', risk_tier: 'low' });

const waiting = [listedQuestion({ card: openCard, run_id: runId }), listedQuestion({ card: openQuestion, run_id: runId, request_id: wait.wait_id }), listedQuestion({ card: ofPost, run_id: 'automation-v2-run-5b2d' })];
const letters = [
  listedLetter(ofReport, { node_id: 'load', reason: 'the peer answered 503' }), listedLetter(ofRefund, { node_id: 'pay_refund', reason: 'no answer within 10 s' }),
  listedMessage({ consumer: 'runner--queue', reason: 'not a commit: version: expected a number' }),
];
const listOf = (notice: 'gates_waiting' | 'dead_letters', items: typeof waiting): NoticeCard => listCard(emptyList({ notice, workspace_id: 'ops', public_url }), { notice, items, counted: 0 });

/** What a channel tells without asking, made as it is when it is sent. */
export const everyNotice: Readonly<Record<string, NoticeCard>> = {
  digest: listOf('gates_waiting', waiting),
  dead_letters: listOf('dead_letters', letters),
  run_failed: runNoticeCard(ofReport, { event_type: 'run_failed', data: { detail: 'node "load" failed: the peer answered 503', node_id: 'load' } }),
  run_blocked: runNoticeCard(ofReport, { event_type: 'run_blocked', data: { detail: 'the outcome of pay, tell is not known', node_ids: ['pay', 'tell'] } }),
  run_completed: runNoticeCard(ofReport, { event_type: 'run_completed', data: {} }),
  test: testCard('Approvals of the shop', 'ops'),
};

type AnyCard = Card | NoticeCard | QuestionCard;
const isNotice = (card: AnyCard): card is NoticeCard => 'kind' in card && card.kind === 'notice';

/** What is told of a run names that run; a list and a test concern none. */
const runOf = ({ fields }: NoticeCard): Partial<DeliveryRequest> => {
  const run_id = fields.find(({ label }) => label === 'Run')?.value;
  return run_id === undefined ? {} : { run_id };
};

const ofGate = { run_id: openCard.correlation.run_id, automation_id: 'refund-order', node_id: openCard.correlation.node_id, approval_request_id: openCard.correlation.request_id, gate_opening_id: openCard.correlation.gate_opening_id };

export const requestOf = (card: AnyCard, notice: DeliveryRequest['notice'], deliveryId = `delivery-${cardToken}`): DeliveryRequest => ({
  delivery_id: deliveryId, channel: 'chat', notice, ...(isNotice(card) ? runOf(card) : ofGate), card: { ...card },
});

/** A question that was not asked before, and what follows it. */
export const outgoingOf = (recipient: string, change: Partial<Outgoing> = {}): Outgoing => ({ request: requestOf(openCard, 'gate_opened'), recipient, token: cardToken, asked: [], mayBePosted: false, ...change });

/** What is told of a decision, where `asked` asked. */
export const decidedOutgoing = (recipient: string, asked: Outgoing['asked'], decided: GateDecision = 'approve'): Outgoing => {
  const state = { approve: 'approved', rework: 'rework', cancel: 'cancelled' }[decided];
  const card = everyCard[state]?.card ?? openCard;
  return outgoingOf(recipient, { request: requestOf(card, 'gate_decided', 'delivery-ffffffffffffffffffffffffffffffff'), asked });
};
