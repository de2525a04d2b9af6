import type { AggregateRef, DeliveryRequest, Notice, PendingGate } from '@cs/contracts';
import { loadAggregate, type Eventing, type EventStore } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { awaitedGate } from './awaited-gate.js';
import { cardSchema } from './card.schema.js';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import { isUnderWay, type Delivery } from './delivery.state.js';
import { cardNow, votedCard } from './gate-card.js';
import { asksAgain, ends, familyOf, renews } from './notice-family.js';

/** In these nothing that was told can be changed: each vote would be one message more for everybody. */
const unchangeable: ReadonlySet<string> = new Set(['email', 'teams', 'console']);

/** Whether a kind of channel is told a notice. The receiver of a webhook is a program, which is told of votes too. */
export const isToldOn = (channel: string, notice: Notice): boolean => !renews(notice) || !unchangeable.has(channel);

/** Votes that come within this time are told as one, and not at all where they decide. */
export const settleVotesMs = 2_000;

/** Each number of votes is told once. */
export const votesKey = (count: number): string => `votes:${count}`;

const gateOf = async (store: EventStore, { org_id, workspace_id }: AggregateRef, { run_id, gate_opening_id }: DeliveryRequest): Promise<PendingGate | undefined> => {
  const gate = run_id === undefined || gate_opening_id === undefined ? undefined : await awaitedGate(store, { org_id, workspace_id, run_id });
  return gate?.gate_opening_id === gate_opening_id ? gate : undefined;
};

/** What the card of a request says by now, where it still asks for a decision. */
export const currentCard = async (store: EventStore, ref: AggregateRef, request: DeliveryRequest): Promise<Json> => {
  const family = familyOf(request.notice);
  const gate = family === undefined || ends(request.notice) ? undefined : await gateOf(store, ref, request);
  if (gate === undefined) return request.card;
  const card = cardSchema.parse(request.card);
  return renews(request.notice) ? votedCard(card, gate) : cardNow(card, gate);
};

/** Whether what a vote leaves to tell is still the newest: the gate waits, and nobody voted after it. */
export const isNewestCount = async (store: EventStore, ref: AggregateRef, request: DeliveryRequest): Promise<boolean> =>
  ((await gateOf(store, ref, request))?.votes?.length ?? 0) === request.vote_count;

type Change = Pick<DeliveryRequest, 'notice' | 'notification_key'>;

const votesUpTo = (count: number): readonly Change[] => Array.from({ length: Math.max(count, 0) }, (_none, index) => ({ notice: 'gate_voted', notification_key: votesKey(index + 1) }));

/** What time did last. */
const lastAsked = (gate: PendingGate | undefined): readonly Change[] => {
  const notification_key = gate?.policy_state?.notification_key;
  return notification_key === undefined ? [] : [{ notice: 'gate_reminded', notification_key }, { notice: 'gate_escalated', notification_key }];
};

// eslint-disable-next-line max-params -- where it is stored, then what it is
const stateOf = async ({ store, digest }: Eventing, { org_id, workspace_id }: AggregateRef, { notification_key: _key, ...request }: DeliveryRequest, change: Change): Promise<Delivery> =>
  (await loadAggregate({ store, aggregate: deliveryAggregate }, deliveryRef(digest, { ...request, org_id, workspace_id, ...change }))).state;

/** Votes that may be under way when the gate ends. A closing after a decision has those of the decision too. */
const votesBeforeEnd = async (eventing: Eventing, ref: AggregateRef, request: DeliveryRequest): Promise<number> => {
  const decided = await stateOf(eventing, ref, request, { notice: familyOf(request.notice)?.decided ?? request.notice });
  return Math.max(request.vote_count ?? 0, decided.status === 'none' ? 0 : (decided.request.vote_count ?? 0));
};

/** What must not be under way when this begins. */
const othersOf = async (eventing: Eventing, ref: AggregateRef, request: DeliveryRequest): Promise<readonly Change[]> => {
  if (ends(request.notice)) return votesUpTo(await votesBeforeEnd(eventing, ref, request));
  const gate = await gateOf(eventing.store, ref, request);
  if (asksAgain(request.notice)) return votesUpTo(gate?.votes?.length ?? 0);
  return [...votesUpTo((request.vote_count ?? 1) - 1), ...lastAsked(gate)];
};

/**
 * Whether the cards of a place are being changed by a vote at this moment, or, for a vote, by anything that asks again. Whoever comes later waits,
 * so that no change arrives after one that knew more. What begins later than this looks at the log after it has begun.
 */
export const isChangeUnderWay = async (eventing: Eventing, ref: AggregateRef, request: DeliveryRequest): Promise<boolean> => {
  if ((familyOf(request.notice)?.renews ?? []).length === 0) return false;
  const states = await Promise.all((await othersOf(eventing, ref, request)).map((other) => stateOf(eventing, ref, request, other)));
  return states.some((state) => isUnderWay(state, eventing.clock()));
};
