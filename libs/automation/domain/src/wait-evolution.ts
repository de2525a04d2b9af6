import type { Run } from '@cs/contracts';
import { completeNode } from './node-evolution.js';
import type { Evolvers, RunEventNamed } from './run-evolvers.js';
import { isHeld, isParked, toParked, toQueued, withCheckpoint } from './run.state.js';
import { without } from './without.js';
import { workKey } from './work-key.js';

const woken = (run: Run, { data }: RunEventNamed<'stateful_wait_woken_requeued'>): Run => {
  const open_waits = run.checkpoint.open_waits.filter(({ wait_id }) => wait_id !== data.wait_id);
  const ended = withCheckpoint(run, { open_waits });
  const advanced = data.output === undefined ? ended : completeNode(ended, data, data.output);
  // A run that is queued already is queued anew: each commit that leaves it queued is a message to the
  // runners, and only the newest may count, or a second runner would take a live one's run over.
  if (isHeld(run) || (run.status !== 'queued' && !isParked(run))) return advanced;
  const { pause_reason: _reason, ...queued } = toQueued(advanced, `wait "${data.wait_id}" ended`);
  return queued;
};

/** Events of the waits of a run. */
export const waitEvolvers: Evolvers<'wait_node_registered' | 'stateful_wait_woken_requeued' | 'run_parked'> = {
  // The attempt that opened the wait executes no more: it waits.
  wait_node_registered: (run, { data }) => withCheckpoint(run, { open_waits: [...run.checkpoint.open_waits, data.wait], in_progress: without(run.checkpoint.in_progress, workKey(data.wait)) }),
  stateful_wait_woken_requeued: woken,
  run_parked: (run, { data }) => toParked(run, data.retry_after_ms),
};
