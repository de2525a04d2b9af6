import type { DeliveryEvent, DeliveryRequest } from '@cs/contracts';
import { done, executeCommand, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type Eventing } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { cardSchema } from './card.schema.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import { deliveryDecider, type DeliveryRefusal } from './delivery.decider.js';
import type { Delivery } from './delivery.state.js';
import { decidedCard, openedCard } from './gate-card.js';
import { readGateNotice, type GateNotice } from './gate-notices.js';

export interface RequestDeliveriesOptions {
  readonly eventing: Eventing;
  /** Names of the channels that are configured. */
  readonly channels: readonly string[];
}

type Opened = Extract<GateNotice, { notice: 'gate_opened' }>;
type Decided = Extract<GateNotice, { notice: 'gate_decided' }>;

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
  const card: Json = openedCard({ ...notice, automation_id }, gate);
  const requested = await Promise.all(options.channels.map((channel) => {
    const { id } = deliveryRef(options.eventing.digest, { ...notice, ...gate, channel });
    return request(options, notice, {
      delivery_id: id, channel, notice: 'gate_opened', run_id, automation_id, node_id: gate.node_id,
      approval_request_id: gate.approval_request_id, gate_opening_id: gate.gate_opening_id, card,
    });
  }));
  return requested.every(Boolean);
};

/** The notice goes where the question went, and repeats what it was about. */
const requestDecided = async (options: RequestDeliveriesOptions, notice: Decided, channel: string): Promise<'requested' | 'contended' | 'not-opened'> => {
  const { store, digest } = options.eventing;
  const identity = { ...notice, gate_opening_id: notice.decision.gate_opening_id, channel };
  const { state } = await loadAggregate({ store, aggregate: deliveryAggregate }, deliveryRef(digest, { ...identity, notice: 'gate_opened' }));
  if (state.status === 'none') return 'not-opened';
  const card: Json = decidedCard(cardSchema.parse(state.request.card), notice.decision);
  const requested = await request(options, notice, { ...state.request, delivery_id: deliveryRef(digest, identity).id, notice: 'gate_decided', card });
  return requested ? 'requested' : 'contended';
};

const contended = retryLater(1_000, 'others kept writing to the delivery');

/** Asks every channel to tell of a gate that opened, or of its decision. `deliveryCount`: how often the event was delivered to us. */
export const requestDeliveries = async (options: RequestDeliveriesOptions, body: string, deliveryCount: number): Promise<ConsumerOutcome> => {
  const read = readGateNotice(body);
  if (!read.ok) return giveUp(read.reason);
  const { notice } = read;
  if (notice.notice === 'gate_opened') return (await requestOpened(options, notice)) ? done : contended;
  const results = await Promise.all(options.channels.map((channel) => requestDecided(options, notice, channel)));
  if (results.includes('contended')) return contended;
  const looksAgain = results.includes('not-opened') && deliveryCount < looksForOpening && !isOld(options.eventing, notice);
  return looksAgain ? retryLater(lookAgainMs, 'the opening of this gate was not told yet') : done;
};
