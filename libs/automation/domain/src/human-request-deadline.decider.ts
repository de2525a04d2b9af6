import type { EscalationRequest, HumanRequest, OpenWait, QuestionRequest, Run, RunEvent } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import { requestFacts, wokenByPerson } from './human-request-ending.js';
import { failWork } from './node.decider.js';
import type { RunContext } from './run.commands.js';
import { workKey } from './work-key.js';

interface Due {
  readonly run: Run;
  readonly wait: OpenWait;
  readonly context: RunContext;
  readonly due_at_ms: number;
}

/** Nobody did it in time: the node failed, or is asked again where its retry policy says so. */
const failed = ({ run, wait, context: { definition, at_ms } }: Due): readonly RunEvent[] => {
  const node = flowGraph(definition).nodes.get(wait.node_id);
  const woken = wokenByPerson(run, wait, { how: `${wait.wait_kind}_timed_out` });
  if (node === undefined) return [woken];
  const failure = { kind: 'human_timeout', message: `${wait.wait_kind} timed out: nobody responded in time (${wait.wait_id})` };
  const attempt = run.checkpoint.node_attempts[workKey(wait)] ?? 1;
  return [woken, failWork(run, node, { work: wait, result: { kind: 'failed', failure, effect: 'not_sent', retryable: node.retry_policy !== undefined }, attempt, effect: undefined, at_ms })];
};

const questionDue = (due: Due, request: QuestionRequest): readonly RunEvent[] => {
  const { run, wait, context: { at_ms }, due_at_ms } = due;
  const used_default = request.default !== undefined;
  const timedOut: RunEvent = { event_type: 'question_timed_out', data: { ...requestFacts(wait), due_at_ms, used_default } };
  if (request.default === undefined) return [timedOut, ...failed(due)];
  return [timedOut, wokenByPerson(run, wait, {
    how: 'question_timed_out',
    output: { status: 'completed', contract_kind: 'question', content: request.default, created_at_ms: at_ms, answer: { request_id: wait.wait_id, source: 'default', answered_at_ms: at_ms } },
  })];
};

const escalationDue = (due: Due, { roles, asked, expires_after_ms = 0 }: EscalationRequest): readonly RunEvent[] => {
  const { wait, context: { at_ms }, due_at_ms } = due;
  const next_role = roles[asked];
  if (next_role === undefined) return [{ event_type: 'escalation_timed_out', data: { ...requestFacts(wait), due_at_ms } }, ...failed(due)];
  return [{ event_type: 'escalation_passed_on', data: { ...requestFacts(wait), due_at_ms, asked: asked + 1, next_role, wake_at_ms: at_ms + expires_after_ms } }];
};

/** The deadline of a request: a question takes its default or fails; an escalation asks the next role, or fails after the last. */
export const requestDue = (run: Run, { wait, request }: { readonly wait: OpenWait; readonly request: HumanRequest }, context: RunContext): readonly RunEvent[] => {
  const due: Due = { run, wait, context, due_at_ms: wait.wake_at_ms ?? context.at_ms };
  return request.kind === 'question' ? questionDue(due, request) : escalationDue(due, request);
};
