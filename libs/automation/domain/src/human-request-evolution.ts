import type { EndedHumanRequest, EscalationRequest, OpenWait, OperatorCommand, Run } from '@cs/contracts';
import type { Evolvers, RunEventNamed } from './run-evolvers.js';
import { withCheckpoint } from './run.state.js';
import { without } from './without.js';
import { itemOf, workKey } from './work-key.js';

/** Ends that a late response is told of; only the newest matter. */
const keptEnds = 256;

/** The attempt that asked executes no more: it waits. */
const opened = (run: Run, { data: { wait } }: RunEventNamed<'question_asked' | 'escalation_issued'>): Run =>
  withCheckpoint(run, { open_waits: [...run.checkpoint.open_waits, wait], in_progress: without(run.checkpoint.in_progress, workKey(wait)) });

type End = Pick<EndedHumanRequest, 'kind' | 'status' | 'ended_by' | 'conversion'> & { readonly data: { readonly request_id: string; readonly node_id: string; readonly item?: number | undefined; readonly reason?: string | undefined; readonly command?: OperatorCommand | undefined } };

const ended = (run: Run, { data, ...how }: End): Run => {
  const { request_id, node_id, item, reason, command } = data;
  const end: EndedHumanRequest = {
    request_id, node_id, ...itemOf({ node_id, item }), ...how, ended_at_ms: run.updated_at_ms,
    ...(reason === undefined ? {} : { reason }), ...(command === undefined ? {} : { command }),
  };
  return withCheckpoint(run, { ended_requests: [...(run.checkpoint.ended_requests ?? []), end].slice(-keptEnds) });
};

const withEscalation = (run: Run, request_id: string, change: (request: EscalationRequest) => { readonly request: EscalationRequest; readonly wake_at_ms: number | undefined }): Run => {
  const changed = (wait: OpenWait): OpenWait => {
    if (wait.wait_id !== request_id || wait.request?.kind !== 'escalation') return wait;
    const { request, wake_at_ms } = change(wait.request);
    return { ...wait, request, ...(wake_at_ms === undefined ? {} : { wake_at_ms }) };
  };
  return withCheckpoint(run, { open_waits: run.checkpoint.open_waits.map(changed) });
};

const cancelled = (run: Run, { data }: RunEventNamed<'human_request_cancelled'>): Run =>
  ended(withCheckpoint(run, { open_waits: run.checkpoint.open_waits.filter(({ wait_id }) => wait_id !== data.request_id) }), { data, kind: data.kind, status: 'cancelled' });

/** Events of questions and escalations. What an end means for the node is said by the events that come with it. */
export const humanRequestEvolvers: Evolvers<
  | 'question_asked' | 'question_answered' | 'question_timed_out' | 'escalation_issued' | 'escalation_accepted' | 'escalation_declined' | 'escalation_passed_on'
  | 'escalation_timed_out' | 'human_request_cancelled'
> = {
  question_asked: opened,
  question_answered: (run, { data }) => ended(run, { data, kind: 'question', status: 'answered', ended_by: data.answered_by, conversion: data.conversion }),
  question_timed_out: (run, { data }) => ended(run, { data, kind: 'question', status: data.used_default ? 'answered' : 'timed_out' }),
  escalation_issued: opened,
  escalation_accepted: (run, { data }) => ended(run, { data, kind: 'escalation', status: 'accepted', ended_by: data.accepted_by }),
  escalation_declined: (run, { data }) => withEscalation(run, data.request_id, (request) => ({ request: { ...request, asked: data.asked, declined: [...request.declined, data.decline] }, wake_at_ms: data.wake_at_ms })),
  escalation_passed_on: (run, { data }) => withEscalation(run, data.request_id, (request) => ({ request: { ...request, asked: data.asked }, wake_at_ms: data.wake_at_ms })),
  escalation_timed_out: (run, { data }) => ended(run, { data, kind: 'escalation', status: 'timed_out' }),
  human_request_cancelled: cancelled,
};
