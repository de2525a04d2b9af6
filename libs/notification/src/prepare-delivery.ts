import type { AggregateRef, DeliveryRequest, PostedMessage } from '@cs/contracts';
import { loadAggregate, type Digest, type Eventing } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { awaitedGate } from './awaited-gate.js';
import { currentCard, isChangeUnderWay, isNewestCount } from './card-renewal.js';
import type { Outgoing } from './channel-adapter.port.js';
import { channelThreadAggregate, channelThreadRef } from './channel-aggregates.js';
import { deliveryAggregate, deliveryRef, tokenOfDelivery } from './delivery-aggregate.js';
import { isOpen, isRequested, mayBePosted, messagesOf, type OpenDelivery, type RequestedDelivery } from './delivery.state.js';
import { listCard, readListed, type Listed, type ListNotice } from './list-card.js';
import { untoldAfterMs } from './list-delivery.js';
import { asks, ends, familyOf, followsUp, renews } from './notice-family.js';
import { noticeCardSchema } from './notice-card.schema.js';
import { commandDelivery } from './request-delivery.js';
import { stillAsks } from './still-asks.js';

export type Prepared =
  | { readonly kind: 'ready'; readonly asked: readonly PostedMessage[] }
  | { readonly kind: 'later'; readonly delayMs: number; readonly reason: string }
  | { readonly kind: 'withdraw'; readonly reason: string };

const ready = (asked: readonly PostedMessage[] = []): Prepared => ({ kind: 'ready', asked });
const withdraw = (reason: string): Prepared => ({ kind: 'withdraw', reason });
const later: Prepared = { kind: 'later', delayMs: 2_000, reason: 'the question itself is still being asked here' };

const afterChange: Prepared = { kind: 'later', delayMs: 1_000, reason: 'the card is being changed here' };
const afterDecision: Prepared = { kind: 'later', delayMs: 2_000, reason: 'the decision is being told here' };

const sameOpening = (ref: AggregateRef, { notification_key: _key, ...request }: DeliveryRequest, notice: DeliveryRequest['notice']) => ({ ...request, org_id: ref.org_id, workspace_id: ref.workspace_id, notice });

/** What asked about what this is about. */
const questionRefOf = (digest: Digest, ref: AggregateRef, request: DeliveryRequest): AggregateRef => deliveryRef(digest, sameOpening(ref, request, familyOf(request.notice)?.asks ?? request.notice));

/** What told here how what was asked ended, if anything does. That it asks again goes before what had been decided. */
export const endingOf = async ({ store, digest }: Eventing, ref: AggregateRef, request: DeliveryRequest): Promise<RequestedDelivery | undefined> => {
  const family = familyOf(request.notice);
  const endings = await Promise.all((family === undefined ? [] : [family.closed, family.decided]).map((notice) => loadAggregate({ store, aggregate: deliveryAggregate }, deliveryRef(digest, sameOpening(ref, request, notice)))));
  return endings.map(({ state }) => state).find(isRequested);
};

/** Why a vote is not told. */
export const outdatedVote = 'a later vote is told instead, or the gate is settled';

const isDecision = ({ notice }: DeliveryRequest): boolean => familyOf(notice)?.decided === notice;

/** What a later notice of the same opening has made untrue is not told any more. */
const isOvertaken = async (eventing: Eventing, ref: AggregateRef, request: DeliveryRequest): Promise<boolean> => {
  const ending = await endingOf(eventing, ref, request);
  return ending !== undefined && (!ends(request.notice) || (isDecision(request) && ending.request.notice !== request.notice));
};

/** A decision that is being told at this moment would be told after the closing. */
const isDecisionUnderWay = async ({ store, digest }: Eventing, ref: AggregateRef, request: DeliveryRequest): Promise<boolean> => {
  const family = familyOf(request.notice);
  if (family?.closed !== request.notice) return false;
  const { state } = await loadAggregate({ store, aggregate: deliveryAggregate }, deliveryRef(digest, sameOpening(ref, request, family.decided)));
  return state.status === 'sending';
};

/** A question that nobody has seen needs no answer. One that may have been posted is settled first. */
const beforeAsked = async (eventing: Eventing, questionRef: AggregateRef, { question, request }: { readonly question: OpenDelivery; readonly request: DeliveryRequest }): Promise<Prepared> => {
  if (renews(request.notice) && !mayBePosted(question)) return withdraw('what asks here will show it');
  if (!ends(request.notice) || mayBePosted(question)) return later;
  const withdrawn = await commandDelivery(eventing, questionRef, { command: (at_ms) => ({ kind: 'withdraw', reason: 'what this asks was settled before it could be told', at_ms }) });
  if (withdrawn?.status !== 'abandoned') return later;
  const asked = messagesOf(withdrawn);
  return asked.length === 0 ? withdraw('the question was never asked here') : ready(asked);
};

/** The messages that asked here about what this is about, as of now. */
export const messagesAsking = async ({ store, digest }: Eventing, ref: AggregateRef, request: DeliveryRequest): Promise<readonly PostedMessage[]> =>
  messagesOf((await loadAggregate({ store, aggregate: deliveryAggregate }, questionRefOf(digest, ref, request))).state);

/** The same; `asked` for what follows no question. */
export const askedNow = (eventing: Eventing, ref: AggregateRef, { request, asked }: { readonly request: DeliveryRequest; readonly asked: readonly PostedMessage[] }): Promise<readonly PostedMessage[]> =>
  (asked.length === 0 ? Promise.resolve(asked) : messagesAsking(eventing, ref, request));

/** What is true, and is not told now, or not any more. */
const whyNotYet = async (eventing: Eventing, ref: AggregateRef, request: DeliveryRequest): Promise<Prepared | undefined> => {
  if (renews(request.notice) && !(await isNewestCount(eventing.store, ref, request))) return withdraw(outdatedVote);
  if (await isChangeUnderWay(eventing, ref, request)) return afterChange;
  return (await isDecisionUnderWay(eventing, ref, request)) ? afterDecision : undefined;
};

const afterQuestion = async (eventing: Eventing, ref: AggregateRef, request: DeliveryRequest): Promise<Prepared> => {
  const questionRef = questionRefOf(eventing.digest, ref, request);
  const { state: question } = await loadAggregate({ store: eventing.store, aggregate: deliveryAggregate }, questionRef);
  if (question.status === 'none') return withdraw('the question was never asked here');
  if (isOpen(question)) return await beforeAsked(eventing, questionRef, { question, request });
  const asked = messagesOf(question);
  if (question.status === 'abandoned' && asked.length === 0) return withdraw('the question was never asked here');
  if (await isOvertaken(eventing, ref, request)) return withdraw('what this asks was settled before it could be told');
  return (await whyNotYet(eventing, ref, request)) ?? ready(asked);
};

type Item = NonNullable<RequestedDelivery['items']>[number];

const stillWaits = async ({ store }: Eventing, { org_id, workspace_id }: AggregateRef, { item_id, item }: Item): Promise<boolean> => {
  const { run_id = '', request_id } = readListed(item);
  if (request_id !== undefined) return await stillAsks(store, { org_id, workspace_id, run_id, request_id });
  return run_id !== '' && (await awaitedGate(store, { org_id, workspace_id, run_id }))?.gate_opening_id === item_id;
};

/** Of a list of what waits, what still does. */
const shownItems = async (eventing: Eventing, ref: AggregateRef, { request, items = [] }: RequestedDelivery): Promise<readonly Listed[]> => {
  const waits = await Promise.all(items.map((item) => (request.notice === 'gates_waiting' ? stillWaits(eventing, ref, item) : true)));
  return items.filter((_item, index) => waits[index]).map(({ item }) => readListed(item));
};

const isList = (notice: DeliveryRequest['notice']): notice is ListNotice => notice === 'gates_waiting' || notice === 'dead_letters';

const tooFew: Prepared = { kind: 'later', delayMs: 60_000, reason: 'there are too few to be told, and more may come' };

/** What is counted can come late, when events are: until none can come any more, a list that has too few is not given up. */
const mayGrow = ({ clock }: Eventing, { minimum_items, not_before_ms = 0 }: DeliveryRequest): boolean => minimum_items !== undefined && clock() <= not_before_ms + untoldAfterMs;

const prepareList = async (eventing: Eventing, ref: AggregateRef, delivery: OpenDelivery): Promise<Prepared> => {
  const { request, counted = [] } = delivery;
  const { minimum_items = 1 } = request;
  if ((await shownItems(eventing, ref, delivery)).length + counted.length >= minimum_items) return ready();
  return mayGrow(eventing, request) ? tooFew : withdraw('there is nothing to list');
};

/** Whether a delivery can be told now, and which messages it changes. */
export const prepareDelivery = async (eventing: Eventing, ref: AggregateRef, delivery: OpenDelivery): Promise<Prepared> => {
  const { request } = delivery;
  if (isList(request.notice)) return mayBePosted(delivery) ? ready() : await prepareList(eventing, ref, delivery);
  if (asks(request.notice)) {
    const isLate = !mayBePosted(delivery) && (await endingOf(eventing, ref, request)) !== undefined;
    return isLate ? withdraw('what this asks was settled before it could be told') : ready();
  }
  return followsUp(request.notice) ? await afterQuestion(eventing, ref, request) : ready();
};

/** The conversation in which the cards of a run stand together; `undefined` for what concerns no run. */
export const threadOf = ({ org_id, workspace_id }: AggregateRef, { installation, recipient, run_id }: DeliveryRequest) =>
  installation === undefined || recipient === undefined || run_id === undefined ? undefined : { org_id, workspace_id, installation, recipient, thread_key: run_id };

interface Attempt {
  readonly delivery: RequestedDelivery;
  readonly asked: readonly PostedMessage[];
  readonly mayBePosted: boolean;
}

/** Buttons of a card that is changed go on standing for the question. */
const tokenDelivery = ({ digest }: Eventing, ref: AggregateRef, request: DeliveryRequest): string =>
  familyOf(request.notice) === undefined ? request.delivery_id : questionRefOf(digest, ref, request).id;

/** What an adapter is given. */
export const outgoingOf = async (eventing: Eventing, ref: AggregateRef, { delivery, asked, ...attempt }: Attempt): Promise<Outgoing> => {
  const { request } = delivery;
  const conversation = threadOf(ref, request);
  const thread = conversation === undefined ? undefined : (await loadAggregate({ store: eventing.store, aggregate: channelThreadAggregate }, channelThreadRef(eventing.digest, conversation))).state;
  const { notice } = request;
  const card: Json = isList(notice) ? listCard(noticeCardSchema.parse(request.card), { notice, items: await shownItems(eventing, ref, delivery), counted: (delivery.counted ?? []).length }) : await currentCard(eventing.store, ref, request);
  return {
    request: { ...request, card }, recipient: request.recipient ?? '', asked, ...attempt,
    token: tokenOfDelivery(tokenDelivery(eventing, ref, request)), ...(thread === undefined ? {} : { thread }), ...(delivery.posted === undefined ? {} : { posted: delivery.posted }),
  };
};
