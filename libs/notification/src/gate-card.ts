import type { GateDecision, GateDecisionRecord, GateOutcome, GatePolicyState, GateVote, GovernanceActor, PendingGate } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import type { Card } from './card.schema.js';
import { actorName, cutNote, maxBodyLength, maxTitleLength, minuteOf, shown } from './card-text.js';
import { fieldsNow, gateFields, settledFields, votesText, voteText } from './gate-fields.js';

/** What a card is about, beside the gate itself. */
export interface GateOrigin {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly automation_id: string;
  /** As people named it. Absent: its id stands for it. */
  readonly automation_name?: string | undefined;
  readonly requested_by?: GovernanceActor | undefined;
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

/** What the card is about, `<workflow>: <action>` (domain 6.2). */
export const titleOf = ({ automation_id, automation_name = automation_id }: GateOrigin, action: string): string => shown(`${automation_name}: ${action}`, maxTitleLength);

const pageOf = ({ public_url }: GateOrigin, { gate_opening_id }: PendingGate): string | undefined => (public_url === undefined ? undefined : `${public_url}/inbox/${encodeURIComponent(gate_opening_id)}`);

/** The card that asks for a decision. */
export const openedCard = (origin: GateOrigin, gate: PendingGate): Card => ({
  title: titleOf(origin, gate.title),
  body_markdown: shown(gate.instructions ?? '', maxBodyLength, cutNote(pageOf(origin, gate))) || 'This run waits for a decision before it goes on.',
  fields: gateFields(origin, gate),
  status: 'pending',
  ...definedMembers({ votes: votesText(gate), page_url: pageOf(origin, gate) }),
  actions: (gate.decisions.length === 0 ? everyDecision : gate.decisions).map((decision) => actions[decision]),
  thread_key: origin.run_id,
  correlation: {
    org_id: origin.org_id, workspace_id: origin.workspace_id, request_id: gate.approval_request_id, source: 'automation_v2',
    automation_v2_run_id: origin.run_id, run_id: origin.run_id, node_id: gate.node_id, gate_opening_id: gate.gate_opening_id,
  },
});

const forWhom = ({ on_behalf_of }: GateDecisionRecord | GateVote): string => (on_behalf_of === undefined ? '' : ` for ${shown(on_behalf_of.person, maxTitleLength)}`);
const nameIn = (actor: GovernanceActor, record: GateDecisionRecord | GateVote): string => `${shown(actorName(actor), maxTitleLength)}${forWhom(record)}`;

/** Everybody whose vote was for what was decided, the last voter last. */
const deciders = (record: GateDecisionRecord): readonly string[] => {
  const winners = (record.votes ?? []).filter(({ decision }) => decision === record.decision).map((vote) => nameIn(vote.voted_by, vote));
  return winners.length === 0 && record.decided_by.kind !== 'system' ? [nameIn(record.decided_by, record)] : winners;
};

const inWords = (names: readonly string[]): string => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`);
const byWhom = (record: GateDecisionRecord): string => (deciders(record).length === 0 ? '' : ` by ${inWords(deciders(record))}`);

const maxReasonOfVote = 400;
const said = (text: string | undefined, most: number): string => shown(text ?? '', most);

/** Votes that did not win, and reasons of other votes than the last, which is the decision's own. */
const votesBehind = ({ votes = [], decision, reason, decided_by }: GateDecisionRecord): readonly string[] => {
  const others = votes.filter((vote) => vote.decision !== decision).map(voteText);
  const reasons = votes.filter((vote) => said(vote.reason, maxReasonOfVote) !== '' && vote.reason !== reason).map((vote) => `${nameIn(vote.voted_by, vote)}: ${said(vote.reason, maxReasonOfVote)}`);
  return [...(others.length === 0 ? [] : [`${decided_by.kind === 'system' ? 'Voted' : 'Voted otherwise'}: ${others.join(', ')}`]), ...reasons];
};

/** Nothing of it waits for its time, or for anybody. */
const settledParts = ({ votes: _votes, attention: _attention, ...opened }: Card): Omit<Card, 'votes' | 'attention'> => ({ ...opened, fields: settledFields(opened.fields), actions: [] });

/** The card that replaces or answers the one that asked: who decided what, and why. */
export const decidedCard = (opened: Card, record: GateDecisionRecord): Card => {
  const reason = said(record.reason, maxBodyLength);
  const lines = [`${settled[record.decision]}${byWhom(record)}.`, ...(reason === '' ? [] : [`Reason: ${reason}`]), ...votesBehind(record)];
  return { ...settledParts(opened), status: record.decision, summary: shown(lines.join('\n'), maxBodyLength + maxTitleLength, cutNote(opened.page_url)), settled_at_ms: record.decided_at_ms };
};

type Reminder = Pick<GatePolicyState, 'reminder_count' | 'expired_reminder'> & { readonly expires_at_ms?: number | undefined };

const reminderText = ({ reminder_count, expires_at_ms, expired_reminder }: Reminder): string => {
  const until = expires_at_ms === undefined ? '' : `, until ${minuteOf(expires_at_ms)}`;
  return `Reminder ${reminder_count}: this still waits for a decision${expired_reminder === true ? ', and its time is over' : until}.`;
};

const escalationText = ({ escalated_to, escalations }: { readonly escalated_to: string; readonly escalations: number }): string => `Escalated to ${shown(escalated_to, maxTitleLength)} (${escalations}): nobody decided in time.`;

/** What time did to the gate last; `undefined` before it did anything. */
const attentionOf = ({ expires_at_ms, policy_state }: PendingGate): string | undefined => {
  if (policy_state === undefined) return undefined;
  const { escalations, escalated_to, escalated_at_ms = 0, reminder_count, last_reminded_at_ms = 0 } = policy_state;
  if (reminder_count > 0 && last_reminded_at_ms >= escalated_at_ms) return reminderText({ ...policy_state, expires_at_ms });
  return escalated_to === undefined ? undefined : escalationText({ escalated_to, escalations });
};

/** A card that asks, with time and votes as of now. Without the gate what may have changed is left out. */
export const cardNow = ({ votes: _votes, ...card }: Card, gate: PendingGate | undefined): Card => ({ ...card, fields: fieldsNow(card.fields, gate), ...definedMembers({ votes: gate && votesText(gate) }) });

/** The card of a gate at which somebody voted: it asks on, and says what votes and time have done so far. */
export const votedCard = ({ attention: _attention, ...opened }: Card, gate: PendingGate): Card => ({ ...cardNow(opened, gate), ...definedMembers({ attention: attentionOf(gate) }) });

/** The card that asks again, with the gate as it is now. */
export const remindedCard = (opened: Card, reminder: { readonly reminder_count: number; readonly expires_at_ms: number; readonly expired_reminder: boolean }, gate: PendingGate | undefined): Card => ({ ...cardNow(opened, gate), attention: reminderText(reminder) });

/** The card that asks the next person, with the gate as it is now: it has its time again. */
export const escalatedCard = (opened: Card, escalation: { readonly escalated_to: string; readonly escalations: number }, gate: PendingGate | undefined): Card => ({ ...cardNow(opened, gate), attention: escalationText(escalation) });

const closings = { run_ended: 'the run ended before anyone decided', run_reset: 'the run was reset before anyone decided', gate_reopened: 'what was about to happen is not what had been approved, so it asks again' } as const;

/** The card that replaces one of a gate that is not open any more although nobody decided it, or whose decision does not hold. */
export const closedCard = (opened: Card, reason: string | undefined, closing: keyof typeof closings = 'run_ended'): Card => ({
  ...settledParts(opened), status: 'closed', summary: `Closed: ${closings[closing]}.${reason === undefined ? '' : `\nReason: ${shown(reason, maxBodyLength)}`}`,
});
