import type { ApprovalRequest, Page } from '@cs/contracts';
import { html, type Html } from './html.js';
import { nameOf, time, timeoutText } from './page-texts.js';

export interface InboxView {
  /** Everything that is open, not only what is the visitor's to decide. */
  readonly all: boolean;
}

const entry = (request: ApprovalRequest): Html => html`<li><a href="${request.links.page}">${request.title}</a>
<small>${request.workflow_name}; asked by ${nameOf(request.requested_by)}, ${time(request.requested_at_ms)}${request.because.risk_tier !== null && `; risk ${request.because.risk_tier}`}</small>
${request.on_timeout.at_ms !== null && html`<small>until ${time(request.on_timeout.at_ms)}; then ${timeoutText(request)}</small>`}</li>`;

const more = (cursor: string | undefined, { all }: InboxView): Html | false =>
  cursor !== undefined && html`<p><a href="/inbox?${all && 'all=true&'}cursor=${encodeURIComponent(cursor)}">Older ones</a></p>`;

/** The open gates, newest request first. */
export const inboxPage = ({ items, next_cursor }: Page<ApprovalRequest>, view: InboxView): Html => html`<h1>${view.all ? 'Everything that waits for a decision' : 'Waiting for you'}</h1>
<p>${view.all ? html`<a href="/inbox">Only what is yours to decide</a>` : html`<a href="/inbox?all=true">Everything that is open</a>`}</p>
${items.length === 0 ? html`<p class="state" role="status">Nothing waits ${view.all ? 'here' : 'for you'}.</p>` : html`<ul class="gates">${items.map(entry)}</ul>`}
${more(next_cursor, view)}`;
