import type { HumanRequestRecord } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { answerFormOf, type AnswerField } from './answer-form.js';
import { html, type Html } from './html.js';
import { nameOf, pageOfRun, time } from './page-texts.js';

/** Who looks at the page: only a person answers, and where certain people are asked only one who is known. */
interface Visitor {
  readonly kind: string;
  readonly actor_id?: string | undefined;
}

/** What the page says besides the request itself, and what its form carries. */
export interface QuestionView {
  readonly token: string;
  readonly nowMs: number;
  readonly visitor: Visitor;
  /** Why what was just asked for did not happen. */
  readonly notice?: string | undefined;
  /** What was filled in before, to be sent again. */
  readonly sent?: Readonly<Record<string, string>> | undefined;
  /** It is known to have ended, although the request does not say so yet. */
  readonly isOver?: boolean;
}

/** The page of a request. */
export const requestPage = (request_id: string): string => `/inbox/requests/${encodeURIComponent(request_id)}`;

const whoMay = ({ ask, roles }: HumanRequestRecord): string => {
  if (roles !== null) return roles.map((role) => `role ${role}`).join(', ');
  return ask === null ? 'whoever owns the automation, and administrators' : ask.map(({ kind, id }) => (kind === 'person' ? id : `${kind} ${id}`)).join(', ');
};

const shown = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

const atDeadline = ({ kind, default: fallback }: HumanRequestRecord): string => {
  if (kind === 'escalation') return 'the next role is asked, or the step fails';
  return fallback === undefined ? 'the step fails' : `the answer is ${shown(fallback)}`;
};

const facts = (request: HumanRequestRecord): Html => {
  const { run_id, node_id, item, agent, requested_by, requested_at_ms, expires_at_ms, default: fallback } = request;
  return html`<h2>Who asks, whom, until when</h2>
<dl>
<dt>Run</dt><dd><a href="${pageOfRun(run_id)}">${run_id}</a>, step ${node_id}${item !== null && `, item ${item + 1}`}</dd>
${agent !== null && html`<dt>Agent</dt><dd>${agent}</dd>`}
<dt>Asked</dt><dd>${time(requested_at_ms)}, in a run of ${nameOf(requested_by)}</dd>
<dt>May answer</dt><dd>${whoMay(request)}</dd>
${expires_at_ms !== null && html`<dt>Until</dt><dd>${time(expires_at_ms)}; then ${atDeadline(request)}</dd>`}
${fallback !== undefined && html`<dt>Default</dt><dd>${shown(fallback)}</dd>`}
</dl>`;
};

const optionText = (option: Json): string => (typeof option === 'boolean' ? (option ? 'yes' : 'no') : shown(option));

const option = (value: Json, typed: string): Html => {
  const text = JSON.stringify(value);
  return text === typed ? html`<option value="${text}" selected>${optionText(value)}</option>` : html`<option value="${text}">${optionText(value)}</option>`;
};

const control = ({ name, input, needed }: AnswerField, typed: string): Html => {
  const required = needed && html` required`;
  if (input.as === 'choice') return html`<select id="${name}" name="${name}"${required}><option value=""></option>${input.options.map((one) => option(one, typed))}</select>`;
  if (input.as === 'number' || input.as === 'integer') return html`<input id="${name}" name="${name}" inputmode="decimal" autocomplete="off" value="${typed}"${required}>`;
  return html`<textarea id="${name}" name="${name}" rows="${input.as === 'json' ? 8 : 3}"${required}>${typed}</textarea>`;
};

const asWritten: Readonly<Record<AnswerField['input']['as'], string | undefined>> = { text: undefined, number: 'A number.', integer: 'A whole number.', choice: undefined, json: 'As JSON.', free: 'Text, or JSON.' };

const field = (one: AnswerField, sent: QuestionView['sent'] = {}): Html => {
  const hint = [one.hint, asWritten[one.input.as]].filter((part) => part !== undefined).join(' ');
  return html`<label for="${one.name}">${one.label}${!one.needed && ' (may be left out)'}</label>
${hint !== '' && html`<small>${hint}</small>`}
${control(one, sent[one.name] ?? '')}`;
};

const schemaOf = ({ schema }: HumanRequestRecord): Html | false => schema !== null && html`<details><summary>What an answer has to fit</summary><pre>${JSON.stringify(schema, null, 2)}</pre></details>`;

const form = (request: HumanRequestRecord, { token, sent }: QuestionView): Html => {
  const answers = answerFormOf(request);
  const fields = answers.of === 'value' ? [answers.field] : answers.fields;
  return html`<h2>Your answer</h2>
<form method="post" action="${requestPage(request.request_id)}">
<input type="hidden" name="token" value="${token}">
${fields.map((one) => field(one, sent))}
<label for="reason">Why (may be left out)</label>
<textarea id="reason" name="reason" rows="2" maxlength="4000">${sent?.['reason'] ?? ''}</textarea>
<div class="buttons"><button class="approve">Answer</button></div>
</form>
<p>An answer is kept for ever: give no password and no key.</p>
${schemaOf(request)}`;
};

const conversions: Readonly<Record<string, string>> = { converted: ' It was brought to the type of the default.', defaulted: ' What was sent does not fit the default\'s type, so it is the default.' };

const outcome = ({ status, answer_source, responded_by, conversion }: HumanRequestRecord): string => {
  if (status === 'cancelled') return 'Cancelled: nobody needs to answer any more';
  if (status === 'timed_out') return 'Nobody answered in time, so the step failed';
  if (answer_source === 'default') return 'Nobody answered in time, so the default was taken';
  return `${status === 'accepted' ? 'Taken on' : 'Answered'} by ${responded_by === null ? 'a person' : nameOf(responded_by)}.${conversions[conversion ?? ''] ?? ''}`;
};

const ended = (request: HumanRequestRecord): Html => {
  const { ended_at_ms, answer, reason } = request;
  return html`<div class="state" role="status"><p><strong>${outcome(request)}</strong>${ended_at_ms !== null && html` (${time(ended_at_ms)})`}</p>
${answer !== undefined && html`<pre>${shown(answer)}</pre>`}
${reason !== null && html`<p class="text">Reason: ${reason}</p>`}</div>`;
};

const said = (text: string): Html => html`<p class="state" role="status">${text}</p>`;

const isLate = ({ expires_at_ms }: HumanRequestRecord, nowMs: number): boolean => expires_at_ms !== null && expires_at_ms <= nowMs;

const whyNot = ({ ask }: HumanRequestRecord, { kind, actor_id }: Visitor): string | undefined => {
  if (kind !== 'human') return 'Only a person may answer this.';
  return ask !== null && actor_id === undefined ? 'This asks certain people, and the page does not know who you are. Answer with credentials that name a person.' : undefined;
};

const whatIsOpen = (request: HumanRequestRecord, view: QuestionView): Html | false => {
  if (request.status !== 'pending') return ended(request);
  if (view.isOver) return false;
  if (request.kind === 'escalation') return said(`Take it on or decline it with POST ${request.respond_endpoint}.`);
  if (isLate(request, view.nowMs)) return said('The time to answer is over.');
  const why = whyNot(request, view.visitor);
  return why === undefined ? form(request, view) : said(why);
};

/** What a run asks a person for and, as long as it is open, the form that answers it. */
export const questionPage = (request: HumanRequestRecord, view: QuestionView): Html => html`${view.notice !== undefined && html`<p class="notice" role="alert">${view.notice}</p>`}
<h1>${request.workflow_name} asks</h1>
<div class="text">${request.prompt}</div>
${facts(request)}
${whatIsOpen(request, view)}`;
