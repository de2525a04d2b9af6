import { assertNever } from '@cs/kernel';
import type { NodeOutput, Run, RunCheckpoint, RunEvent, RunIn } from '@cs/contracts';
import { evolveNode, resetNodes, type NodeEvent } from './node-evolution.js';
import { isParked, toAwaitingApproval, toFinished, toParked, toQueued, toRunning, unreconciledNodes, withCheckpoint, type RunState } from './run.state.js';

/** A run event as recorded: with its time. */
export type RecordedRunEvent = RunEvent & { readonly recorded_at_ms: number };
type EventNamed<Type extends RunEvent['event_type']> = Extract<RecordedRunEvent, { event_type: Type }>;

const emptyCheckpoint = (pending_nodes: readonly string[]): RunCheckpoint => ({
  completed_nodes: [], pending_nodes, blocked_nodes: [], node_outputs: {}, node_attempts: {}, node_generations: {},
  in_progress: {}, open_waits: [], gate_history: [],
});

const create = ({ data, recorded_at_ms }: EventNamed<'run_created'>): RunIn<'queued'> => {
  const { node_ids, dry_run: _dryRun, ...identity } = data;
  return {
    ...identity, status: 'queued', version: 1, queued_at_version: 1, execution_claim_epoch: 0,
    created_at_ms: recorded_at_ms, updated_at_ms: recorded_at_ms, checkpoint: emptyCheckpoint(node_ids),
  };
};

const gateOpened = (run: Run, { data }: EventNamed<'approval_gate_opened'>): Run =>
  toAwaitingApproval(withCheckpoint(run, { awaiting_gate: data.gate, blocked_nodes: [...new Set([...unreconciledNodes(run), ...data.blocked_nodes])] }), `waiting for a decision on gate "${data.gate.node_id}"`);

const gateDecided = (run: Run, { data }: EventNamed<'approval_gate_decided'>): Run => {
  const { awaiting_gate: _gate, ...checkpoint } = run.checkpoint;
  const decided: Run = { ...run, checkpoint: { ...checkpoint, gate_history: [...checkpoint.gate_history, data] } };
  if (data.decision === 'cancel') return decided;
  return { ...toQueued(withCheckpoint(decided, { blocked_nodes: unreconciledNodes(run) }), `gate "${data.node_id}" decision: ${data.decision}`), detail: `gate "${data.node_id}": ${data.decision}` };
};

const completeNode = (run: Run, node_id: string, output: NodeOutput): Run =>
  evolveNode(run, { event_type: 'node_completed', recorded_at_ms: run.updated_at_ms, data: { node_id, attempt: 0, output } });

const waitWoken = (run: Run, { data }: EventNamed<'stateful_wait_woken_requeued'>): Run => {
  const open_waits = run.checkpoint.open_waits.filter(({ wait_id }) => wait_id !== data.wait_id);
  const woken = withCheckpoint(run, { open_waits });
  const advanced = data.output === undefined ? woken : completeNode(woken, data.node_id, data.output);
  // A run that is queued already is queued anew: each commit that leaves it queued is a message to the
  // runners, and only the newest may count, or a second runner would take a live one's run over.
  if (run.status !== 'queued' && !isParked(run)) return advanced;
  const { pause_reason: _reason, ...queued } = toQueued(advanced, `wait "${data.wait_id}" ended`);
  return queued;
};

const cancelled = (run: Run, { data }: EventNamed<'run_cancelled'>): Run => ({
  ...toFinished(run, 'cancelled', data.reason), stop_kind: data.stop_kind, stop_reason: data.reason,
});

type EndEvent = EventNamed<'run_completed' | 'run_failed' | 'run_blocked' | 'run_cancelled'>;
type LifecycleEvent = Exclude<RecordedRunEvent, NodeEvent | EndEvent | EventNamed<'run_created'>>;

const evolveLifecycle = (run: Run, event: LifecycleEvent): Run => {
  switch (event.event_type) {
    case 'run_execution_claimed':
      return toRunning(run, event.data.claim);
    case 'run_execution_claim_expired_requeued':
      return run;
    case 'stateful_wait_woken_requeued':
      return waitWoken(run, event);
    case 'run_parked':
      return toParked(run, event.data.retry_after_ms);
    case 'approval_gate_opened':
      return gateOpened(run, event);
    case 'approval_gate_decided':
      return gateDecided(run, event);
    case 'node_approval_rollback':
      return resetNodes(run, event.data.reset_nodes);
    default:
      return assertNever(event);
  }
};

const evolveEnd = (run: Run, event: EndEvent): Run => {
  switch (event.event_type) {
    case 'run_completed':
      return toFinished(run, 'completed');
    case 'run_failed':
      return toFinished(run, 'failed', event.data.detail);
    case 'run_blocked':
      return toFinished(run, 'blocked', event.data.detail);
    case 'run_cancelled':
      return cancelled(run, event);
    default:
      return assertNever(event);
  }
};

const nodeEventTypes: ReadonlySet<string> = new Set<NodeEvent['event_type']>([
  'node_started', 'node_completed', 'node_failed', 'node_blocked', 'node_retry_backoff_scheduled', 'wait_node_registered',
]);
const endEventTypes: ReadonlySet<string> = new Set<EndEvent['event_type']>(['run_completed', 'run_failed', 'run_blocked', 'run_cancelled']);
const isEndEvent = (event: RecordedRunEvent): event is EndEvent => endEventTypes.has(event.event_type);
const isNodeEvent = (event: RecordedRunEvent): event is NodeEvent => nodeEventTypes.has(event.event_type);

/** Folds one recorded event. Total: a recorded fact is never refused. */
export const evolveRun = (state: RunState, event: RecordedRunEvent): RunState => {
  if (event.event_type === 'run_created') return create(event);
  if (state === undefined) return undefined;
  const run: Run = { ...state, version: state.version + 1, updated_at_ms: Math.max(state.updated_at_ms, event.recorded_at_ms) };
  if (isNodeEvent(event)) return evolveNode(run, event);
  return isEndEvent(event) ? evolveEnd(run, event) : evolveLifecycle(run, event);
};

