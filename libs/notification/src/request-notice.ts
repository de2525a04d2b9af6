import { done, loadAggregate, retryLater, type ConsumerOutcome, type Eventing } from '@cs/eventing';
import { deliveryAggregate, deliveryRef } from './delivery-aggregate.js';
import { isToldOn } from './card-renewal.js';
import { askInstallations, followUpInstallations, isAudienceChosen } from './gate-destinations.js';
import type { NoticeFacts } from './gate-notices.js';
import { familyOf } from './notice-family.js';
import { followUpFacts, requestDelivery, type FollowUp, type Question, type RequestDeliveriesOptions, type Requested, type Subject } from './request-delivery.js';
import type { GateFacts } from './route-gate.policy.js';

/** What follows can be handled before the question that came just before it; after so many looks there was none on that channel. */
const looksForOpening = 5;
/** The same, where an installation may still have to be asked. */
const looksForAudience = 20;
const lookAgainMs = 500;
const longestLookMs = 30_000;
/** Events this old come from before the notifier was there: what was decided since then is not told. */
const oldAfterMs = 3_600_000;

export const contended = retryLater(1_000, 'others kept writing to the delivery');

const isOld = ({ clock }: Eventing, { occurred_at_ms }: NoticeFacts): boolean => clock() - occurred_at_ms > oldAfterMs;

interface AskedOf {
  readonly subject: Subject;
  /** How often the event was delivered to us. */
  readonly deliveryCount: number;
  /** Whether the log says that it still waits. */
  readonly isWaiting: () => Promise<boolean>;
}

/**
 * Whether nobody is to be asked any more. Whoever told how it ended does not look for ever for what was asked: of an event that comes
 * again, or late, nobody is asked when nothing waits any longer. Whom an earlier delivery chose is asked; what follows waits for that.
 */
export const isOver = async (eventing: Eventing, about: NoticeFacts, { subject, deliveryCount, isWaiting }: AskedOf): Promise<boolean> => {
  const isLate = isOld(eventing, about);
  if ((!isLate && deliveryCount === 1) || (await isWaiting())) return false;
  return isLate || !(await isAudienceChosen(eventing, about, subject));
};

/** Asks on every channel. `facts` are what the rules of installations look at. */
export const requestQuestion = async (options: RequestDeliveriesOptions, about: NoticeFacts, asked: { readonly question: Question; readonly facts: Omit<GateFacts, 'automation_id'> }): Promise<Requested> => {
  const requested = await Promise.all([
    ...options.channels.map((channel) => requestDelivery(options, about, { ...asked.question, channel })),
    askInstallations(options, about, asked),
  ]);
  return requested.includes('contended') ? 'contended' : 'requested';
};

/** The notice goes where the question went, and repeats what it was about. */
const requestFollowUp = async (options: RequestDeliveriesOptions, about: NoticeFacts, { channel, followUp }: { readonly channel: string; readonly followUp: FollowUp }): Promise<Requested | 'not-opened'> => {
  const { store, digest } = options.eventing;
  const { notice, subject, card } = followUp;
  if (!isToldOn(channel, notice)) return 'requested';
  const question = deliveryRef(digest, { org_id: about.org_id, workspace_id: about.workspace_id, ...subject, channel, notice: familyOf(notice)?.asks ?? notice });
  const { state } = await loadAggregate({ store, aggregate: deliveryAggregate }, question);
  if (state.status === 'none') return 'not-opened';
  const { delivery_id: _id, ...asked } = state.request;
  return await requestDelivery(options, about, { ...asked, notice, ...followUpFacts(followUp), card: card(asked.card) });
};

/** Tells on every channel that asked what follows. `deliveryCount`: how often its event was delivered to us. */
export const requestFollowUps = async (options: RequestDeliveriesOptions, about: NoticeFacts, { followUp, deliveryCount }: { readonly followUp: FollowUp; readonly deliveryCount: number }): Promise<ConsumerOutcome> => {
  const results = await Promise.all(options.channels.map((channel) => requestFollowUp(options, about, { channel, followUp })));
  const installed = await followUpInstallations(options, about, followUp);
  if ([...results, installed].includes('contended')) return contended;
  const looks = installed === 'not-opened' ? looksForAudience : looksForOpening;
  const looksAgain = [...results, installed].includes('not-opened') && deliveryCount < looks && !isOld(options.eventing, about);
  return looksAgain ? retryLater(Math.min(lookAgainMs * 2 ** Math.max(deliveryCount - looksForOpening, 0), longestLookMs), 'what this follows was not told yet') : done;
};
