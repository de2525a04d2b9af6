import type { AggregateRef, ChannelAudienceEvent, DeliveryRequest, Destination } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing } from '@cs/eventing';
import { accept, type Json } from '@cs/kernel';
import { isToldOn } from './card-renewal.js';
import { channelAudienceAggregate, channelAudienceRef, type Audience } from './channel-aggregates.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import type { Delivery } from './delivery.state.js';
import type { NoticeFacts } from './gate-notices.js';
import { listedQuestion } from './list-card.js';
import { addToList } from './list-delivery.js';
import { familyOf, renews } from './notice-family.js';
import { commandDelivery, followUpFacts, requestDelivery, type FollowUp, type Question, type RequestDeliveriesOptions, type Requested, type Subject } from './request-delivery.js';
import { escalationDestinations, quietUntil, routeGate, type GateFacts } from './route-gate.policy.js';

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

/** Whether somebody chose already whom of the installations to ask. */
export const isAudienceChosen = async ({ store, digest }: Eventing, about: NoticeFacts, subject: Subject): Promise<boolean> =>
  (await loadAggregate({ store, aggregate: channelAudienceAggregate }, channelAudienceRef(digest, about, subject))).state !== undefined;

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

const isCard = ({ mode }: Destination): boolean => mode === 'card';

/** Asks about what still waits where it was not asked and would be now. */
export const askRemaining = async (options: RequestDeliveriesOptions, about: NoticeFacts, { question, facts }: { readonly question: Question; readonly facts: Omit<GateFacts, 'automation_id'> }): Promise<Requested> => {
  const known = { ...facts, automation_id: question.automation_id ?? '' };
  const subject = subjectOf(question);
  const unasked = (asked: readonly Destination[]) => (options.directory?.channelsOf(about) ?? []).filter(({ channel }) => !asked.some(({ channel_id }) => channel_id === channel.channel_id));
  const { state = [] } = await loadAggregate({ store: options.eventing.store, aggregate: channelAudienceAggregate }, channelAudienceRef(options.eventing.digest, about, subject));
  const choice: Choose = (asked = [], at_ms) => routeGate(known, unasked(asked), { at_ms, opened_at_ms: about.occurred_at_ms });
  const destinations = choice(state, options.eventing.clock()).length === 0 ? state : await choose(options, about, { subject, choice });
  if (destinations === undefined) return 'contended';
  // What a process chose before it died is not known to be asked for; asking for a card again changes nothing.
  return await all(destinations.filter((destination, index) => isCard(destination) || index >= state.length).map((destination) => ask(options, about, { destination, question })));
};

/** The question that a notice follows, as it was asked at a place. */
const askedAt = ({ eventing: { digest } }: RequestDeliveriesOptions, { org_id, workspace_id }: NoticeFacts, { destination, followUp }: { readonly destination: Destination; readonly followUp: FollowUp }): AggregateRef =>
  deliveryRef(digest, { org_id, workspace_id, ...followUp.subject, notice: familyOf(followUp.notice)?.asks ?? followUp.notice, ...place(destination) });

type Asked = Exclude<Delivery, { readonly status: 'none' }>;

const reminders: ReadonlySet<DeliveryRequest['notice']> = new Set(['gate_reminded', 'question_reminded']);

/** When the quiet hours of the place are over, for a reminder: nothing else waits. */
const heldUntil = ({ directory, eventing }: RequestDeliveriesOptions, about: NoticeFacts, { notice, destination: { channel_id }, risk_tier }: { readonly notice: DeliveryRequest['notice']; readonly destination: Destination; readonly risk_tier: string | undefined }): number | undefined => {
  const installed = reminders.has(notice) ? directory?.channelsOf(about).find(({ channel }) => channel.channel_id === channel_id) : undefined;
  return installed && quietUntil(installed.channel, { risk_tier }, eventing.clock());
};

/** What is asked first when the night is over needs no reminder of the night. */
const isAskedThen = (asked: Asked, until: number): boolean => asked.status === 'pending' && asked.hastened !== true && (asked.request.not_before_ms ?? 0) >= until;

const hasten = async ({ eventing }: RequestDeliveriesOptions, ref: AggregateRef): Promise<boolean> =>
  (await commandDelivery(eventing, ref, { command: () => ({ kind: 'hasten', reason: 'the gate was escalated' }) })) !== undefined;

/** What was not asked yet shows the vote by itself: it looks at the gate after it has begun. */
const isShownFirst = ({ status }: Asked, notice: DeliveryRequest['notice']): boolean => renews(notice) && status === 'pending';

const followUpAt = async (options: RequestDeliveriesOptions, about: NoticeFacts, { destination, followUp }: { readonly destination: Destination; readonly followUp: FollowUp }): Promise<Requested> => {
  const { notice, card } = followUp;
  const ref = askedAt(options, about, { destination, followUp });
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: deliveryAggregate }, ref);
  // Chosen and not asked yet: whoever chose is still at it.
  if (state.status === 'none') return 'contended';
  if (isShownFirst(state, notice)) return 'requested';
  if (notice === 'gate_escalated' && !(await hasten(options, ref))) return 'contended';
  const { delivery_id: _id, not_before_ms: _time, ...asked } = state.request;
  const request = { ...asked, notice, ...followUpFacts(followUp), card: card(asked.card) };
  const until = heldUntil(options, about, { notice, destination, risk_tier: asked.risk_tier });
  if (until === undefined) return await requestDelivery(options, about, request);
  // Of the reminders of a night the first is told: their key is the same.
  return isAskedThen(state, until) ? 'requested' : await requestDelivery(options, about, { ...request, not_before_ms: until, notification_key: `reminders:${until}` });
};

interface Told {
  readonly followUp: FollowUp;
  readonly audience: readonly Destination[];
}

/** What an escalation asks: what was asked by a card, else what the gate says. `undefined`: neither is known. */
const questionAgain = async (options: RequestDeliveriesOptions, about: NoticeFacts, { followUp, audience }: Told): Promise<Question | undefined> => {
  const destination = audience.find(isCard);
  if (destination === undefined) return followUp.escalation?.question;
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: deliveryAggregate }, askedAt(options, about, { destination, followUp }));
  if (state.status === 'none') return followUp.escalation?.question;
  const { delivery_id: _id, not_before_ms: _time, installation: _installation, recipient: _recipient, channel: _channel, ...question } = state.request;
  return question;
};

/** Asks where an escalation goes, too; answers every place, or `undefined` when it is too early. */
const askElsewhere = async (options: RequestDeliveriesOptions, about: NoticeFacts, { followUp, audience }: Told): Promise<readonly Destination[] | undefined> => {
  const { subject, escalation } = followUp;
  if (escalation === undefined) return audience;
  const question = await questionAgain(options, about, { followUp, audience });
  if (question === undefined) return audience.some(isCard) ? undefined : audience;
  const channels = options.directory?.channelsOf(about) ?? [];
  const everywhere = await choose(options, about, { subject, choice: (known = [], at_ms) => escalationDestinations(channels, known, { ...escalation, at_ms }) });
  if (everywhere === undefined) return undefined;
  // Also those that were chosen before a process died: what is asked for already is not asked for again.
  return (await all(everywhere.filter(isCard).map((destination) => ask(options, about, { destination, question })))) === 'contended' ? undefined : everywhere;
};

/** Tells what follows at every place where the question was asked by a card. */
export const followUpInstallations = async (options: RequestDeliveriesOptions, about: NoticeFacts, followUp: FollowUp): Promise<Requested | 'not-opened'> => {
  const { eventing, directory } = options;
  const { state } = await loadAggregate({ store: eventing.store, aggregate: channelAudienceAggregate }, channelAudienceRef(eventing.digest, about, followUp.subject));
  if (state === undefined) return (directory?.channelsOf(about).length ?? 0) === 0 ? 'requested' : 'not-opened';
  const audience = await askElsewhere(options, about, { followUp, audience: state });
  if (audience === undefined) return 'contended';
  const told = audience.filter((destination) => isCard(destination) && isToldOn(destination.kind, followUp.notice));
  return await all(told.map((destination) => followUpAt(options, about, { destination, followUp })));
};
