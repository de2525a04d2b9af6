import type { ApprovalRequest, HumanRequestRecord, Page } from '@cs/contracts';
import { html, type Html } from './html.js';
import { nameOf, time, timeoutText } from './page-texts.js';
import { requestPage } from './question.page.js';

export interface InboxView {
  /** Everything that is open, not only what is the visitor's to decide. */
  readonly all: boolean;
}

const entry = (request: ApprovalRequest): Html => html`<li><a href="${request.links.page}">${request.title}</a>
<small>${request.workflow_name}; asked by ${nameOf(request.requested_by)}, ${time(request.requested_at_ms)}${request.because.risk_tier !== null && `; risk ${request.because.risk_tier}`}</small>
${request.on_timeout.at_ms !== null && html`<small>until ${time(request.on_timeout.at_ms)}; then ${timeoutText(request)}</small>`}</li>`;

const question = ({ request_id, prompt, workflow_name, requested_at_ms, expires_at_ms }: HumanRequestRecord): Html => html`<li><a href="${requestPage(request_id)}">${prompt.split('\n', 1)[0]}</a>
<small>Question of ${workflow_name}, ${time(requested_at_ms)}${expires_at_ms !== null && html`; until ${time(expires_at_ms)}`}</small></li>`;

interface More {
  readonly cursor: string | undefined;
  readonly of: 'cursor' | 'questions';
  readonly text: string;
}

const more = ({ cursor, of, text }: More, { all }: InboxView): Html | false =>
  cursor !== undefined && html`<p><a href="/inbox?${all && 'all=true&'}${of}=${encodeURIComponent(cursor)}">${text}</a></p>`;

/** What is open. */
export interface InboxLists {
  readonly questions: Page<HumanRequestRecord>;
  readonly gates: Page<ApprovalRequest>;
}

/** The open questions and gates, newest request first. */
export const inboxPage = ({ questions, gates }: InboxLists, view: InboxView): Html => html`<h1>${view.all ? 'Everything that waits for people' : 'Waiting for you'}</h1>
<p>${view.all ? html`<a href="/inbox">Only what is yours</a>` : html`<a href="/inbox?all=true">Everything that is open</a>`}</p>
${questions.items.length + gates.items.length === 0 && html`<p class="state" role="status">Nothing waits ${view.all ? 'here' : 'for you'}.</p>`}
${questions.items.length > 0 && html`<h2>To answer</h2><ul class="gates">${questions.items.map(question)}</ul>`}
${more({ cursor: questions.next_cursor, of: 'questions', text: 'Older questions' }, view)}
${gates.items.length > 0 && html`<h2>To decide</h2><ul class="gates">${gates.items.map(entry)}</ul>`}
${more({ cursor: gates.next_cursor, of: 'cursor', text: 'Older ones' }, view)}`;
