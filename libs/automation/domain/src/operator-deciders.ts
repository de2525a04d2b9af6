import type { Run } from '@cs/contracts';
import { cancelRun, pauseRun, recoverRun, repeated, requestPause, resumeRun, settlePause, type OperatorDecision } from './operator.decider.js';
import type { OperatorCommandOfRun } from './operator.commands.js';
import type { RunContext } from './run.commands.js';
import { continueTask, reconcileEffect, repairRun, requeueTask, retryTask, setDisposition } from './task.decider.js';

type Decide<Command> = (command: Command, run: Run, context: RunContext) => OperatorDecision;
type Deciders = { readonly [Type in OperatorCommandOfRun['type']]: Decide<Extract<OperatorCommandOfRun, { type: Type }>> };

/** A command that the run remembers is not judged again: its first answer holds, whatever has become of the run since. */
const once = <Command extends Exclude<OperatorCommandOfRun, { type: 'settle_pause' }>>(decide: Decide<Command>): Decide<Command> =>
  (command, run, context) => repeated(command.command, run) ?? decide(command, run, context);

/** One entry for every command of an operator. */
export const operatorDeciders: Deciders = {
  pause_run: once(pauseRun),
  request_pause: once(requestPause),
  settle_pause: (_command, run) => settlePause(run),
  resume_run: once(resumeRun),
  cancel_run: once(cancelRun),
  recover_run: once(recoverRun),
  retry_task: once(retryTask),
  requeue_task: once(requeueTask),
  repair_run: once(repairRun),
  continue_task: once(continueTask),
  set_disposition: once(setDisposition),
  reconcile_effect: once(reconcileEffect),
};
