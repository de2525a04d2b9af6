import type { OpenWait, Run, RunCheckpoint, RunIn, RunScheduler, RunStatus } from '@cs/contracts';
import { lostEffects } from './unknown-effects.js';

/** A run, or `undefined` before it exists. */
export type RunState = Run | undefined;

type Common = Omit<RunIn<'paused'>, 'status'>;

/** What every status has: dropping the rest keeps scheduler, claim and finish time where they belong (domain 3.2). */
const commonOf = (run: Run): Common => {
  const { status: _status, ...rest } = run;
  if ('scheduler' in rest) {
    const { scheduler: _scheduler, ...common } = rest;
    return common;
  }
  if ('execution_claim' in rest) {
    const { execution_claim: _claim, ...common } = rest;
    return common;
  }
  if ('dead_letter_id' in rest) {
    const { finished_at_ms: _finished, dead_letter_id: _letter, ...common } = rest;
    return common;
  }
  if ('finished_at_ms' in rest) {
    const { finished_at_ms: _finished, ...common } = rest;
    return common;
  }
  return rest;
};

export const withCheckpoint = (run: Run, change: Partial<RunCheckpoint>): Run => ({ ...run, checkpoint: { ...run.checkpoint, ...change } });

export const toQueued = (run: Run, resume_reason: string): RunIn<'queued'> => ({
  ...commonOf(run), status: 'queued', resume_reason, queued_at_version: run.version,
});

export const toRunning = (run: Run, execution_claim: RunIn<'running'>['execution_claim']): RunIn<'running'> => {
  const common = commonOf(run);
  return {
    ...common, status: 'running', execution_claim, execution_claim_epoch: execution_claim.lease_epoch,
    started_at_ms: common.started_at_ms ?? execution_claim.claimed_at_ms,
  };
};

/** Told to pause while a runner executes it; the claim stays until that runner has let go. */
export const toPausing = (run: RunIn<'running'>, pause_reason: string): RunIn<'pausing'> => ({ ...run, status: 'pausing', pause_reason });

/** Nothing happens until somebody resumes it. What was in progress stays so: the next claim judges it. */
export const toPaused = (run: Run, pause_reason: string): RunIn<'paused'> => ({ ...commonOf(run), status: 'paused', pause_reason });

export const toAwaitingApproval = (run: Run, detail: string): RunIn<'awaiting_approval'> => ({ ...commonOf(run), status: 'awaiting_approval', detail });

/** Parked on waits: paused, or queued for later when only a back-off is waited for. */
export const toParked = (run: Run, retry_after_ms: number | undefined): Run =>
  retry_after_ms === undefined
    ? { ...commonOf(run), status: 'paused', pause_reason: waitingReason }
    : { ...commonOf(run), status: 'queued', scheduler: { queue_reason: 'retry_backoff', queued_at_ms: run.updated_at_ms, retry_after_ms } };

/** Queued, but not to be claimed before it is released. */
export const toHeld = (run: Run, scheduler: RunScheduler): RunIn<'queued'> => ({ ...commonOf(run), status: 'queued', scheduler });

/** Child runs whose wait nobody keeps: they go to those that are still to be cancelled. */
export const abandonChildren = ({ open_waits, abandoned_children = [] }: RunCheckpoint, isAbandoned: (wait: OpenWait) => boolean): Pick<RunCheckpoint, 'abandoned_children'> => {
  const children = open_waits.filter(isAbandoned).map(({ child_run_id }) => child_run_id).filter((id) => id !== undefined);
  return children.length === 0 ? {} : { abandoned_children: [...new Set([...abandoned_children, ...children])] };
};

/** A run that has ended waits for no child: should it go on one day, it asks for new ones. */
const withoutChildren = ({ checkpoint }: Run): Partial<RunCheckpoint> => ({
  ...abandonChildren(checkpoint, () => true), open_waits: checkpoint.open_waits.filter(({ child_run_id }) => child_run_id === undefined),
});

/** A wait that was not ended in time stops its run until an operator resumes it. A gate that is open, and a pause of an operator, stand. */
export const toPausedByWait = (run: Run, pause_reason: string): Run =>
  run.status === 'running' || run.status === 'queued' || isParked(run) ? toPaused(run, pause_reason) : run;

/** Nothing is in progress in a run that has ended, however it came to its end. */
export const toFinished = (run: Run, status: 'completed' | 'failed' | 'blocked' | 'cancelled', detail?: string): Run => {
  const { detail: _past, ...common } = commonOf(withCheckpoint(run, { ...lostEffects(run.checkpoint), in_progress: {}, ...withoutChildren(run) }));
  return { ...common, status, finished_at_ms: run.updated_at_ms, ...(detail === undefined ? {} : { detail }) };
};

/** Nodes whose effect nobody knows the outcome of: a person has to reconcile them. */
export const unreconciledNodes = ({ checkpoint }: Run): readonly string[] =>
  Object.entries(checkpoint.node_outputs).filter(([, output]) => output.status === 'blocked').map(([node_id]) => node_id);

/** `pause_reason` of a run that nobody paused: it waits. */
export const waitingReason = 'waiting';

export const isParked = (run: Run): boolean =>
  (run.status === 'paused' && run.pause_reason === waitingReason) || (run.status === 'queued' && run.scheduler?.queue_reason === 'retry_backoff');

/** What holds a queued run: its turn has not come, or its automation is paused (domain 3.5). */
export const holdOf = (run: Run): RunScheduler | undefined => (run.status === 'queued' && run.scheduler?.queue_reason !== 'retry_backoff' ? run.scheduler : undefined);

export const isHeld = (run: Run): boolean => holdOf(run) !== undefined;

export const isFinished = (status: RunStatus): boolean => status === 'completed' || status === 'failed' || status === 'blocked' || status === 'cancelled';

/** Ended by what others send: by a delivery, or by API. */
export const isFromOutside = ({ wait_kind }: OpenWait): boolean => wait_kind === 'webhook' || wait_kind === 'external_condition';

/** Parked: on what only others can end, or on time, child runs and the like as well. */
const parkedStatus = ({ checkpoint: { open_waits } }: Run): string => (open_waits.length > 0 && open_waits.every(isFromOutside) ? 'awaiting_webhook' : 'sleeping');

/**
 * The stateful status (domain 7.6), which is also the routing token of the run's commits: `queued`
 * means runnable now, `retrying` runnable later, `held` waiting for its turn, `sleeping` and
 * `awaiting_webhook` parked on waits, `dead_lettered` failed with a dead letter.
 */
export const statefulStatus = (run: Run): string => {
  if (run.status === 'queued' && run.scheduler !== undefined) return isHeld(run) ? 'held' : 'retrying';
  if (run.status === 'paused' && run.pause_reason === waitingReason) return parkedStatus(run);
  return run.status === 'failed' && run.dead_letter_id !== undefined ? 'dead_lettered' : run.status;
};
