import { nameOnChannel, type ApprovalRequest } from '@cs/contracts';
import { html, type Html } from './html.js';
import { decisionWords, nameOf, pageOfRun, time, timeoutText } from './page-texts.js';

/** What the page says besides the request itself, and what its form carries. */
export interface ApprovalView {
  readonly token: string;
  /** Why what was just asked for did not happen. */
  readonly notice?: string | undefined;
  /** What was typed before, to be sent again. */
  readonly reason?: string | undefined;
}

const labels: Readonly<Record<string, string>> = { approve: 'Approve', rework: 'Send back', cancel: 'Cancel the run' };

const effects = ({ effects: list, releases }: ApprovalRequest): Html | false =>
  list.length > 0 && html`<h2>What happens on approval</h2>
<ol>${list.map(({ node_id, summary }) => html`<li><strong>${node_id}</strong>: ${summary}</li>`)}</ol>
<details><summary>Exactly what is approved</summary>${releases.map((release) => html`<pre>${JSON.stringify(release, null, 2)}</pre>`)}</details>`;

const differences = ({ reopened_because: because }: ApprovalRequest): Html | false =>
  because !== null && html`<h2>What differs from the approval before</h2>
<ul>${because.differences.map(({ path, approved, actual }) => html`<li>${path}: approved ${JSON.stringify(approved) ?? 'nothing'}, now ${JSON.stringify(actual) ?? 'nothing'}</li>`)}</ul>`;

const whoMay = ({ approvers }: ApprovalRequest): string => (approvers === null ? 'anyone with authority' : approvers.map(({ kind, id }) => (kind === 'person' ? id : `${kind} ${id}`)).join(', '));

const voters = ({ voting }: ApprovalRequest): Html | false =>
  voting !== null && html`<dt>Approvals</dt><dd>${voting.approvals} of ${voting.approvals_required}, by ${voting.rule}</dd>
<dt>Voted</dt><dd>${voting.votes.length === 0 ? 'nobody yet' : voting.votes.map(({ voter, voted_by, on_behalf_of, decision }) => `${(on_behalf_of === undefined ? nameOnChannel(voted_by) : undefined) ?? voter}: ${decision}`).join(', ')}</dd>
${voting.missing_people.length > 0 && html`<dt>Missing</dt><dd>${voting.missing_people.join(', ')}</dd>`}`;

const escalated = ({ escalation: { level, escalated_to, reminders } }: ApprovalRequest): Html | false =>
  (level > 0 || reminders > 0) && html`<dt>So far</dt><dd>${level > 0 && `escalated ${level} times, last to ${escalated_to ?? 'nobody named'}; `}${reminders} reminders</dd>`;

const facts = (request: ApprovalRequest): Html => html`<h2>Why, who, until when</h2>
<dl>
<dt>Why</dt><dd>${request.because.text}</dd>
<dt>Asked by</dt><dd>${nameOf(request.requested_by)}, ${time(request.requested_at_ms)}</dd>
<dt>May decide</dt><dd>${whoMay(request)}${request.because.requester_barred && '; whoever asked may not approve'}</dd>
${voters(request)}
${request.status === 'open' && request.on_timeout.at_ms !== null && html`<dt>Until</dt><dd>${time(request.on_timeout.at_ms)}; then ${timeoutText(request)}</dd>`}
${escalated(request)}
<dt>Run</dt><dd><a href="${pageOfRun(request.run_id)}">${request.run_id}</a>, step ${request.node_id}</dd>
</dl>`;

const ended = (request: ApprovalRequest): Html => {
  const { status, decision, decided_by, decided_at_ms, decision_reason } = request;
  const what = status === 'closed' ? 'Closed: its run ended, or was reset, before anyone decided' : (decisionWords[decision ?? ''] ?? 'Decided');
  return html`<div class="state" role="status"><p><strong>${what}</strong>${decided_by !== undefined && ` (${nameOf(decided_by)})`}${decided_at_ms !== undefined && html`, ${time(decided_at_ms)}`}.</p>
${decision_reason !== undefined && html`<p class="text">Reason: ${decision_reason}</p>`}</div>`;
};

const form = (request: ApprovalRequest, { token, reason = '' }: ApprovalView): Html => html`<h2>Your decision</h2>
<form method="post" action="${request.links.page}">
<input type="hidden" name="token" value="${token}">
<label for="reason">Reason${request.yours.decisions.includes('rework') && ' (needed to send back)'}</label>
<textarea id="reason" name="reason" rows="3" maxlength="4000">${reason}</textarea>
<div class="buttons">${request.yours.decisions.map((decision) => html`<button class="${decision}" name="decision" value="${decision}">${labels[decision]}</button>`)}</div>
</form>`;

const nothingToDecide = ({ yours: { vote } }: ApprovalRequest): Html =>
  html`<p class="state" role="status">${vote === null ? 'This is not yours to decide.' : `You voted: ${vote}. Others still have to.`}</p>`;

const whatIsYours = (request: ApprovalRequest, view: ApprovalView): Html => {
  if (request.status !== 'open') return ended(request);
  return request.yours.decisions.length > 0 ? form(request, view) : nothingToDecide(request);
};

/** Everything that somebody needs to decide a gate and, if it is theirs and open, the form that does. */
export const approvalPage = (request: ApprovalRequest, view: ApprovalView): Html => html`${view.notice !== undefined && html`<p class="notice" role="alert">${view.notice}</p>`}
<h1>${request.title}</h1>
<p>${request.workflow_name}</p>
${request.instructions !== null && html`<div class="text">${request.instructions}</div>`}
${effects(request)}
${differences(request)}
${facts(request)}
${whatIsYours(request, view)}`;
