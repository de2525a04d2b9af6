import type { DeliveryEvent, DeliveryRequest } from '@cs/contracts';
import { done, executeCommand, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type Eventing } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { z } from 'zod';
import { cardSchema, type Card } from './card.schema.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import { deliveryDecider, type DeliveryRefusal } from './delivery.decider.js';
import type { Delivery } from './delivery.state.js';
import { closedCard, decidedCard, escalatedCard, openedCard, remindedCard } from './gate-card.js';
import { readGateNotice, type GateNotice } from './gate-notices.js';

export interface RequestDeliveriesOptions {
  readonly eventing: Eventing;
  /** Names of the channels that are configured. */
  readonly channels: readonly string[];
  /** The gateway as people reach it, for links. Absent: cards have none. */
  readonly publicUrl?: string;
}

type Opened = Extract<GateNotice, { notice: 'gate_opened' }>;

/** A decision can be handled before the opening that came just before it; after so many looks there was none on that channel. */
const looksForOpening = 5;
const lookAgainMs = 500;
/** Events this old come from before the notifier was there: what was decided since then is not told. */
const oldAfterMs = 3_600_000;

/** The event's origin in the log names the automation, which the published event does not. */
const automationOf = async ({ store }: Eventing, { position, event_id }: GateNotice): Promise<string> => {
  const stored = await store.at(position);
  return stored?.commit.events.find((event) => event.event_id === event_id)?.correlation_id ?? 'unknown';
};

const request = async ({ eventing }: RequestDeliveriesOptions, notice: GateNotice, delivery: DeliveryRequest): Promise<boolean> => {
  const executed = await executeCommand<Delivery, DeliveryEvent, DeliveryRefusal>(deliveryRef(eventing.digest, { ...notice, ...delivery }), {
    eventing, aggregate: deliveryAggregate, context: { causation_id: notice.event_id, correlation_id: delivery.automation_id },
    decide: (state) => deliveryDecider.decide({ kind: 'request', request: delivery }, state),
  });
  return executed.kind === 'accepted';
};

const isOld = ({ clock }: Eventing, { occurred_at_ms }: GateNotice): boolean => clock() - occurred_at_ms > oldAfterMs;

const stillWaits = async ({ store }: Eventing, { org_id, workspace_id, run_id }: GateNotice): Promise<boolean> =>
  (await store.last({ org_id, workspace_id, aggregate: 'run', id: run_id }))?.status === 'awaiting_approval';

const requestOpened = async (options: RequestDeliveriesOptions, notice: Opened): Promise<boolean> => {
  const { gate, run_id } = notice;
  if (isOld(options.eventing, notice) && !(await stillWaits(options.eventing, notice))) return true;
  const automation_id = await automationOf(options.eventing, notice);
  const card: Json = openedCard({ ...notice, automation_id, public_url: options.publicUrl?.replace(/\/+$/, '') }, gate);
  const requested = await Promise.all(options.channels.map((channel) => {
    const { id } = deliveryRef(options.eventing.digest, { ...notice, ...gate, channel });
    return request(options, notice, {
      delivery_id: id, channel, notice: 'gate_opened', run_id, automation_id, node_id: gate.node_id,
      approval_request_id: gate.approval_request_id, gate_opening_id: gate.gate_opening_id, card,
    });
  }));
  return requested.every(Boolean);
};

/** What follows the question of an opening: what is told, and what becomes of its card. */
interface FollowUp {
  readonly notice: Exclude<DeliveryRequest['notice'], 'gate_opened'>;
  readonly gate_opening_id: string;
  readonly notification_key?: string;
  readonly card: (opened: Card) => Card;
}

/** The notice goes where the question went, and repeats what it was about. */
const requestFollowUp = async (options: RequestDeliveriesOptions, about: GateNotice, { channel, followUp }: { readonly channel: string; readonly followUp: FollowUp }): Promise<'requested' | 'contended' | 'not-opened'> => {
  const { store, digest } = options.eventing;
  const { notice, gate_opening_id, notification_key, card } = followUp;
  const identity = { org_id: about.org_id, workspace_id: about.workspace_id, gate_opening_id, channel };
  const { state } = await loadAggregate({ store, aggregate: deliveryAggregate }, deliveryRef(digest, { ...identity, notice: 'gate_opened' }));
  if (state.status === 'none') return 'not-opened';
  const key = notification_key === undefined ? {} : { notification_key };
  const changed: Json = card(cardSchema.parse(state.request.card));
  const requested = await request(options, about, { ...state.request, delivery_id: deliveryRef(digest, { ...identity, ...key, notice }).id, notice, ...key, card: changed });
  return requested ? 'requested' : 'contended';
};

/** A gate that is open in a run that ended: its last state still shows it. */
const endedRunSchema = z.object({ checkpoint: z.object({ awaiting_gate: z.object({ gate_opening_id: z.string() }) }) });

const closedBy = async ({ store }: Eventing, { position, reason }: Extract<GateNotice, { notice: 'run_ended' }>): Promise<FollowUp | undefined> => {
  const ended = endedRunSchema.safeParse((await store.at(position))?.commit.state?.value);
  if (!ended.success) return undefined;
  return { notice: 'gate_closed', gate_opening_id: ended.data.checkpoint.awaiting_gate.gate_opening_id, card: (opened) => closedCard(opened, reason) };
};

/** What follows from a notice; `undefined` when nothing is to be told (any more). */
const followUpOf = async ({ eventing }: RequestDeliveriesOptions, about: Exclude<GateNotice, Opened>): Promise<FollowUp | undefined> => {
  if (about.notice === 'run_ended') return await closedBy(eventing, about);
  if (about.notice === 'gate_decided') return { notice: 'gate_decided', gate_opening_id: about.decision.gate_opening_id, card: (opened) => decidedCard(opened, about.decision) };
  // Nobody is asked again about what no longer waits.
  if (!(await stillWaits(eventing, about))) return undefined;
  if (about.notice === 'gate_reminded') {
    const { gate_opening_id, notification_key } = about.reminder;
    return { notice: 'gate_reminded', gate_opening_id, notification_key, card: (opened) => remindedCard(opened, about.reminder) };
  }
  const { gate_opening_id, notification_key } = about.escalation;
  return { notice: 'gate_escalated', gate_opening_id, notification_key, card: (opened) => escalatedCard(opened, about.escalation) };
};

const contended = retryLater(1_000, 'others kept writing to the delivery');

const requestFollowUps = async (options: RequestDeliveriesOptions, about: Exclude<GateNotice, Opened>, deliveryCount: number): Promise<ConsumerOutcome> => {
  const followUp = await followUpOf(options, about);
  if (followUp === undefined) return done;
  const results = await Promise.all(options.channels.map((channel) => requestFollowUp(options, about, { channel, followUp })));
  if (results.includes('contended')) return contended;
  const looksAgain = results.includes('not-opened') && deliveryCount < looksForOpening && !isOld(options.eventing, about);
  return looksAgain ? retryLater(lookAgainMs, 'the opening of this gate was not told yet') : done;
};

/**
 * Asks every channel to tell of a gate that opened, that asks again, that was decided, or whose run ended first.
 * `deliveryCount`: how often the event was delivered to us.
 */
export const requestDeliveries = async (options: RequestDeliveriesOptions, body: string, deliveryCount: number): Promise<ConsumerOutcome> => {
  const read = readGateNotice(body);
  if (!read.ok) return giveUp(read.reason);
  const { notice } = read;
  if (notice.notice !== 'gate_opened') return await requestFollowUps(options, notice, deliveryCount);
  return (await requestOpened(options, notice)) ? done : contended;
};
