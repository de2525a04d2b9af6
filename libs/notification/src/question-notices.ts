import { describeProblems, problemsOf, runEvents, type GovernanceActor } from '@cs/contracts';
import { toPosition } from '@cs/kernel';
import { z } from 'zod';
import { parseJson, published, type NoticeFacts } from './gate-notices.js';
import type { OpenQuestion } from './question-card.js';

/** A published event that is told of questions, as far as the notifier needs it: no answer is read. */
export type QuestionNotice = NoticeFacts & (
  | ({ readonly notice: 'asked'; readonly request_id: string } & OpenQuestion)
  | { readonly notice: 'answered'; readonly request_id: string; readonly answered_by: GovernanceActor; readonly answered_at_ms: number }
  | { readonly notice: 'expired'; readonly request_id: string; readonly used_default: boolean; readonly due_at_ms: number }
  | { readonly notice: 'cancelled'; readonly request_id: string; readonly reason: string }
);

const { question_asked, question_answered, question_timed_out, human_request_cancelled } = runEvents;

const eventSchema = z.discriminatedUnion('event_type', [
  published('question_asked', question_asked.data),
  published('question_answered', question_answered.data.pick({ request_id: true, answered_by: true, answered_at_ms: true })),
  published('question_timed_out', question_timed_out.data),
  published('human_request_cancelled', human_request_cancelled.data),
]);
type Published = z.infer<typeof eventSchema>;

/** What the notifier follows of questions. */
export const questionEvents: readonly Published['event_type'][] = ['question_asked', 'question_answered', 'question_timed_out', 'human_request_cancelled'];

/** Escalations are cancelled by the same event; they are not told. */
const noticeOf = (event: Published, facts: NoticeFacts): QuestionNotice | undefined => {
  switch (event.event_type) {
    case 'question_asked': {
      const { wait } = event.data;
      return wait.request?.kind === 'question' ? { ...facts, notice: 'asked', request_id: wait.wait_id, wait, request: wait.request } : undefined;
    }
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
