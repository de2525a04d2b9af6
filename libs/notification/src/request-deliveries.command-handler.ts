import type { DeliveryRequest } from '@cs/contracts';
import { done, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { toPosition, type Json } from '@cs/kernel';
import { z } from 'zod';
import { cardSchema } from './card.schema.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import { closedCard, decidedCard, escalatedCard, openedCard, remindedCard } from './gate-card.js';
import { askInstallations, followUpInstallations } from './gate-destinations.js';
import { readGateNotice, type GateNotice } from './gate-notices.js';
import { requestDelivery, type FollowUp, type RequestDeliveriesOptions, type Requested } from './request-delivery.js';

type Opened = Extract<GateNotice, { notice: 'gate_opened' }>;

/** A decision can be handled before the opening that came just before it; after so many looks there was none on that channel. */
const looksForOpening = 5;
/** The same, where an installation may still have to be asked. */
const looksForAudience = 20;
const lookAgainMs = 500;
const longestLookMs = 30_000;
/** Events this old come from before the notifier was there: what was decided since then is not told. */
const oldAfterMs = 3_600_000;

/** The event's origin in the log names the automation, which the published event does not. */
const automationOf = async ({ store }: Eventing, { position, event_id }: GateNotice): Promise<string> => {
  const stored = await store.at(position);
  return stored?.commit.events.find((event) => event.event_id === event_id)?.correlation_id ?? 'unknown';
};

const isOld = ({ clock }: Eventing, { occurred_at_ms }: GateNotice): boolean => clock() - occurred_at_ms > oldAfterMs;

const stillWaits = async ({ store }: Eventing, { org_id, workspace_id, run_id }: GateNotice): Promise<boolean> =>
  (await store.last({ org_id, workspace_id, aggregate: 'run', id: run_id }))?.status === 'awaiting_approval';

const requestOpened = async (options: RequestDeliveriesOptions, notice: Opened): Promise<Requested> => {
  const { gate, run_id } = notice;
  if (isOld(options.eventing, notice) && !(await stillWaits(options.eventing, notice))) return 'requested';
  const automation_id = await automationOf(options.eventing, notice);
  const card: Json = openedCard({ ...notice, automation_id, public_url: options.publicUrl?.replace(/\/+$/, '') }, gate);
  const question: Omit<DeliveryRequest, 'delivery_id' | 'channel'> = {
    notice: 'gate_opened', run_id, automation_id, node_id: gate.node_id, approval_request_id: gate.approval_request_id, gate_opening_id: gate.gate_opening_id, risk_tier: gate.risk_tier ?? 'none', card,
  };
  const requested = await Promise.all([
    ...options.channels.map((channel) => requestDelivery(options, notice, { ...question, channel })),
    askInstallations(options, notice, question),
  ]);
  return requested.includes('contended') ? 'contended' : 'requested';
};

/** The notice goes where the question went, and repeats what it was about. */
const requestFollowUp = async (options: RequestDeliveriesOptions, about: GateNotice, { channel, followUp }: { readonly channel: string; readonly followUp: FollowUp }): Promise<Requested | 'not-opened'> => {
  const { store, digest } = options.eventing;
  const { notice, gate_opening_id, notification_key, card } = followUp;
  const question = deliveryRef(digest, { org_id: about.org_id, workspace_id: about.workspace_id, gate_opening_id, channel, notice: 'gate_opened' });
  const { state } = await loadAggregate({ store, aggregate: deliveryAggregate }, question);
  if (state.status === 'none') return 'not-opened';
  const { delivery_id: _id, ...asked } = state.request;
  return await requestDelivery(options, about, { ...asked, notice, ...(notification_key === undefined ? {} : { notification_key }), card: card(cardSchema.parse(asked.card)) });
};

const waitingRunSchema = z.object({ checkpoint: z.object({ awaiting_gate: z.object({ gate_opening_id: z.string() }) }) });

/** The opening that a run waited at after a commit; a run that rests says so in each. */
const openingAfter = ({ commit }: Pick<StoredCommit, 'commit'>): string | undefined => waitingRunSchema.safeParse(commit.state?.value).data?.checkpoint.awaiting_gate.gate_opening_id;

type OfRun = Extract<GateNotice, { notice: 'run_ended' | 'run_reset' }>;

/** A gate that is open in a run that ended: its last state still shows it. After a reset only the state before does. */
const lostOpening = async ({ store }: Eventing, { notice, position }: OfRun): Promise<string | undefined> => {
  const stored = await store.at(position);
  if (stored === undefined || notice === 'run_ended') return stored && openingAfter(stored);
  const before = await store.at(toPosition(stored.commit.previous));
  const opening = before && openingAfter(before);
  return opening === openingAfter(stored) ? undefined : opening;
};

const closedBy = async (eventing: Eventing, about: OfRun): Promise<FollowUp | undefined> => {
  const gate_opening_id = await lostOpening(eventing, about);
  return gate_opening_id === undefined ? undefined : { notice: 'gate_closed', gate_opening_id, card: (opened) => closedCard(opened, about.reason, about.notice) };
};

type Asking = Extract<GateNotice, { notice: 'gate_reminded' | 'gate_escalated' }>;

/** Nobody is asked again about what no longer waits. */
const askedAgain = async (eventing: Eventing, about: Asking): Promise<FollowUp | undefined> => {
  if (!(await stillWaits(eventing, about))) return undefined;
  if (about.notice === 'gate_reminded') {
    const { gate_opening_id, notification_key } = about.reminder;
    return { notice: 'gate_reminded', gate_opening_id, notification_key, card: (opened) => remindedCard(opened, about.reminder) };
  }
  const { gate_opening_id, notification_key } = about.escalation;
  return { notice: 'gate_escalated', gate_opening_id, notification_key, card: (opened) => escalatedCard(opened, about.escalation) };
};

/** What follows from a notice; `undefined` when nothing is to be told (any more). */
const followUpOf = async ({ eventing }: RequestDeliveriesOptions, about: Exclude<GateNotice, Opened>): Promise<FollowUp | undefined> => {
  switch (about.notice) {
    case 'gate_decided': return { notice: 'gate_decided', gate_opening_id: about.decision.gate_opening_id, card: (opened) => decidedCard(opened, about.decision) };
    case 'gate_reopened': return { notice: 'gate_closed', gate_opening_id: about.gate_opening_id, card: (opened) => closedCard(opened, undefined, 'gate_reopened') };
    case 'run_ended':
    case 'run_reset': return await closedBy(eventing, about);
    case 'gate_reminded':
    case 'gate_escalated': return await askedAgain(eventing, about);
  }
};

const contended = retryLater(1_000, 'others kept writing to the delivery');

const requestFollowUps = async (options: RequestDeliveriesOptions, about: Exclude<GateNotice, Opened>, deliveryCount: number): Promise<ConsumerOutcome> => {
  const followUp = await followUpOf(options, about);
  if (followUp === undefined) return done;
  const results = await Promise.all(options.channels.map((channel) => requestFollowUp(options, about, { channel, followUp })));
  const installed = await followUpInstallations(options, about, followUp);
  if ([...results, installed].includes('contended')) return contended;
  const looks = installed === 'not-opened' ? looksForAudience : looksForOpening;
  const looksAgain = [...results, installed].includes('not-opened') && deliveryCount < looks && !isOld(options.eventing, about);
  return looksAgain ? retryLater(Math.min(lookAgainMs * 2 ** Math.max(deliveryCount - looksForOpening, 0), longestLookMs), 'the opening of this gate was not told yet') : done;
};

/**
 * Asks every channel to tell of a gate that opened, that asks again, that was decided, or whose run ended or was reset first.
 * `deliveryCount`: how often the event was delivered to us.
 */
export const requestDeliveries = async (options: RequestDeliveriesOptions, body: string, deliveryCount: number): Promise<ConsumerOutcome> => {
  const read = readGateNotice(body);
  if (!read.ok) return giveUp(read.reason);
  const { notice } = read;
  if (notice.notice !== 'gate_opened') return await requestFollowUps(options, notice, deliveryCount);
  return (await requestOpened(options, notice)) === 'requested' ? done : contended;
};
