import { accept, refuse, type Decision } from '@cs/kernel';
import type { OpenWait, Run, RunEvent } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import { failWork, outputOf, ownProgress, waitIdOf } from './node.decider.js';
import type { ExecutionRefusal, RunContext } from './run.commands.js';
import { isFinished } from './run.state.js';
import type { CancelChild, EndChildWait, ReleaseChildren, WaitForChild } from './step.commands.js';
import { itemOf, workKey, workName } from './work-key.js';

type ChildDecision = Decision<RunEvent, ExecutionRefusal>;

/** The durable intent of a child run: it is requested after this commit, by whoever finds the wait. */
export const waitForChild = (command: WaitForChild, run: Run, { at_ms }: RunContext): ChildDecision => {
  const { node_id, attempt, child_run_id } = command;
  if (ownProgress(run, command, attempt) === undefined) return refuse({ code: 'node_not_in_progress', message: `attempt ${attempt} of ${workName(command)} is not in progress` });
  const wait: OpenWait = { wait_id: waitIdOf(run, command, `child:${attempt}`), node_id, ...itemOf(command), wait_kind: 'child_run', created_at_ms: at_ms, child_run_id };
  return accept({ event_type: 'wait_node_registered', data: { wait } });
};

const wokenEvent = (run: Run, { wait_id, node_id, item, wait_kind, child_run_id = '' }: OpenWait): Extract<RunEvent, { event_type: 'stateful_wait_woken_requeued' }> => ({
  event_type: 'stateful_wait_woken_requeued', data: { wait_id, node_id, ...itemOf({ node_id, item }), wait_kind, wake_idempotency_key: `${wait_kind}:${run.run_id}:${wait_id}:${child_run_id}` },
});

/** The child ended: its node goes on with its outputs, or is repeated with a new child, or fails. */
export const endChildWait = ({ wait_id, child_run_id, result }: EndChildWait, run: Run, { definition, at_ms }: RunContext): ChildDecision => {
  const wait = run.checkpoint.open_waits.find((open) => open.wait_id === wait_id && open.child_run_id === child_run_id);
  const node = wait && flowGraph(definition).nodes.get(wait.node_id);
  if (wait === undefined || node === undefined || isFinished(run.status)) return accept();
  const woken = wokenEvent(run, wait);
  if (result.kind === 'succeeded') return accept({ ...woken, data: { ...woken.data, output: outputOf(result, at_ms) } });
  const attempt = run.checkpoint.node_attempts[workKey(wait)] ?? 1;
  // A new attempt is a new child, with effects of its own: only where a policy asks for it.
  const judged = { ...result, retryable: result.retryable && node.retry_policy !== undefined };
  return accept(woken, failWork(run, node, { work: wait, result: judged, attempt, effect: undefined, at_ms }));
};

/** A child in any state but an end; one that is blocked too, as nobody needs its outcome any more. */
export const cancelChild = ({ parent_run_id, reason }: CancelChild, run: Run): ChildDecision => {
  if (run.parent?.run_id !== parent_run_id) return refuse({ code: 'run_not_runnable', message: `the run is no child of ${parent_run_id}` });
  if (isFinished(run.status) && run.status !== 'blocked') return accept();
  return accept<RunEvent>({ event_type: 'run_cancelled', data: { reason, stop_kind: 'cancelled' } });
};

export const releaseChildren = ({ run_ids }: ReleaseChildren, run: Run): ChildDecision => {
  const known = run_ids.filter((id) => run.checkpoint.abandoned_children?.includes(id) === true);
  return known.length === 0 ? accept() : accept({ event_type: 'abandoned_children_cancelled', data: { run_ids: known } });
};
