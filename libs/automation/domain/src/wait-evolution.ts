import type { EndedWait, OpenWait, Run } from '@cs/contracts';
import { completeNode } from './node-evolution.js';
import type { Evolvers, RunEventNamed } from './run-evolvers.js';
import { abandonChildren, isFromOutside, isHeld, isParked, toFinished, toParked, toPausedByWait, toQueued, withCheckpoint } from './run.state.js';
import { without } from './without.js';
import { workKey } from './work-key.js';

/** Ends that can be asked about again; a run has few such waits, and only the newest matter. */
const keptEnds = 256;

interface Ending {
  readonly wait_id: string;
  readonly status: EndedWait['status'];
  readonly wake_idempotency_key: string;
}

/** The wait is over, and with it the other branches of its node. */
const endWait = (run: Run, { wait_id, status, wake_idempotency_key }: Ending): Run => {
  const { open_waits, ended_waits = [] } = run.checkpoint;
  const wait = open_waits.find((open) => open.wait_id === wait_id);
  if (wait === undefined) return run;
  const isOver = (open: OpenWait): boolean => open.wait_id === wait_id || (wait.branch !== undefined && open.branch !== undefined && open.node_id === wait.node_id && open.item === wait.item);
  const ends = open_waits.filter(isOver).filter(isFromOutside).map((over): EndedWait => ({
    wait_id: over.wait_id, node_id: over.node_id, wait_kind: over.wait_kind, wake_idempotency_key, completed_at_ms: run.updated_at_ms, status: over.wait_id === wait_id ? status : 'cancelled',
  }));
  return withCheckpoint(run, { open_waits: open_waits.filter((open) => !isOver(open)), ...(ends.length === 0 ? {} : { ended_waits: [...ended_waits, ...ends].slice(-keptEnds) }) });
};

/** A child that the run waits for no more is still to be cancelled. */
const withAbandoned = (run: Run, { wait_id, abandoned_child_run_id }: { readonly wait_id: string; readonly abandoned_child_run_id?: string | undefined }): Run =>
  abandoned_child_run_id === undefined ? run : withCheckpoint(run, abandonChildren(run.checkpoint, (wait) => wait.wait_id === wait_id));

const woken = (run: Run, { data }: RunEventNamed<'stateful_wait_woken_requeued'>): Run => {
  const ended = endWait(withAbandoned(run, data), { ...data, status: 'woken' });
  const advanced = data.output === undefined ? ended : completeNode(ended, data, data.output);
  // A run that is queued already is queued anew: each commit that leaves it queued is a message to the
  // runners, and only the newest may count, or a second runner would take a live one's run over.
  if (isHeld(run) || (run.status !== 'queued' && !isParked(run))) return advanced;
  const { pause_reason: _reason, ...queued } = toQueued(advanced, `wait "${data.wait_id}" ended`);
  return queued;
};

/** When its run goes on, the node waits again: under another id, so that what ended the last wait cannot end this one. */
const withNewGeneration = (run: Run, node_id: string): Run => {
  const { node_generations } = run.checkpoint;
  return withCheckpoint(run, { node_generations: { ...node_generations, [node_id]: (node_generations[node_id] ?? 0) + 1 } });
};

const cancelled = (run: Run, { data }: RunEventNamed<'stateful_wait_timeout_cancelled_run'>): Run => ({
  ...toFinished(withNewGeneration(endWait(run, { ...data, status: 'cancelled' }), data.node_id), 'cancelled', data.reason), stop_kind: data.stop_kind, stop_reason: data.reason,
});

const pausedRun = (run: Run, { data }: RunEventNamed<'stateful_wait_timeout_paused_run'>): Run =>
  toPausedByWait(withNewGeneration(endWait(run, { ...data, status: data.wait_status }), data.node_id), data.reason);

const reminded = (run: Run, { data }: RunEventNamed<'stateful_wait_timeout_reminded'>): Run =>
  withCheckpoint(run, {
    open_waits: run.checkpoint.open_waits.map((wait) => {
      if (wait.wait_id !== data.wait_id || wait.timeout === undefined) return wait;
      const { reminder_count, last_reminded_at_ms, next_reminder_at_ms: timeout_at_ms } = data;
      return { ...wait, timeout: { ...wait.timeout, timeout_at_ms, reminder_count, last_reminded_at_ms } };
    }),
  });

type WaitEvents =
  | 'wait_node_registered' | 'stateful_wait_woken_requeued' | 'stateful_wait_timeout_cancelled_run' | 'stateful_wait_timeout_paused_run' | 'stateful_wait_timeout_reminded' | 'run_parked';

/** Events of the waits of a run. */
export const waitEvolvers: Evolvers<WaitEvents> = {
  // The attempt that opened the wait executes no more: it waits.
  wait_node_registered: (run, { data }) => withCheckpoint(run, { open_waits: [...run.checkpoint.open_waits, data.wait], in_progress: without(run.checkpoint.in_progress, workKey(data.wait)) }),
  stateful_wait_woken_requeued: woken,
  stateful_wait_timeout_cancelled_run: cancelled,
  stateful_wait_timeout_paused_run: pausedRun,
  stateful_wait_timeout_reminded: reminded,
  run_parked: (run, { data }) => toParked(run, data.retry_after_ms),
};
