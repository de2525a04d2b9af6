import { describeProblems, problemsOf, runEvents, type GovernanceActor } from '@cs/contracts';
import { toPosition } from '@cs/kernel';
import { z } from 'zod';
import { parseJson, published, type NoticeFacts } from './gate-notices.js';
import type { OpenQuestion } from './question-card.js';

/** A published event that is told of questions, as far as the notifier needs it: no answer is read. */
export type QuestionNotice = NoticeFacts & (
  | ({ readonly notice: 'asked'; readonly request_id: string } & OpenQuestion)
  | { readonly notice: 'reminded'; readonly request_id: string; readonly reminder_count: number }
  | { readonly notice: 'answered'; readonly request_id: string; readonly answered_by: GovernanceActor; readonly answered_at_ms: number }
  | { readonly notice: 'expired'; readonly request_id: string; readonly used_default: boolean; readonly due_at_ms: number }
  | { readonly notice: 'cancelled'; readonly request_id: string; readonly reason: string }
);

const { question_asked, stateful_wait_timeout_reminded, question_answered, question_timed_out, human_request_cancelled } = runEvents;

const eventSchema = z.discriminatedUnion('event_type', [
  published('question_asked', question_asked.data),
  published('stateful_wait_timeout_reminded', stateful_wait_timeout_reminded.data.pick({ wait_id: true, wait_kind: true, reminder_count: true })),
  published('question_answered', question_answered.data.pick({ request_id: true, answered_by: true, answered_at_ms: true })),
  published('question_timed_out', question_timed_out.data),
  published('human_request_cancelled', human_request_cancelled.data),
]);
type Published = z.infer<typeof eventSchema>;

/** What the notifier follows of questions. */
export const questionEvents: readonly Published['event_type'][] = ['question_asked', 'stateful_wait_timeout_reminded', 'question_answered', 'question_timed_out', 'human_request_cancelled'];

type Of<Type extends Published['event_type']> = Extract<Published, { event_type: Type }>;

const askedOf = ({ data: { wait } }: Of<'question_asked'>, facts: NoticeFacts): QuestionNotice | undefined =>
  (wait.request?.kind === 'question' ? { ...facts, notice: 'asked', request_id: wait.wait_id, wait, request: wait.request } : undefined);

const remindedOf = ({ data: { wait_id: request_id, wait_kind, reminder_count } }: Of<'stateful_wait_timeout_reminded'>, facts: NoticeFacts): QuestionNotice | undefined =>
  (wait_kind === 'question' ? { ...facts, notice: 'reminded', request_id, reminder_count } : undefined);

/** Escalations are cancelled by the same event, and waits of every kind have reminders; they are not told. */
const noticeOf = (event: Published, facts: NoticeFacts): QuestionNotice | undefined => {
  switch (event.event_type) {
    case 'question_asked': return askedOf(event, facts);
    case 'stateful_wait_timeout_reminded': return remindedOf(event, facts);
    case 'question_answered': return { ...facts, notice: 'answered', ...event.data };
    case 'question_timed_out': return { ...facts, notice: 'expired', ...event.data };
    case 'human_request_cancelled': return event.data.kind === 'question' ? { ...facts, notice: 'cancelled', ...event.data } : undefined;
  }
};

/** Reads the body of a message of CS_EVENTS. Without a `notice` there is nothing to tell. */
export const readQuestionNotice = (body: string): { readonly ok: true; readonly notice?: QuestionNotice | undefined } | { readonly ok: false; readonly reason: string } => {
  const parsed = eventSchema.safeParse(parseJson(body));
  if (!parsed.success) return { ok: false, reason: `not an event of a question: ${describeProblems(problemsOf(parsed.error))}` };
  const { event_id, org_id, workspace_id, aggregate_id: run_id, occurred_at_ms, position } = parsed.data;
  return { ok: true, notice: noticeOf(parsed.data, { event_id, org_id, workspace_id, run_id, occurred_at_ms, position: toPosition(position) }) };
};
