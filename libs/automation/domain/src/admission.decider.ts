import type { Run, RunEvent } from '@cs/contracts';
import { accept, refuse, type Decision } from '@cs/kernel';
import type { CancelHeld, HoldLaunch, ReleaseLaunch } from './admission.commands.js';
import type { ExecutionRefusal } from './run.commands.js';
import { holdOf } from './run.state.js';

type AdmissionDecision = Decision<RunEvent, ExecutionRefusal>;

const isFor = (run: Run, { queue_reason, resource_key }: { readonly queue_reason: string; readonly resource_key?: string | undefined }): boolean => {
  const hold = holdOf(run);
  return hold?.queue_reason === queue_reason && (resource_key === undefined || hold.resource_key === resource_key);
};

export const holdLaunch = ({ type: _type, queued_version, ...hold }: HoldLaunch, run: Run): AdmissionDecision => {
  if (queued_version !== undefined && run.queued_at_version > queued_version) return refuse({ code: 'queue_message_stale', message: 'the run was queued again since' });
  if (isFor(run, hold)) return accept();
  if (run.status !== 'queued' || run.scheduler !== undefined) return refuse({ code: 'run_not_runnable', message: `the run is ${run.status}` });
  return accept({ event_type: 'run_launch_held', data: hold });
};

/** `reason` is what held the run. */
export const releaseLaunch = (release: ReleaseLaunch, run: Run): AdmissionDecision =>
  isFor(run, release) ? accept({ event_type: 'run_launch_released', data: { reason: release.queue_reason } }) : accept();

export const cancelHeld = ({ reason }: CancelHeld, run: Run): AdmissionDecision =>
  isFor(run, { queue_reason: 'automation_paused' }) || isFor(run, { queue_reason: 'governance' }) ? accept<RunEvent>({ event_type: 'run_cancelled', data: { reason, stop_kind: 'cancelled' } }) : accept();
