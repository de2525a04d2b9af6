import { done, giveUp, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { toPosition } from '@cs/kernel';
import { z } from 'zod';
import { awaitedGate } from './awaited-gate.js';
import { settleVotesMs, votesKey } from './card-renewal.js';
import { cardSchema, type Card } from './card.schema.js';
import { closedCard, decidedCard, escalatedCard, remindedCard, votedCard } from './gate-card.js';
import { readGateNotice, type GateNotice } from './gate-notices.js';
import { questionOf } from './open-gate-question.js';
import type { FollowUp, RequestDeliveriesOptions, Requested } from './request-delivery.js';
import { contended, isOver, requestFollowUps, requestQuestion } from './request-notice.js';

type Opened = Extract<GateNotice, { notice: 'gate_opened' }>;

const requestOpened = async (options: RequestDeliveriesOptions, notice: Opened, deliveryCount: number): Promise<Requested> => {
  const { gate } = notice;
  const { gate_opening_id } = gate;
  const isWaiting = async (): Promise<boolean> => (await awaitedGate(options.eventing.store, notice))?.gate_opening_id === gate_opening_id;
  if (await isOver(options.eventing, notice, { subject: { gate_opening_id }, deliveryCount, isWaiting })) return 'requested';
  return await requestQuestion(options, notice, { question: await questionOf(options, notice, gate), facts: gate });
};

/** The card of a gate, changed. */
const changed = (change: (opened: Card) => Card): FollowUp['card'] => (asked) => change(cardSchema.parse(asked));

const waitingRunSchema = z.object({ checkpoint: z.object({ awaiting_gate: z.object({ gate_opening_id: z.string(), votes: z.array(z.unknown()).readonly().optional() }) }) });
type LostGate = z.infer<typeof waitingRunSchema>['checkpoint']['awaiting_gate'];

/** The opening that a run waited at after a commit; a run that rests says so in each. */
const openingAfter = ({ commit }: Pick<StoredCommit, 'commit'>): LostGate | undefined => waitingRunSchema.safeParse(commit.state?.value).data?.checkpoint.awaiting_gate;

type OfRun = Extract<GateNotice, { notice: 'run_ended' | 'run_reset' }>;

/** A gate that is open in a run that ended: its last state still shows it. After a reset only the state before does. */
const lostOpening = async ({ store }: Eventing, { notice, position }: OfRun): Promise<LostGate | undefined> => {
  const stored = await store.at(position);
  if (stored === undefined || notice === 'run_ended') return stored && openingAfter(stored);
  const before = await store.at(toPosition(stored.commit.previous));
  const opening = before && openingAfter(before);
  return opening?.gate_opening_id === openingAfter(stored)?.gate_opening_id ? undefined : opening;
};

const closedBy = async (eventing: Eventing, about: OfRun): Promise<FollowUp | undefined> => {
  const gate = await lostOpening(eventing, about);
  return gate && { notice: 'gate_closed', subject: { gate_opening_id: gate.gate_opening_id }, vote_count: gate.votes?.length, card: changed((opened) => closedCard(opened, about.reason, about.notice)) };
};

type Asking = Extract<GateNotice, { notice: 'gate_reminded' | 'gate_escalated' }>;

/** Nobody is asked again about what no longer waits. */
const askedAgain = async (options: RequestDeliveriesOptions, about: Asking): Promise<FollowUp | undefined> => {
  const { gate_opening_id, notification_key } = about.notice === 'gate_reminded' ? about.reminder : about.escalation;
  const gate = await awaitedGate(options.eventing.store, about);
  if (gate?.gate_opening_id !== gate_opening_id) return undefined;
  const subject = { gate_opening_id };
  if (about.notice === 'gate_reminded') return { notice: 'gate_reminded', subject, notification_key, card: changed((opened) => remindedCard(opened, about.reminder, gate)) };
  const escalation = { escalated_to: about.escalation.escalated_to, question: await questionOf(options, about, gate) };
  return { notice: 'gate_escalated', subject, notification_key, escalation, card: changed((opened) => escalatedCard(opened, about.escalation, gate)) };
};

/** Told as the gate is now, which may have later votes; one that decides is told as the decision. */
const votedAt = async ({ eventing: { store, clock } }: RequestDeliveriesOptions, about: Extract<GateNotice, { notice: 'gate_voted' }>): Promise<FollowUp | undefined> => {
  const { gate_opening_id } = about;
  const gate = await awaitedGate(store, about);
  if (gate?.votes === undefined || gate.gate_opening_id !== gate_opening_id) return undefined;
  const vote_count = gate.votes.length;
  return { notice: 'gate_voted', subject: { gate_opening_id }, notification_key: votesKey(vote_count), vote_count, not_before_ms: clock() + settleVotesMs, card: changed((opened) => votedCard(opened, gate)) };
};

type StillAsking = Asking | Extract<GateNotice, { notice: 'gate_voted' }>;

const isStillAsking = (about: Exclude<GateNotice, Opened>): about is StillAsking => about.notice === 'gate_voted' || about.notice === 'gate_reminded' || about.notice === 'gate_escalated';

/** What follows from a notice; `undefined` when nothing is to be told (any more). */
const followUpOf = async (options: RequestDeliveriesOptions, about: Exclude<GateNotice, Opened>): Promise<FollowUp | undefined> => {
  if (isStillAsking(about)) return await (about.notice === 'gate_voted' ? votedAt(options, about) : askedAgain(options, about));
  switch (about.notice) {
    case 'gate_decided': return { notice: 'gate_decided', subject: { gate_opening_id: about.decision.gate_opening_id }, vote_count: about.decision.votes?.length, card: changed((opened) => decidedCard(opened, about.decision)) };
    case 'gate_reopened': return { notice: 'gate_closed', subject: { gate_opening_id: about.gate_opening_id }, card: changed((opened) => closedCard(opened, undefined, 'gate_reopened')) };
    case 'run_ended':
    case 'run_reset': return await closedBy(options.eventing, about);
  }
};

/**
 * Asks every channel to tell of a gate that opened, that asks again, that was decided, or whose run ended or was reset first.
 * `deliveryCount`: how often the event was delivered to us.
 */
export const requestDeliveries = async (options: RequestDeliveriesOptions, body: string, deliveryCount: number): Promise<ConsumerOutcome> => {
  const read = readGateNotice(body);
  if (!read.ok) return giveUp(read.reason);
  const { notice } = read;
  if (notice.notice !== 'gate_opened') {
    const followUp = await followUpOf(options, notice);
    return followUp === undefined ? done : await requestFollowUps(options, notice, { followUp, deliveryCount });
  }
  return (await requestOpened(options, notice, deliveryCount)) === 'requested' ? done : contended;
};
