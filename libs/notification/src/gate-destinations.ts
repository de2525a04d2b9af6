import type { ChannelAudienceEvent, DeliveryRequest, Destination } from '@cs/contracts';
import { executeCommand, loadAggregate } from '@cs/eventing';
import { accept, type Json } from '@cs/kernel';
import { cardSchema } from './card.schema.js';
import { channelAudienceAggregate, channelAudienceRef, type Audience } from './channel-aggregates.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import type { GateNotice } from './gate-notices.js';
import { addToList } from './list-delivery.js';
import { commandDelivery, requestDelivery, type FollowUp, type RequestDeliveriesOptions, type Requested } from './request-delivery.js';
import { escalationDestinations, routeGate } from './route-gate.policy.js';

type Opened = Extract<GateNotice, { notice: 'gate_opened' }>;
type Question = Omit<DeliveryRequest, 'delivery_id' | 'channel'>;

const place = ({ channel_id, kind, recipient }: Destination) => ({ channel: kind, installation: channel_id, recipient });

type Choose = (asked: Audience, at_ms: number) => readonly Destination[];

/** Adds destinations to those of the opening; answers all of them, or `undefined` when others kept writing first. */
const choose = async ({ eventing }: RequestDeliveriesOptions, about: GateNotice, { gate_opening_id, choice }: { readonly gate_opening_id: string; readonly choice: Choose }): Promise<readonly Destination[] | undefined> => {
  const executed = await executeCommand<Audience, ChannelAudienceEvent, never>(channelAudienceRef(eventing.digest, about, gate_opening_id), {
    eventing, aggregate: channelAudienceAggregate, context: { causation_id: about.event_id },
    decide: (state, at_ms) => {
      const destinations = choice(state, at_ms);
      return state !== undefined && destinations.length === 0 ? accept() : accept({ event_type: 'channel_audience_chosen', data: { gate_opening_id, destinations } });
    },
  });
  return executed.kind === 'accepted' ? (executed.loaded.state ?? []) : undefined;
};

const itemOf = (question: Question): Json => {
  const { title, page_url, fields } = cardSchema.parse(question.card);
  const detail = fields.filter(({ label }) => label === 'Run' || label === 'Risk').map(({ label, value }) => `${label}: ${value}`).join(' · ');
  return { text: detail === '' ? title : `${title} (${detail})`, ...(page_url === undefined ? {} : { page_url }), run_id: question.run_id ?? '' };
};

const ask = async (options: RequestDeliveriesOptions, about: GateNotice, { destination, question }: { readonly destination: Destination; readonly question: Question }): Promise<Requested> => {
  const { mode, not_before_ms } = destination;
  if (mode === 'digest') {
    return await addToList(options.eventing, about, { place: place(destination), notice: 'gates_waiting', due_ms: not_before_ms ?? 0, item_id: question.gate_opening_id ?? '', item: itemOf(question) });
  }
  return await requestDelivery(options, about, { ...question, ...place(destination), ...(not_before_ms === undefined ? {} : { not_before_ms }) });
};

const all = async (requests: readonly Promise<Requested>[]): Promise<Requested> => ((await Promise.all(requests)).includes('contended') ? 'contended' : 'requested');

/** Asks about a gate where the rules of the workspace's installations say, chosen once. */
export const askInstallations = async (options: RequestDeliveriesOptions, about: Opened, question: Question): Promise<Requested> => {
  const channels = options.directory?.channelsOf(about) ?? [];
  if (channels.length === 0) return 'requested';
  const { gate } = about;
  const facts = { ...gate, automation_id: question.automation_id ?? '' };
  const destinations = await choose(options, about, { gate_opening_id: gate.gate_opening_id, choice: (asked, at_ms) => (asked === undefined ? routeGate(facts, channels, at_ms) : []) });
  return destinations === undefined ? 'contended' : await all(destinations.map((destination) => ask(options, about, { destination, question })));
};

const followUpAt = async (options: RequestDeliveriesOptions, about: GateNotice, { destination, followUp }: { readonly destination: Destination; readonly followUp: FollowUp }): Promise<Requested> => {
  const { store, digest } = options.eventing;
  const { notice, gate_opening_id, notification_key, card } = followUp;
  const ref = deliveryRef(digest, { org_id: about.org_id, workspace_id: about.workspace_id, gate_opening_id, notice: 'gate_opened', ...place(destination) });
  const { state } = await loadAggregate({ store, aggregate: deliveryAggregate }, ref);
  // Chosen and not asked yet: whoever chose is still at it.
  if (state.status === 'none') return 'contended';
  if (notice === 'gate_escalated' && (await commandDelivery(options.eventing, ref, { command: () => ({ kind: 'hasten', reason: 'the gate was escalated' }) })) === undefined) return 'contended';
  const { delivery_id: _id, not_before_ms: _time, ...asked } = state.request;
  return await requestDelivery(options, about, { ...asked, notice, ...(notification_key === undefined ? {} : { notification_key }), card: card(cardSchema.parse(asked.card)) });
};

/** A question that repeats one that was asked elsewhere. */
const askElsewhere = async (options: RequestDeliveriesOptions, about: GateNotice, { followUp, audience }: { readonly followUp: FollowUp; readonly audience: readonly Destination[] }): Promise<readonly Destination[] | undefined> => {
  const channels = options.directory?.channelsOf(about) ?? [];
  const { gate_opening_id } = followUp;
  const asked = audience.find(({ mode }) => mode === 'card');
  if (asked === undefined) return audience;
  const everywhere = await choose(options, about, { gate_opening_id, choice: (known = [], at_ms) => escalationDestinations(channels, known, at_ms) });
  const ref = deliveryRef(options.eventing.digest, { org_id: about.org_id, workspace_id: about.workspace_id, gate_opening_id, notice: 'gate_opened', ...place(asked) });
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: deliveryAggregate }, ref);
  if (everywhere === undefined || state.status === 'none') return undefined;
  const { delivery_id: _id, not_before_ms: _time, installation: _installation, recipient: _recipient, channel: _channel, ...question } = state.request;
  const added = everywhere.slice(audience.length);
  return (await all(added.map((destination) => ask(options, about, { destination, question })))) === 'contended' ? undefined : everywhere;
};

/** Tells what follows at every place where the question was asked by a card. */
export const followUpInstallations = async (options: RequestDeliveriesOptions, about: GateNotice, followUp: FollowUp): Promise<Requested | 'not-opened'> => {
  const { eventing, directory } = options;
  const { state } = await loadAggregate({ store: eventing.store, aggregate: channelAudienceAggregate }, channelAudienceRef(eventing.digest, about, followUp.gate_opening_id));
  if (state === undefined) return (directory?.channelsOf(about).length ?? 0) === 0 ? 'requested' : 'not-opened';
  const audience = followUp.notice === 'gate_escalated' ? await askElsewhere(options, about, { followUp, audience: state }) : state;
  if (audience === undefined) return 'contended';
  return await all(audience.filter(({ mode }) => mode === 'card').map((destination) => followUpAt(options, about, { destination, followUp })));
};
