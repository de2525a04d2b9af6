import type { Run, RunCheckpoint, RunIn } from '@cs/contracts';
import { admissionEvolvers } from './admission-evolution.js';
import { gateEvolvers } from './gate-evolution.js';
import { humanRequestEvolvers } from './human-request-evolution.js';
import { nodeEvolvers } from './node-evolution.js';
import { policyEvolvers } from './policy-evolution.js';
import { operatorEvolvers } from './operator-evolution.js';
import { recoveryEvolvers } from './recovery-evolution.js';
import { recoveryOf, withLetter } from './run-recovery.js';
import { account } from './run-accounting.js';
import type { Evolvers, RecordedRunEvent, RunEventNamed, RunEventType } from './run-evolvers.js';
import { statefulStatus, toFinished, toRunning, withCheckpoint, type RunState } from './run.state.js';
import { supervisionEvolvers } from './supervision-evolution.js';
import { waitEvolvers } from './wait-evolution.js';

export type { RecordedRunEvent } from './run-evolvers.js';

const emptyCheckpoint = (pending_nodes: readonly string[]): RunCheckpoint => ({
  completed_nodes: [], pending_nodes, blocked_nodes: [], node_outputs: {}, node_attempts: {}, node_generations: {},
  in_progress: {}, open_waits: [], gate_history: [],
});

const create = ({ data, recorded_at_ms }: RunEventNamed<'run_created'>): RunIn<'queued'> => {
  const { node_ids, dry_run: _dryRun, ...identity } = data;
  return {
    ...identity, status: 'queued', version: 1, queued_at_version: 1, execution_claim_epoch: 0,
    created_at_ms: recorded_at_ms, updated_at_ms: recorded_at_ms, checkpoint: emptyCheckpoint(node_ids),
  };
};

const cancelled = (run: Run, { data }: RunEventNamed<'run_cancelled'>): Run => ({
  ...toFinished(run, 'cancelled', data.reason), stop_kind: data.stop_kind, stop_reason: data.reason,
});

/** A node whose effect was given up has its letter already. */
const withNodeLetter = <Of extends Run>(run: Of, { dead_letter, node_id = '', detail }: RunEventNamed<'run_failed'>['data'], at_ms: number): Of => {
  if (dead_letter === undefined || recoveryOf(run).dead_letters[dead_letter.dead_letter_id]?.source_type === 'tool_effect') return run;
  const { dead_letter_id, attempts } = dead_letter;
  const lettered = withLetter(run, {
    dead_letter_id, source_type: 'node', node_id, reason: detail, status: 'open', recovery_options: ['retry', 'ignore', 'abandon'], attempts, opened_at_ms: at_ms, updated_at_ms: at_ms, dispatches: 0,
  });
  return { ...run, checkpoint: lettered.checkpoint };
};

/** A failure of the run itself is its last one; what is known of a node's failure stays. */
const failed = (run: Run, { data, recorded_at_ms }: RunEventNamed<'run_failed'>): Run => {
  const { detail, node_id = '', failure, dead_letter } = data;
  const isNew = failure !== undefined && run.checkpoint.last_failure?.node_id !== node_id;
  const ended = toFinished(isNew ? withCheckpoint(run, { last_failure: { ...failure, node_id, failed_at_ms: recorded_at_ms } }) : run, 'failed', detail);
  return dead_letter === undefined || ended.status !== 'failed' ? ended : { ...withNodeLetter(ended, data, recorded_at_ms), dead_letter_id: dead_letter.dead_letter_id };
};

const childrenCancelled = (run: Run, run_ids: readonly string[]): Run =>
  withCheckpoint(run, { abandoned_children: (run.checkpoint.abandoned_children ?? []).filter((id) => !run_ids.includes(id)) });

/** One entry for every event there is: a recorded fact is never refused. */
const evolvers: Evolvers<Exclude<RunEventType, 'run_created'>> = {
  ...nodeEvolvers,
  ...waitEvolvers,
  ...gateEvolvers,
  ...policyEvolvers,
  ...humanRequestEvolvers,
  ...admissionEvolvers,
  ...operatorEvolvers,
  ...recoveryEvolvers,
  ...supervisionEvolvers,
  run_execution_claimed: (run, { data }) => toRunning(run, data.claim),
  run_execution_claim_expired_requeued: (run) => run,
  run_completed: (run) => toFinished(run, 'completed'),
  run_failed: failed,
  run_blocked: (run, { data }) => toFinished(run, 'blocked', data.detail),
  run_cancelled: cancelled,
  abandoned_children_cancelled: (run, { data }) => childrenCancelled(run, data.run_ids),
};

/**
 * Each commit that leaves a run queued is a message to the runners, whatever it was about. Only the newest
 * may count, or a second runner would take a live one's run over.
 */
const queuedAnew = (run: Run): Run => (statefulStatus(run) === 'queued' ? { ...run, queued_at_version: run.version } : run);

/** Folds one recorded event. Total: a recorded fact is never refused. */
export const evolveRun = (state: RunState, event: RecordedRunEvent): RunState => {
  if (event.event_type === 'run_created') return create(event);
  if (state === undefined) return undefined;
  const run: Run = { ...state, version: state.version + 1, updated_at_ms: Math.max(state.updated_at_ms, event.recorded_at_ms) };
  // The table has, for each type, the evolver of exactly that type; the compiler cannot see the pairing.
  const evolve = evolvers[event.event_type] as (run: Run, event: RecordedRunEvent) => Run;
  return account(state, event, queuedAnew(evolve(run, event)));
};
