import type { GateDecision, GateDecisionRecord, GateOutcome, PendingGate } from '@cs/contracts';
import type { Card } from './card.schema.js';
import { actorName, maxBodyLength, maxTitleLength, minuteOf, shown } from './card-text.js';

/** What a card is about, beside the gate itself. */
export interface GateOrigin {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly automation_id: string;
  /** The gateway as people reach it, without a slash at its end. */
  readonly public_url?: string | undefined;
}

const actions: Readonly<Record<GateDecision, Card['actions'][number]>> = {
  approve: { decision: 'approve', label: 'Approve', style: 'primary', requires_reason: false },
  rework: { decision: 'rework', label: 'Send back', style: 'default', requires_reason: true },
  cancel: { decision: 'cancel', label: 'Cancel', style: 'danger', requires_reason: false },
};

const everyDecision: readonly GateDecision[] = ['approve', 'rework', 'cancel'];
const settled: Readonly<Record<GateOutcome, string>> = { approve: 'Approved', rework: 'Sent back for rework', cancel: 'Cancelled', expired: 'Expired: nobody decided in time', timeout_resume: 'Nobody decided in time, so the run goes on' };

const fieldsOf = ({ workspace_id, run_id }: GateOrigin, { node_id, risk_tier }: PendingGate): Card['fields'] => [
  { label: 'Run', value: run_id },
  { label: 'Source', value: 'automation_v2' },
  { label: 'Workspace', value: workspace_id },
  { label: 'Node', value: node_id },
  ...(risk_tier === undefined ? [] : [{ label: 'Risk', value: shown(risk_tier, 64) }]),
];

/** The card that asks for a decision. */
export const openedCard = (origin: GateOrigin, gate: PendingGate): Card => ({
  title: shown(`${origin.automation_id}: ${gate.title}`, maxTitleLength),
  body_markdown: shown(gate.instructions ?? '', maxBodyLength) || 'This run waits for a decision before it goes on.',
  fields: fieldsOf(origin, gate),
  status: 'pending',
  ...(origin.public_url === undefined ? {} : { page_url: `${origin.public_url}/inbox/${encodeURIComponent(gate.gate_opening_id)}` }),
  actions: (gate.decisions.length === 0 ? everyDecision : gate.decisions).map((decision) => actions[decision]),
  thread_key: origin.run_id,
  correlation: {
    org_id: origin.org_id, workspace_id: origin.workspace_id, request_id: gate.approval_request_id, source: 'automation_v2',
    automation_v2_run_id: origin.run_id, run_id: origin.run_id, node_id: gate.node_id, gate_opening_id: gate.gate_opening_id,
  },
});

const forWhom = ({ on_behalf_of }: GateDecisionRecord): string => (on_behalf_of === undefined ? '' : ` for ${shown(on_behalf_of.person, maxTitleLength)}`);
const byWhom = (record: GateDecisionRecord): string => (record.decided_by.kind === 'system' ? '' : ` by ${shown(actorName(record.decided_by), maxTitleLength)}${forWhom(record)}`);

/** The card that replaces or answers the one that asked: who decided what, and why. */
export const decidedCard = (opened: Card, record: GateDecisionRecord): Card => {
  const reason = record.reason === undefined || record.reason.trim() === '' ? '' : `\nReason: ${shown(record.reason, maxBodyLength)}`;
  return { ...opened, status: record.decision, actions: [], summary: `${settled[record.decision]}${byWhom(record)}.${reason}`, settled_at_ms: record.decided_at_ms };
};

/** The card that asks again. */
export const remindedCard = (opened: Card, { reminder_count, expires_at_ms, expired_reminder }: { readonly reminder_count: number; readonly expires_at_ms: number; readonly expired_reminder: boolean }): Card => ({
  ...opened, attention: `Reminder ${reminder_count}: this still waits for a decision${expired_reminder ? ', and its time is over' : `, until ${minuteOf(expires_at_ms)}`}.`,
});

/** The card that asks the next person. */
export const escalatedCard = (opened: Card, { escalated_to, escalations }: { readonly escalated_to: string; readonly escalations: number }): Card => ({
  ...opened, attention: `Escalated to ${shown(escalated_to, maxTitleLength)} (${escalations}): nobody decided in time.`,
});

const closings = { run_ended: 'the run ended before anyone decided', run_reset: 'the run was reset before anyone decided', gate_reopened: 'what was about to happen is not what had been approved, so it asks again' } as const;

/** The card that replaces one of a gate that is not open any more although nobody decided it, or whose decision does not hold. */
export const closedCard = (opened: Card, reason: string | undefined, closing: keyof typeof closings = 'run_ended'): Card => ({
  ...opened, status: 'closed', actions: [], summary: `Closed: ${closings[closing]}.${reason === undefined ? '' : `\nReason: ${shown(reason, maxBodyLength)}`}`,
});
