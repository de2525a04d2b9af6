import { accept, refuse, type Decision } from '@cs/kernel';
import type { OpenWait, Run, RunEvent } from '@cs/contracts';
import { withAbandonedEffects } from './abandoned-effects.js';
import { withGivenUpEffects } from './given-up-effects.js';
import { withCancelledRequests } from './cancelled-requests.js';
import { cancelHeld, holdLaunch, releaseLaunch } from './admission.decider.js';
import { cancelChild, endChildWait, releaseChildren, waitForChild } from './child-run.decider.js';
import { standingClaim, unfitForExecution } from './claim-checks.js';
import { reopenGate } from './gate-binding.js';
import { gateDue } from './gate-expiry.decider.js';
import { decideGate, openGate, type GateRefusal } from './gate.decider.js';
import { overrideGuardrails, pauseAtGuardrail, recordUsage, type SupervisionRefusal } from './guardrail.decider.js';
import type { HumanRequestRefusal } from './human-request.commands.js';
import { answerQuestion, askPerson, respondEscalation } from './human-request.decider.js';
import { finishNode, recoverNode, startNode } from './node.decider.js';
import { operatorDeciders } from './operator-deciders.js';
import { repeated, type OperatorRefusal } from './operator.decider.js';
import { decideCompensation, finishCompensation, startCompensation } from './compensation.decider.js';
import { chooseRecovery, type RecoveryRefusal } from './recovery.decider.js';
import { dispatchRetry } from './retry-dispatch.js';
import { endRun } from './run-ending.js';
import { judgeEffect } from './policy.decider.js';
import { hasWork, planRun } from './run-plan.js';
import type { ClaimRun, ExecutionCommand, ExecutionRefusal, RequestRun, RunCommand, RunContext } from './run.commands.js';
import { dueAtMs } from './wait-due.js';
import { finishFanOut, rejectNode, skipNode, startFanOut } from './step.decider.js';
import { autoResume, interruptForShutdown, reapStale, renewQueueMessage, settlePausingOnRestart } from './supervision.decider.js';
import { deliverWebhook, resolveWait, wakeWait } from './wait.decider.js';
import { openWaits } from './wait-opening.decider.js';
import type { WaitRefusal } from './wait.commands.js';
import { isFinished, type RunState } from './run.state.js';

type ExecutionDecision = Decision<RunEvent, ExecutionRefusal>;
export type RunRefusal = RecoveryRefusal | SupervisionRefusal | ExecutionRefusal | GateRefusal | WaitRefusal | HumanRequestRefusal | OperatorRefusal;

const requestRun = ({ created }: RequestRun): readonly RunEvent[] => [
  { event_type: 'run_created', data: created },
  ...(created.dry_run === true ? ([{ event_type: 'run_completed', data: {} }] as const) : []),
];

const claimedOtherwise = (command: ClaimRun, run: Run, at_ms: number): ExecutionRefusal | undefined => {
  if (run.queued_at_version > command.queued_version) return { code: 'queue_message_stale', message: 'the run was queued again since' };
  const standing = standingClaim(run, { claimant_id: command.claim.claimant_id, at_ms });
  return standing === undefined ? undefined : { code: 'run_claimed', message: `${standing.claimant_id} has claimed the run` };
};

/**
 * A queued run is claimed. A running one is taken over: its queue message came again, so whoever held
 * it let its lease lapse, and its claim has expired. Anything else means that the message is from an earlier turn in the queue.
 */
const claim = (command: ClaimRun, run: Run, { definition, at_ms }: RunContext): ExecutionDecision => {
  const refusal = claimedOtherwise(command, run, at_ms);
  if (refusal !== undefined) return refuse(refusal);
  const claimed: RunEvent = { event_type: 'run_execution_claimed', data: { claim: { ...command.claim, lease_epoch: run.execution_claim_epoch + 1 } } };
  const isRunnable = run.status === 'queued' && run.scheduler === undefined;
  const unfit = isRunnable || run.status === 'running' ? unfitForExecution(run, definition) : undefined;
  if (unfit !== undefined) return accept(unfit);
  if (isRunnable) return accept(claimed);
  if (run.status === 'running') {
    return accept<RunEvent>({ event_type: 'run_execution_claim_expired_requeued', data: { previous_status: run.status, claim: run.execution_claim } }, claimed);
  }
  return refuse({ code: 'run_not_runnable', message: `the run is ${run.status}` });
};

const parked = (waits: readonly OpenWait[]): RunEvent => {
  const backoffs = waits.filter(({ wait_kind }) => wait_kind === 'retry_backoff');
  const retry = backoffs.length === waits.length ? { retry_after_ms: Math.min(...backoffs.map((wait) => dueAtMs(wait) ?? wait.created_at_ms)) } : {};
  return { event_type: 'run_parked', data: { wait_ids: waits.map(({ wait_id }) => wait_id), ...retry } };
};

const settle = (run: Run, context: RunContext): ExecutionDecision => {
  if (run.status !== 'running') return refuse({ code: 'run_not_runnable', message: `the run is ${run.status}` });
  const plan = planRun(run, context.definition);
  const stopped = pauseAtGuardrail(run, plan, context);
  if (stopped !== undefined) return accept(stopped);
  if (hasWork(plan) || plan.gates.length > 0) return refuse({ code: 'work_left', message: 'nodes are running or could start' });
  return accept(...(run.checkpoint.open_waits.length > 0 ? [parked(run.checkpoint.open_waits)] : endRun(run, context.definition)));
};

type Deciders = { readonly [Type in Exclude<RunCommand['type'], 'request_run'>]: (command: Extract<RunCommand, { type: Type }>, run: Run, context: RunContext) => Decision<RunEvent, RunRefusal> };

/** One entry for every command on a run that exists. */
const deciders: Deciders = {
  claim,
  start_node: startNode,
  finish_node: finishNode,
  recover_node: recoverNode,
  open_waits: openWaits,
  open_gate: openGate,
  reopen_gate: reopenGate,
  judge_effect: judgeEffect,
  settle: (_command, run, context) => settle(run, context),
  record_usage: recordUsage,
  override_guardrails: overrideGuardrails,
  reap_stale: (_command, run, context) => reapStale(run, context),
  auto_resume: (_command, run, context) => autoResume(run, context),
  settle_pausing_on_restart: settlePausingOnRestart,
  interrupt_for_shutdown: (_command, run) => interruptForShutdown(run),
  renew_queue_message: renewQueueMessage,
  // The gate's wait is its deadline: one engine for both (W12).
  wake_wait: (command, run, context) => {
    const gate = run.checkpoint.awaiting_gate;
    return gate?.wait_id === command.wait_id && run.status === 'awaiting_approval' ? gateDue(gate, run, context) : wakeWait(command, run, context);
  },
  deliver_webhook: deliverWebhook,
  resolve_wait: resolveWait,
  ask_person: askPerson,
  answer_question: answerQuestion,
  respond_escalation: respondEscalation,
  skip_node: skipNode,
  reject_node: rejectNode,
  start_fan_out: startFanOut,
  finish_fan_out: finishFanOut,
  wait_for_child: waitForChild,
  end_child_wait: endChildWait,
  cancel_child: cancelChild,
  release_children: releaseChildren,
  fail_run: ({ detail }, run) => (isFinished(run.status) ? accept() : accept({ event_type: 'run_failed', data: { detail } })),
  decide_gate: decideGate,
  hold_launch: holdLaunch,
  release_launch: releaseLaunch,
  cancel_held: cancelHeld,
  ...operatorDeciders,
  choose_recovery: (command, run, context) => repeated(command.command, run) ?? chooseRecovery(command, run, context),
  decide_compensation: (command, run, context) => repeated(command.command, run) ?? decideCompensation(command, run, context),
  dispatch_retry: dispatchRetry,
  start_compensation: startCompensation,
  finish_compensation: finishCompensation,
};

const isExecution = ({ type }: RunCommand): boolean => executionCommands.has(type);
const executionCommands: ReadonlySet<string> = new Set<ExecutionCommand['type']>(['claim', 'start_node', 'finish_node', 'recover_node', 'open_waits', 'open_gate', 'reopen_gate', 'judge_effect', 'settle', 'wake_wait', 'fail_run',
  'skip_node', 'reject_node', 'start_fan_out', 'finish_fan_out', 'wait_for_child', 'end_child_wait', 'cancel_child', 'release_children', 'ask_person',
  'reap_stale', 'auto_resume', 'settle_pausing_on_restart', 'interrupt_for_shutdown', 'renew_queue_message']);

/** Judges a command against a run. Pure and total: time and the pinned definition come in with the context. */
export const decideRun = (command: RunCommand, run: RunState, context: RunContext): Decision<RunEvent, RunRefusal> => {
  if (command.type === 'request_run') return run === undefined ? accept(...requestRun(command)) : accept();
  if (run === undefined) return refuse({ code: isExecution(command) ? 'run_absent' : 'AUTOMATION_V2_RUN_NOT_FOUND', message: 'there is no such run' });
  // The table has, for each type, the decider of exactly that type; the compiler cannot see the pairing.
  const decide = deciders[command.type] as (command: RunCommand, run: Run, context: RunContext) => Decision<RunEvent, RunRefusal>;
  const decision = decide(command, run, context);
  return decision.kind === 'refused' ? decision : accept(...withCancelledRequests(run, withGivenUpEffects(command, run, { events: withAbandonedEffects(run, decision.events), definition: context.definition })));
};
