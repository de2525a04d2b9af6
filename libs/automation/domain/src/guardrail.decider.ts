import { accept, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { FlowNode, GuardrailLimits, Run, RunEvent } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import { describeGuardrail, guardrailAgainst, guardrailsOf, reachedGuardrails, type ReachedGuardrail } from './guardrails.js';
import type { RunContext } from './run.commands.js';
import type { RunPlan } from './run-plan.js';
import { isFinished } from './run.state.js';
import type { OverrideGuardrails, RecordUsage } from './supervision.commands.js';

export type SupervisionRefusal = Refusal<
  'AUTOMATION_V2_RUN_NOT_FOUND' | 'AUTOMATION_V2_ACCESS_DENIED' | 'AUTOMATION_V2_GUARDRAIL_OVERRIDE_TOO_LOW' | 'AUTOMATION_V2_RUN_FINISHED' | 'AUTOMATION_V2_USAGE_CORRELATION_UNKNOWN'
>;
type GuardrailDecision = Decision<RunEvent, SupervisionRefusal>;

/** `stop_kind` of a run that a limit has paused. */
export const guardrailStop = 'guardrail_stopped';

/** Nodes that would start next, when nothing else of the run runs or is to be settled. */
const nextNodes = ({ ready, waits, fanOuts, inProgress }: RunPlan): readonly FlowNode[] =>
  inProgress + waits.length > 0 || fanOuts.some(({ isOver }) => isOver) ? [] : [...ready, ...fanOuts.filter(({ items }) => items.length > 0).map(({ node }) => node)];

/** The pause of a run whose next nodes may not start because of its limits, once nothing of it runs any more. */
export const pauseAtGuardrail = (run: Run, plan: RunPlan, context: RunContext): RunEvent | undefined => {
  const reached = nextNodes(plan).map((node) => guardrailAgainst(run, node, context));
  const [first] = reached;
  if (first === undefined || reached.includes(undefined)) return undefined;
  return { event_type: 'run_paused', data: { reason: `guardrail reached: ${describeGuardrail(first)}`, stop_kind: guardrailStop } };
};

const isStopped = ({ status, stop_kind }: Run): boolean => status === 'paused' && stop_kind === guardrailStop;

/** Limits that would still be used up: of a stopped run all count, of another one those that are set. */
const stillReached = (run: Run, limits: GuardrailLimits, context: RunContext): readonly ReachedGuardrail[] =>
  reachedGuardrails({ ...run, guardrail_overrides: { ...run.guardrail_overrides, ...limits } }, context).filter(({ limit }) => isStopped(run) || limits[limit] !== undefined);

/** Only a person or the system may raise a limit: an agent could otherwise pay for itself. */
const overrideProblem = ({ limits, approved_by }: OverrideGuardrails, run: Run, context: RunContext): SupervisionRefusal | undefined => {
  const details = { runID: run.run_id };
  if (approved_by.kind === 'agent') return { code: 'AUTOMATION_V2_ACCESS_DENIED', message: 'an agent may not raise the limits of a run', details };
  if (isFinished(run.status)) return { code: 'AUTOMATION_V2_RUN_FINISHED', message: `the run is ${run.status}`, details };
  const reached = stillReached(run, limits, context);
  if (reached.length === 0) return undefined;
  return { code: 'AUTOMATION_V2_GUARDRAIL_OVERRIDE_TOO_LOW', message: reached.map(describeGuardrail).join('; '), details: { ...details, reached: reached.map((limit) => ({ ...limit })) } };
};

const isKnown = ({ guardrail_overrides = {} }: Run, limits: GuardrailLimits): boolean =>
  Object.entries(limits).every(([limit, allowed]) => guardrail_overrides[limit as keyof GuardrailLimits] === allowed);

const approvedEvent = ({ limits, reason = '', approved_by, command_id }: OverrideGuardrails, previous: GuardrailLimits): RunEvent => ({
  event_type: 'run_guardrail_override_approved',
  data: { limits, previous, reason: reason.trim() === '' ? 'limits raised by operator' : reason.trim(), approved_by, ...(command_id === undefined ? {} : { command_id }) },
});

/** Sets limits of one run. A run that its limits had stopped goes on. */
export const overrideGuardrails = (command: OverrideGuardrails, run: Run, context: RunContext): GuardrailDecision => {
  const problem = overrideProblem(command, run, context);
  if (problem !== undefined) return refuse(problem);
  if (isKnown(run, command.limits) && !isStopped(run)) return accept();
  const approved = approvedEvent(command, guardrailsOf(run, context.definition));
  return isStopped(run) ? accept<RunEvent>(approved, { event_type: 'run_auto_resumed', data: { reason: 'guardrail override approved', cause: 'guardrail_override' } }) : accept(approved);
};

/** The node of an effect's id, which is what a provider sees as the idempotency key; '' for an id of another run. */
const nodeOfEffect = (run: Run, correlation_id: string): string => {
  const [run_id, node_id = ''] = correlation_id.split(':');
  return run_id === run.run_id ? node_id : '';
};

export const recordUsage = ({ type: _type, usage, node_id, ...report }: RecordUsage, run: Run, { definition }: RunContext): GuardrailDecision => {
  if (run.recent_usage_ids?.includes(report.usage_id) === true) return accept();
  const named = node_id ?? (report.correlation_id === undefined ? undefined : nodeOfEffect(run, report.correlation_id));
  if (named === undefined) return accept({ event_type: 'run_usage_recorded', data: { ...usage, ...report } });
  if (flowGraph(definition).nodes.has(named)) return accept({ event_type: 'run_usage_recorded', data: { ...usage, ...report, node_id: named } });
  return refuse({ code: 'AUTOMATION_V2_USAGE_CORRELATION_UNKNOWN', message: 'the usage belongs to no node of this run', details: { runID: run.run_id } });
};
