import { cloudEventTypePrefix, type ApprovalRequest, type HumanRequestRecord, type LedgerDeadLetter, type RunObservability, type StatefulEvent, type ToolEffectRecord, type WaitRecord } from '@cs/contracts';
import { html, type Html } from './html.js';
import { decisionWords, nameOf, redacted, time } from './page-texts.js';
import { requestPage } from './question.page.js';
import { actionWords, awaited, reasonOfWait, reasonWords, spaced } from './run-words.js';

/** What the page shows: the document about the run, and what it asks and asked people. */
export interface RunView {
  readonly observed: RunObservability;
  /** Name of the automation; its id where it has none, or is not there any more. */
  readonly name: string;
  /** Openings of gates that wait for a decision. */
  readonly open: readonly ApprovalRequest[];
  /** Openings of gates that wait for none any more, newest first. */
  readonly decided: readonly ApprovalRequest[];
  /** Questions and escalations that are open. */
  readonly asked: readonly HumanRequestRecord[];
  /** Those that have ended, newest first. */
  readonly answered: readonly HumanRequestRecord[];
}

/** The approval wait is read from the run, which does not say when it began; its gate does. */
const since = ({ wait_kind, phase_id, created_at_ms }: WaitRecord, open: RunView['open']): number =>
  (wait_kind === 'approval' ? open.find(({ node_id }) => node_id === phase_id)?.requested_at_ms : undefined) ?? created_at_ms;

const waiting = (wait: WaitRecord, open: RunView['open']): Html => {
  const reason = reasonOfWait(wait);
  return html`<dt>Waits for</dt><dd>${awaited(wait.wait_kind)}${wait.phase_id !== null && `, step ${wait.phase_id}`}${reason !== null && `: ${redacted(reason)}`}</dd>
<dt>Since</dt><dd>${time(since(wait, open))}</dd>
${wait.wake_at_ms !== null && html`<dt>Until</dt><dd>${time(wait.wake_at_ms)}</dd>`}`;
};

const facts = ({ observed: { run, current_wait }, open }: RunView): Html => html`<dl>
<dt>Run</dt><dd>${run.run_id}${run.imported === true && ', imported: it is only read here'}</dd>
<dt>Automation</dt><dd>${run.automation_id}</dd>
<dt>Status</dt><dd>${spaced(run.status)}</dd>
<dt>Phase</dt><dd>${spaced(run.phase)}</dd>
${current_wait === null ? html`<dt>Waits for</dt><dd>nothing</dd>` : waiting(current_wait, open)}
<dt>Began</dt><dd>${time(run.created_at_ms)}</dd>
${run.finished_at_ms !== null && html`<dt>Ended</dt><dd>${time(run.finished_at_ms)}</dd>`}
</dl>`;

const links = ({ open, asked }: RunView): Html | false =>
  open.length + asked.length > 0 && html`<h2>Waits for people</h2>
<ul>${open.map(({ links: { page }, title, requested_at_ms }) => html`<li><a href="${page}">${redacted(title)}</a>, since ${time(requested_at_ms)}</li>`)}
${asked.map(({ request_id, prompt, requested_at_ms }) => html`<li><a href="${requestPage(request_id)}">${redacted(prompt).split('\n', 1)[0]}</a>, since ${time(requested_at_ms)}</li>`)}</ul>`;

const reasons = ({ operator_summary: { blocking_reasons: list } }: RunObservability): Html | false =>
  list.length > 0 && html`<h2>Why it does not go on by itself</h2>
<ul>${list.map((reason) => html`<li>${redacted(reasonWords(reason))}</li>`)}</ul>`;

const actions = ({ operator_summary: { allowed_actions: list } }: RunObservability): Html | false =>
  list.length > 0 && html`<h2>What an operator may do</h2>
<ul>${list.map(actionWords).map(({ text, ids }) => html`<li>${text}${ids.length > 0 && `: ${ids.join(', ')}`}</li>`)}</ul>
<p>Operators do so by the API; this page changes nothing.</p>`;

/** What the summary names: a later success makes the rest moot. */
const blocking = ({ operator_summary: { blocking_reasons } }: RunObservability): ReadonlySet<string> =>
  new Set(blocking_reasons.flatMap((reason) => (reason.kind === 'tool_effect' ? [reason.effect_id] : reason.kind === 'dead_letter' ? [reason.dead_letter_id] : [])));

const effect = ({ operation, tool, node_id, status, error }: ToolEffectRecord): Html =>
  html`<li>${redacted(operation ?? tool ?? 'effect')}${node_id !== null && `, step ${node_id}`}: <strong>${spaced(status)}</strong>${error !== null && `: ${redacted(error)}`}</li>`;

const effects = (observed: RunObservability): Html | false => {
  const named = blocking(observed);
  const unsettled = observed.reliability.tool_effects.filter(({ status, effect_id }) => status === 'pending' || named.has(effect_id));
  return unsettled.length > 0 && html`<h2>Effects that are not settled</h2><ul>${unsettled.map(effect)}</ul>`;
};

const letter = ({ source_type, node_id, status, reason }: LedgerDeadLetter): Html =>
  html`<li>${spaced(source_type)}${node_id !== null && `, step ${node_id}`}: <strong>${spaced(status)}</strong>: ${redacted(reason)}</li>`;

const letters = (observed: RunObservability): Html | false => {
  const named = blocking(observed);
  const open = observed.reliability.dead_letters.filter(({ dead_letter_id }) => named.has(dead_letter_id));
  return open.length > 0 && html`<h2>Open dead letters</h2><ul>${open.map(letter)}</ul>`;
};

interface Outcome {
  readonly at_ms: number;
  readonly line: Html;
}

const reasonText = (reason: string | null | undefined): Html | false => typeof reason === 'string' && reason !== '' && html`<br><span class="text">Reason: ${redacted(reason)}</span>`;

const decision = ({ title, links: { page }, status, decision: made, decided_by, decided_at_ms = 0, decision_reason }: ApprovalRequest): Outcome => {
  const what = status === 'closed' ? 'Closed before anyone decided' : (decisionWords[made ?? ''] ?? 'Decided');
  return { at_ms: decided_at_ms, line: html`<li>${time(decided_at_ms)}: <a href="${page}">${redacted(title)}</a>: <strong>${what}</strong>${decided_by !== undefined && ` (${nameOf(decided_by)})`}${reasonText(decision_reason)}</li>` };
};

const answers: Readonly<Record<string, string>> = { answered: 'Answered', accepted: 'Taken on', timed_out: 'Nobody answered in time', cancelled: 'Cancelled' };

/** What was answered stands on the page of the question only. */
const answer = ({ request_id, prompt, status, responded_by, ended_at_ms, requested_at_ms, reason }: HumanRequestRecord): Outcome => {
  const at_ms = ended_at_ms ?? requested_at_ms;
  return { at_ms, line: html`<li>${time(at_ms)}: <a href="${requestPage(request_id)}">${redacted(prompt).split('\n', 1)[0]}</a>: <strong>${answers[status] ?? spaced(status)}</strong>${responded_by !== null && ` (${nameOf(responded_by)})`}${reasonText(reason)}</li>` };
};

const outcomes = ({ decided, answered }: RunView): Html | false => {
  const list = [...decided.map(decision), ...answered.map(answer)].sort((one, other) => other.at_ms - one.at_ms);
  return list.length > 0 && html`<h2>Who decided what</h2><ul>${list.map(({ line }) => line)}</ul>`;
};

const event = ({ occurred_at_ms, event_type, phase_id, actor, phase_transition }: StatefulEvent): Html =>
  html`<tr><td>${time(occurred_at_ms)}</td><td>${spaced(event_type.replace(cloudEventTypePrefix, ''))}</td><td>${phase_id ?? ''}</td><td>${actor !== null && nameOf(actor)}</td><td>${phase_transition !== null && spaced(phase_transition.to_phase)}</td></tr>`;

const events = ({ events: { tail } }: RunObservability): Html | false =>
  tail.length > 0 && html`<h2>What happened, newest first</h2>
<table><thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Step</th><th scope="col">Who</th><th scope="col">New phase</th></tr></thead>
<tbody>${tail.toReversed().map(event)}</tbody></table>`;

/** Where a run stands, what it waits for and what happened. It is only read. */
export const runPage = (view: RunView): Html => html`<h1>${view.name}</h1>
${facts(view)}
${links(view)}
${reasons(view.observed)}
${actions(view.observed)}
${effects(view.observed)}
${letters(view.observed)}
${outcomes(view)}
${events(view.observed)}`;
