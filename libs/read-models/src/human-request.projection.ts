import { approverKeysOf } from '@cs/approval-domain';
import { isFinished } from '@cs/automation-domain';
import type { Approver, HumanRequest, OpenWait, Run } from '@cs/contracts';
import type { HumanRequestRow } from './human-request-row.js';
import type { RunTransition } from './run-transition.js';
import { tenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

const askedOf = (request: HumanRequest): readonly Approver[] =>
  request.kind === 'question' ? (request.ask ?? []) : request.roles.slice(0, request.asked).map((id) => ({ kind: 'role', id }));

const keysOf = (request: HumanRequest): readonly string[] => {
  const approvers = askedOf(request);
  return approvers.length === 0 ? [] : approverKeysOf({ approvers });
};

const pending = (run: Run, { wait, request }: { readonly wait: OpenWait; readonly request: HumanRequest }, position: number): HumanRequestRow => ({
  ...tenantKey(run.tenant_context), request_id: wait.wait_id, run_id: run.run_id, automation_id: run.automation_id, node_id: wait.node_id, item: wait.item ?? null,
  kind: request.kind, status: 'pending', agent: request.agent ?? null, request, asked: keysOf(request), requested_by: run.requested_by,
  requested_at_ms: wait.created_at_ms, expires_at_ms: wait.wake_at_ms ?? null,
  answer: null, conversion: null, answer_source: null, responded_by: null, ended_at_ms: null, reason: null, position,
});

/** Requests of a run that are open, with the wait that each row comes from. */
const openIn = (run: Run | undefined, position: number): ReadonlyMap<string, { readonly wait: OpenWait; readonly row: HumanRequestRow }> => {
  if (run === undefined || isFinished(run.status)) return new Map();
  return new Map(run.checkpoint.open_waits.flatMap((wait) => (wait.request === undefined ? [] : [[wait.wait_id, { wait, row: pending(run, { wait, request: wait.request }, position) }] as const])));
};

type RunEvent = RecordedIn<'run'>;
type Ending = Pick<HumanRequestRow, 'status'> & Partial<HumanRequestRow>;

type EndingType = 'question_answered' | 'question_timed_out' | 'escalation_accepted' | 'escalation_timed_out' | 'human_request_cancelled';
type Endings = { readonly [Type in EndingType]: (data: Extract<RunEvent, { event_type: Type }>['data'], request: HumanRequest) => Ending };

const endings: Endings = {
  question_answered: ({ answer, conversion, answered_by, reason = null }) => ({ status: 'answered', answer: { value: answer }, conversion, answer_source: 'person', responded_by: answered_by, reason }),
  question_timed_out: ({ used_default }, request) =>
    used_default && request.kind === 'question' ? { status: 'answered', answer: { value: request.default ?? null }, answer_source: 'default' } : { status: 'timed_out' },
  escalation_accepted: ({ accepted_by, reason = null }) => ({ status: 'accepted', responded_by: accepted_by, reason }),
  escalation_timed_out: () => ({ status: 'timed_out' }),
  human_request_cancelled: ({ reason }) => ({ status: 'cancelled', reason }),
};

const isEnding = (type: string): type is EndingType => Object.hasOwn(endings, type);

/** How an event ends a request, if it does. */
const endingOf = ({ event_type, data }: RunEvent, { request }: HumanRequestRow): Ending | undefined =>
  // The table has, for each type, the ending of exactly that type; the compiler cannot see the pairing.
  isEnding(event_type) ? (endings[event_type] as (data: RunEvent['data'], request: HumanRequest) => Ending)(data, request) : undefined;

/** The wait of a request that an event opens, if it does. */
const openedBy = (event: RunEvent): OpenWait | undefined => (event.event_type === 'question_asked' || event.event_type === 'escalation_issued' ? event.data.wait : undefined);

const requestOf = (event: RunEvent): string | undefined => ('request_id' in event.data ? event.data.request_id : undefined);

/** What the commit's events ended, of what was open before it or was asked in it. */
const applyEnds = (rows: Map<string, HumanRequestRow>, run: Run, { stored }: RunTransition): void => {
  for (const event of eventsOf('run', stored)) {
    const wait = openedBy(event);
    if (wait?.request !== undefined) rows.set(wait.wait_id, pending(run, { wait, request: wait.request }, stored.position));
    const row = rows.get(requestOf(event) ?? '');
    const ending = row && endingOf(event, row);
    if (row && ending) rows.set(row.request_id, { ...row, ...ending, ended_at_ms: event.recorded_at_ms, position: stored.position });
  }
};

/** The questions and escalations that a commit opened, changed or ended. */
export const projectHumanRequests = (transition: RunTransition): readonly HumanRequestRow[] => {
  const { before, after, stored } = transition;
  const run = after ?? before;
  if (run === undefined) return [];
  const start = openIn(before, stored.position);
  const rows = new Map([...start].map(([id, { row }]) => [id, row]));
  applyEnds(rows, run, transition);
  for (const [id, { wait, row }] of openIn(after, stored.position)) {
    // A decline, or the next role, changed it; or it was never seen.
    if (start.get(id)?.wait !== wait) rows.set(id, row);
  }
  return [...rows].filter(([id, row]) => start.get(id)?.row !== row).map(([, row]) => row);
};
