import { done, giveUp, type ConsumerOutcome } from '@cs/eventing';
import { answeredCard, askedCard, cancelledCard, expiredCard, remindedQuestionCard } from './question-card.js';
import { questionCardSchema, type QuestionCard } from './question-card.schema.js';
import { readQuestionNotice, type QuestionNotice } from './question-notices.js';
import type { FollowUp, RequestDeliveriesOptions, Requested } from './request-delivery.js';
import { contended, isOver, requestFollowUps, requestQuestion } from './request-notice.js';
import { runFacts } from './run-facts.js';
import { stillAsks } from './still-asks.js';

type Asked = Extract<QuestionNotice, { notice: 'asked' }>;
type Following = Exclude<QuestionNotice, Asked>;

const requestAsked = async (options: RequestDeliveriesOptions, notice: Asked, deliveryCount: number): Promise<Requested> => {
  const { run_id, request_id, wait: { node_id }, request } = notice;
  if (await isOver(options.eventing, notice, { subject: { request_id }, deliveryCount, isWaiting: () => stillAsks(options.eventing.store, notice) })) return 'requested';
  const facts = await runFacts(options.eventing.store, notice);
  const { automation_id } = facts;
  const card = askedCard({ ...notice, ...facts, public_url: options.publicUrl?.replace(/\/+$/, '') }, notice);
  const { risk_tier, data_classes, ask: approvers } = request;
  return await requestQuestion(options, notice, {
    question: { notice: 'question_asked', run_id, automation_id, node_id, request_id, risk_tier: risk_tier ?? 'none', card }, facts: { risk_tier, data_classes, approvers },
  });
};

/** The card of a question, changed. */
const changed = (change: (asked: QuestionCard) => QuestionCard): FollowUp['card'] => (asked) => change(questionCardSchema.parse(asked));

const followUpOf = (about: Following): FollowUp => {
  const subject = { request_id: about.request_id };
  switch (about.notice) {
    case 'reminded': return { notice: 'question_reminded', subject, notification_key: `${about.request_id}:reminder:${about.reminder_count}`, card: changed((asked) => remindedQuestionCard(asked, about)) };
    case 'answered': return { notice: 'question_answered', subject, card: changed((asked) => answeredCard(asked, about)) };
    case 'expired': return { notice: 'question_closed', subject, card: changed((asked) => expiredCard(asked, about)) };
    case 'cancelled': return { notice: 'question_closed', subject, card: changed((asked) => cancelledCard(asked, { reason: about.reason, at_ms: about.occurred_at_ms })) };
  }
};

/** Asks every channel to tell of a question that a step asks, that it still waits, or how it ended. `deliveryCount`: how often the event was delivered to us. */
export const requestQuestionDeliveries = async (options: RequestDeliveriesOptions, body: string, deliveryCount: number): Promise<ConsumerOutcome> => {
  const read = readQuestionNotice(body);
  if (!read.ok) return giveUp(read.reason);
  const { notice } = read;
  if (notice === undefined) return done;
  // Nobody is reminded of what no longer waits.
  if (notice.notice === 'reminded' && !(await stillAsks(options.eventing.store, notice))) return done;
  if (notice.notice !== 'asked') return await requestFollowUps(options, notice, { followUp: followUpOf(notice), deliveryCount });
  return (await requestAsked(options, notice, deliveryCount)) === 'requested' ? done : contended;
};
