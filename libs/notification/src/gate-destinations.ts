import type { AggregateRef, ChannelAudienceEvent, DeliveryRequest, Destination } from '@cs/contracts';
import { executeCommand, loadAggregate } from '@cs/eventing';
import { accept, type Json } from '@cs/kernel';
import { channelAudienceAggregate, channelAudienceRef, type Audience } from './channel-aggregates.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import type { NoticeFacts } from './gate-notices.js';
import { listedQuestion } from './list-card.js';
import { addToList } from './list-delivery.js';
import { familyOf } from './notice-family.js';
import { commandDelivery, requestDelivery, type FollowUp, type RequestDeliveriesOptions, type Requested, type Subject } from './request-delivery.js';
import { escalationDestinations, routeGate, type GateFacts } from './route-gate.policy.js';

/** What is asked, wherever it is asked. */
export type Question = Omit<DeliveryRequest, 'delivery_id' | 'channel'>;

export const subjectOf = ({ gate_opening_id, request_id = '' }: Pick<DeliveryRequest, 'gate_opening_id' | 'request_id'>): Subject => (gate_opening_id === undefined ? { request_id } : { gate_opening_id });

const place = ({ channel_id, kind, recipient }: Destination) => ({ channel: kind, installation: channel_id, recipient });

type Choose = (asked: Audience, at_ms: number) => readonly Destination[];

/** Adds destinations to those of the opening; answers all of them, or `undefined` when others kept writing first. */
const choose = async ({ eventing }: RequestDeliveriesOptions, about: NoticeFacts, { subject, choice }: { readonly subject: Subject; readonly choice: Choose }): Promise<readonly Destination[] | undefined> => {
  const executed = await executeCommand<Audience, ChannelAudienceEvent, never>(channelAudienceRef(eventing.digest, about, subject), {
    eventing, aggregate: channelAudienceAggregate, context: { causation_id: about.event_id },
    decide: (state, at_ms) => {
      const destinations = choice(state, at_ms);
      return state !== undefined && destinations.length === 0 ? accept() : accept({ event_type: 'channel_audience_chosen', data: { ...subject, destinations } });
    },
  });
  return executed.kind === 'accepted' ? (executed.loaded.state ?? []) : undefined;
};

const ask = async (options: RequestDeliveriesOptions, about: NoticeFacts, { destination, question }: { readonly destination: Destination; readonly question: Question }): Promise<Requested> => {
  const { mode, not_before_ms } = destination;
  if (mode === 'digest') {
    return await addToList(options.eventing, about, { place: place(destination), notice: 'gates_waiting', due_ms: not_before_ms ?? 0, item_id: question.gate_opening_id ?? question.request_id ?? '', item: listedQuestion(question) satisfies Json, public_url: options.publicUrl });
  }
  return await requestDelivery(options, about, { ...question, ...place(destination), ...(not_before_ms === undefined ? {} : { not_before_ms }) });
};

const all = async (requests: readonly Promise<Requested>[]): Promise<Requested> => ((await Promise.all(requests)).includes('contended') ? 'contended' : 'requested');

/** Asks where the rules of the workspace's installations say, chosen once. `facts` are what the rules look at. */
export const askInstallations = async (options: RequestDeliveriesOptions, about: NoticeFacts, { question, facts }: { readonly question: Question; readonly facts: Omit<GateFacts, 'automation_id'> }): Promise<Requested> => {
  const channels = options.directory?.channelsOf(about) ?? [];
  if (channels.length === 0) return 'requested';
  const known = { ...facts, automation_id: question.automation_id ?? '' };
  const destinations = await choose(options, about, { subject: subjectOf(question), choice: (asked, at_ms) => (asked === undefined ? routeGate(known, channels, at_ms) : []) });
  return destinations === undefined ? 'contended' : await all(destinations.map((destination) => ask(options, about, { destination, question })));
};

/** The question that a notice follows, as it was asked at a place. */
const askedAt = ({ eventing: { digest } }: RequestDeliveriesOptions, { org_id, workspace_id }: NoticeFacts, { destination, followUp }: { readonly destination: Destination; readonly followUp: FollowUp }): AggregateRef =>
  deliveryRef(digest, { org_id, workspace_id, ...followUp.subject, notice: familyOf(followUp.notice)?.asks ?? followUp.notice, ...place(destination) });

const followUpAt = async (options: RequestDeliveriesOptions, about: NoticeFacts, { destination, followUp }: { readonly destination: Destination; readonly followUp: FollowUp }): Promise<Requested> => {
  const { notice, notification_key, card } = followUp;
  const ref = askedAt(options, about, { destination, followUp });
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: deliveryAggregate }, ref);
  // Chosen and not asked yet: whoever chose is still at it.
  if (state.status === 'none') return 'contended';
  if (notice === 'gate_escalated' && (await commandDelivery(options.eventing, ref, { command: () => ({ kind: 'hasten', reason: 'the gate was escalated' }) })) === undefined) return 'contended';
  const { delivery_id: _id, not_before_ms: _time, ...asked } = state.request;
  return await requestDelivery(options, about, { ...asked, notice, ...(notification_key === undefined ? {} : { notification_key }), card: card(asked.card) });
};

/** A question that repeats one that was asked elsewhere. */
const askElsewhere = async (options: RequestDeliveriesOptions, about: NoticeFacts, { followUp, audience }: { readonly followUp: FollowUp; readonly audience: readonly Destination[] }): Promise<readonly Destination[] | undefined> => {
  const channels = options.directory?.channelsOf(about) ?? [];
  const asked = audience.find(({ mode }) => mode === 'card');
  if (asked === undefined) return audience;
  const everywhere = await choose(options, about, { subject: followUp.subject, choice: (known = [], at_ms) => escalationDestinations(channels, known, at_ms) });
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: deliveryAggregate }, askedAt(options, about, { destination: asked, followUp }));
  if (everywhere === undefined || state.status === 'none') return undefined;
  const { delivery_id: _id, not_before_ms: _time, installation: _installation, recipient: _recipient, channel: _channel, ...question } = state.request;
  const added = everywhere.slice(audience.length);
  return (await all(added.map((destination) => ask(options, about, { destination, question })))) === 'contended' ? undefined : everywhere;
};

/** Tells what follows at every place where the question was asked by a card. */
export const followUpInstallations = async (options: RequestDeliveriesOptions, about: NoticeFacts, followUp: FollowUp): Promise<Requested | 'not-opened'> => {
  const { eventing, directory } = options;
  const { state } = await loadAggregate({ store: eventing.store, aggregate: channelAudienceAggregate }, channelAudienceRef(eventing.digest, about, followUp.subject));
  if (state === undefined) return (directory?.channelsOf(about).length ?? 0) === 0 ? 'requested' : 'not-opened';
  const audience = followUp.notice === 'gate_escalated' ? await askElsewhere(options, about, { followUp, audience: state }) : state;
  if (audience === undefined) return 'contended';
  return await all(audience.filter(({ mode }) => mode === 'card').map((destination) => followUpAt(options, about, { destination, followUp })));
};
