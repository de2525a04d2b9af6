import type { GovernanceActor, OpenWait, QuestionRequest } from '@cs/contracts';
import { actorName, maxBodyLength, maxTitleLength, minuteOf, shown } from './card-text.js';
import { titleOf, type GateOrigin } from './gate-card.js';
import type { QuestionCard } from './question-card.schema.js';

/** A question that is open, with the wait that it is. */
export interface OpenQuestion {
  readonly wait: OpenWait;
  readonly request: QuestionRequest;
}

const untilLabel = 'Until';

const fieldsOf = ({ workspace_id, run_id }: GateOrigin, { wait: { node_id, item, wake_at_ms }, request }: OpenQuestion): QuestionCard['fields'] => [
  { label: 'Run', value: run_id },
  { label: 'Workspace', value: workspace_id },
  { label: 'Node', value: item === undefined ? node_id : `${node_id}, item ${item + 1}` },
  ...(wake_at_ms === undefined ? [] : [{ label: untilLabel, value: `${minuteOf(wake_at_ms)}; then ${request.default === undefined ? 'the step fails' : 'the default is taken'}` }]),
  ...(request.risk_tier === undefined ? [] : [{ label: 'Risk', value: shown(request.risk_tier, 64) }]),
];

const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? '';

/** What the title does not say already. */
const bodyOf = (prompt: string, title: string): string => {
  const whole = shown(prompt, maxBodyLength);
  return title.endsWith(whole) ? 'This step waits for an answer before it goes on.' : whole;
};

/** The card that asks. What a default says stands on the page only. */
export const askedCard = (origin: GateOrigin, open: OpenQuestion): QuestionCard => {
  const { wait: { wait_id, node_id }, request } = open;
  const { org_id, workspace_id, run_id, public_url } = origin;
  const title = titleOf(origin, firstLine(request.prompt));
  return {
    kind: 'question', title, body_markdown: bodyOf(request.prompt, title), fields: fieldsOf(origin, open), status: 'pending', thread_key: run_id,
    ...(public_url === undefined ? {} : { page_url: `${public_url}/inbox/requests/${encodeURIComponent(wait_id)}` }),
    correlation: { org_id, workspace_id, source: 'human_request', request_id: wait_id, run_id, node_id },
  };
};

/** The card that asks again. Until when stands in its fields. */
export const remindedQuestionCard = (asked: QuestionCard, { reminder_count }: { readonly reminder_count: number }): QuestionCard => ({ ...asked, attention: `Reminder ${reminder_count}: this still waits for an answer.` });

/** Nothing of it waits for its time any more. */
const ended = (asked: QuestionCard): QuestionCard => ({ ...asked, fields: asked.fields.filter(({ label }) => label !== untilLabel) });

/** Who answered and when; the answer itself may be nobody else's business. */
export const answeredCard = (asked: QuestionCard, { answered_by, answered_at_ms }: { readonly answered_by: GovernanceActor; readonly answered_at_ms: number }): QuestionCard => ({
  ...ended(asked), status: 'answered', summary: `Answered by ${shown(actorName(answered_by), maxTitleLength)}.`, settled_at_ms: answered_at_ms,
});

export const expiredCard = (asked: QuestionCard, { used_default, due_at_ms }: { readonly used_default: boolean; readonly due_at_ms: number }): QuestionCard => ({
  ...ended(asked), status: 'expired', summary: `Nobody answered in time, so ${used_default ? 'the default was taken' : 'the step failed'}.`, settled_at_ms: due_at_ms,
});

export const cancelledCard = (asked: QuestionCard, { reason, at_ms }: { readonly reason: string; readonly at_ms: number }): QuestionCard => ({
  ...ended(asked), status: 'cancelled', summary: `Cancelled: nobody needs to answer any more.\nReason: ${shown(reason, maxBodyLength)}`, settled_at_ms: at_ms,
});
