import { accept, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { AutomationDefinition, OperatorCommand, Run, RunEvent } from '@cs/contracts';
import { nodeAskingForReason } from './manual-override.js';
import type { CancelRun, OperatorCommandOfRun, PauseRun, RecoverRun, RequestPause, ResumeRun } from './operator.commands.js';
import { blockedSet, planReset, recoveryRoots, staleNodes } from './reset-plan.js';
import type { RunContext } from './run.commands.js';
import { isFinished } from './run.state.js';

export type OperatorRefusal = Refusal<
  | 'AUTOMATION_V2_RUN_NOT_FOUND' | 'AUTOMATION_V2_RUN_NOT_PAUSABLE' | 'AUTOMATION_V2_RUN_NOT_PAUSED' | 'AUTOMATION_V2_RUN_NOT_RECOVERABLE'
  | 'AUTOMATION_V2_RUN_FAILURE_CONTEXT_MISSING' | 'AUTOMATION_V2_RUN_BLOCKED_CONTEXT_MISSING'
  | 'AUTOMATION_V2_RUN_NOT_REPAIRABLE' | 'AUTOMATION_V2_REPAIR_NODE_NOT_FOUND'
  | 'AUTOMATION_V2_RUN_TASK_NOT_MUTABLE' | 'AUTOMATION_V2_RUN_TASK_NOT_CONTINUEABLE' | 'AUTOMATION_V2_TASK_NODE_NOT_FOUND' | 'AUTOMATION_V2_TASK_REASON_REQUIRED' | 'AUTOMATION_V2_TASK_NOT_BLOCKED'
  | 'AUTOMATION_V2_TASK_NODE_OUTPUT_NOT_FOUND' | 'AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN' | 'IDEMPOTENCY_KEY_REUSED'
>;
export type OperatorDecision = Decision<RunEvent, OperatorRefusal>;

type Code = OperatorRefusal['code'];
export const no = (code: Code, message: string, details: Record<string, string> = {}): OperatorDecision => refuse({ code, message, details });

/** What every event of an operator says: why, and which command it was. */
export const operated = (command: OperatorCommandOfRun & { readonly reason?: string; readonly command?: OperatorCommand }, fallback: string): { readonly reason: string; readonly command?: OperatorCommand } => {
  const reason = command.reason?.trim() ?? '';
  return { reason: reason === '' ? fallback : reason, ...(command.command === undefined ? {} : { command: command.command }) };
};

/** The command came before: the same one holds already, another one under its key is refused. */
export const repeated = (command: OperatorCommand | undefined, run: Run): OperatorDecision | undefined => {
  const first = command && run.operator_commands?.find(({ command_id }) => command_id === command.command_id);
  if (command === undefined || first === undefined) return undefined;
  return first.fingerprint === command.fingerprint ? accept() : no('IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used for another command on this run', { runID: run.run_id });
};

export const statusOf = (run: Run): Record<string, string> => ({ runID: run.run_id, currentStatus: run.status });

const isPausable = (run: Run): boolean => run.status === 'running' || run.status === 'queued' || (run.status === 'paused' && run.pause_reason === 'waiting');

export const pauseRun = (command: PauseRun, run: Run): OperatorDecision => {
  if (!isPausable(run)) return no('AUTOMATION_V2_RUN_NOT_PAUSABLE', `the run is ${run.status}; only a running, queued or waiting run can be paused`, statusOf(run));
  const why = operated(command, 'paused by operator');
  return accept({ event_type: 'run_pause_requested', data: why }, { event_type: 'run_paused', data: { reason: why.reason } });
};

export const requestPause = (command: RequestPause, run: Run): OperatorDecision =>
  run.status === 'running' ? accept({ event_type: 'run_pause_requested', data: operated(command, 'paused by operator') }) : accept();

export const settlePause = (run: Run): OperatorDecision =>
  run.status === 'pausing' ? accept({ event_type: 'run_paused', data: { reason: run.pause_reason ?? 'paused by operator' } }) : accept();

export const resumeRun = (command: ResumeRun, run: Run): OperatorDecision =>
  run.status === 'paused'
    ? accept({ event_type: 'run_resumed', data: operated(command, 'resumed by operator') })
    : no('AUTOMATION_V2_RUN_NOT_PAUSED', `the run is ${run.status}, not paused`, statusOf(run));

export const cancelRun = (command: CancelRun, run: Run): OperatorDecision => {
  if (isFinished(run.status) && run.status !== 'blocked') return accept();
  return accept({ event_type: 'run_stopped', data: { ...operated(command, 'cancelled by operator'), stop_kind: 'operator_stopped' } });
};

interface DoneAgain {
  readonly definition: AutomationDefinition;
  readonly node_ids: readonly string[];
}

/** Attempts beyond the retry policy of a node that asks for a reason. */
export const reasonMissing = ({ reason }: { readonly reason?: string }, run: Run, { definition, node_ids }: DoneAgain): OperatorDecision | undefined => {
  const nodeID = nodeAskingForReason(definition, node_ids, reason);
  if (nodeID === undefined) return undefined;
  return no('AUTOMATION_V2_TASK_REASON_REQUIRED', `say why node "${nodeID}" is to be done again: its retry policy asks for a reason`, { ...statusOf(run), nodeID });
};

const nothingToRecover = (run: Run): OperatorDecision => {
  if (run.status === 'failed') return no('AUTOMATION_V2_RUN_FAILURE_CONTEXT_MISSING', 'nothing of the run tells which node failed; retry or repair a node', statusOf(run));
  if (run.status === 'blocked') return no('AUTOMATION_V2_RUN_BLOCKED_CONTEXT_MISSING', 'nothing of the run tells which node is blocked; retry or repair a node', statusOf(run));
  return no('AUTOMATION_V2_RUN_NOT_RECOVERABLE', `the run is ${run.status} and holds nothing to recover`, statusOf(run));
};

const recoverable: ReadonlySet<string> = new Set(['failed', 'blocked', 'completed']);

export const recoverRun = (command: RecoverRun, run: Run, { definition }: RunContext): OperatorDecision => {
  if (run.status === 'paused') {
    return accept({ event_type: 'run_recovered_from_pause', data: { ...operated(command, 'recovered from paused state by operator'), cleared_nodes: staleNodes(run) } });
  }
  const roots = recoverable.has(run.status) ? recoveryRoots(run, definition) : [];
  if (roots.length === 0) return nothingToRecover(run);
  const missing = reasonMissing(command, run, { definition, node_ids: roots });
  if (missing !== undefined) return missing;
  return accept({ event_type: 'run_recovered', data: { ...operated(command, 'recovered by operator'), roots, ...planReset(run, definition, roots) } });
};

/** Statuses in which a runner may be at work on the run, or about to be. */
export const isBusy = ({ status }: Run): boolean => status === 'running' || status === 'queued' || status === 'pausing';

export const isBlockedNode = (run: Run, node_id: string): boolean => blockedSet(run).includes(node_id);
