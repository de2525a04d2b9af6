import { accept, refuse, type Decision } from '@cs/kernel';
import type { FlowNode, OpenWait, Run, RunEvent } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import { failWork, outputOf, ownProgress, waitIdOf } from './node.decider.js';
import type { ExecutionRefusal, NodeResult, RunContext } from './run.commands.js';
import { isFinished } from './run.state.js';
import type { CancelChild, EndChildWait, ReleaseChildren, WaitForChild } from './step.commands.js';
import { wakeKey } from './wait-keys.js';
import { itemOf, workKey, workName } from './work-key.js';

type Failed = Extract<NodeResult, { kind: 'failed' }>;
type ChildDecision = Decision<RunEvent, ExecutionRefusal>;

/** When the child has to have ended: `timeout_ms` of the node after the child was asked for. */
const deadlineOf = (node: FlowNode | undefined, at_ms: number): Pick<OpenWait, 'wake_at_ms'> => (node?.timeout_ms === undefined ? {} : { wake_at_ms: at_ms + node.timeout_ms });

/** The durable intent of a child run: it is requested after this commit, by whoever finds the wait. */
export const waitForChild = (command: WaitForChild, run: Run, { at_ms, definition }: RunContext): ChildDecision => {
  const { node_id, attempt, child_run_id } = command;
  if (ownProgress(run, command, attempt) === undefined) return refuse({ code: 'node_not_in_progress', message: `attempt ${attempt} of ${workName(command)} is not in progress` });
  const deadline = deadlineOf(flowGraph(definition).nodes.get(node_id), at_ms);
  const wait: OpenWait = { wait_id: waitIdOf(run, command, `child:${attempt}`), node_id, ...itemOf(command), wait_kind: 'child_run', ...deadline, created_at_ms: at_ms, child_run_id };
  return accept({ event_type: 'wait_node_registered', data: { wait } });
};

const wokenEvent = (run: Run, { wait_id, node_id, item, wait_kind, child_run_id = '' }: OpenWait): Extract<RunEvent, { event_type: 'stateful_wait_woken_requeued' }> => ({
  event_type: 'stateful_wait_woken_requeued', data: { wait_id, node_id, ...itemOf({ node_id, item }), wait_kind, wake_idempotency_key: `${wait_kind}:${run.run_id}:${wait_id}:${child_run_id}` },
});

/** A new attempt is a new child, with effects of its own: only where a policy asks for it. */
const failAttempt = (run: Run, { wait, node, result, at_ms }: { readonly wait: OpenWait; readonly node: FlowNode; readonly result: Failed; readonly at_ms: number }): RunEvent =>
  failWork(run, node, { work: wait, result: { ...result, retryable: result.retryable && node.retry_policy !== undefined }, attempt: run.checkpoint.node_attempts[workKey(wait)] ?? 1, effect: undefined, at_ms });

/** The child ended: its node goes on with its outputs, or is repeated with a new child, or fails. */
export const endChildWait = ({ wait_id, child_run_id, result }: EndChildWait, run: Run, { definition, at_ms }: RunContext): ChildDecision => {
  const wait = run.checkpoint.open_waits.find((open) => open.wait_id === wait_id && open.child_run_id === child_run_id);
  const node = wait && flowGraph(definition).nodes.get(wait.node_id);
  if (wait === undefined || node === undefined || isFinished(run.status)) return accept();
  const woken = wokenEvent(run, wait);
  if (result.kind === 'succeeded') return accept({ ...woken, data: { ...woken.data, output: outputOf(result, at_ms) } });
  return accept(woken, failAttempt(run, { wait, node, result, at_ms }));
};

/** The child did not end in time: the attempt failed, and the child is to be cancelled. What it still reports finds no wait. */
export const endOverdueChild = (run: Run, wait: OpenWait, { definition, at_ms }: RunContext): ChildDecision => {
  const node = flowGraph(definition).nodes.get(wait.node_id);
  if (node === undefined) return accept();
  const { wait_id, child_run_id = '', wake_at_ms = at_ms } = wait;
  const woken = wokenEvent(run, wait);
  const data = { ...woken.data, wake_idempotency_key: wakeKey('child_run', { run_id: run.run_id, wait_id, due_at_ms: wake_at_ms }), wait_event: 'stateful_runtime.wait.child_run_timed_out', abandoned_child_run_id: child_run_id };
  const message = `run ${child_run_id} did not end within ${node.timeout_ms ?? wake_at_ms - wait.created_at_ms} ms`;
  return accept<RunEvent>({ ...woken, data }, failAttempt(run, { wait, node, at_ms, result: { kind: 'failed', failure: { kind: 'child_run_timed_out', message }, effect: 'answered', retryable: true } }));
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
