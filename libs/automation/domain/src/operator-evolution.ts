import type { NodeOutput, OperatorCommand, PinnedDefinition, Run } from '@cs/contracts';
import { beginAnew } from './counted-attempts.js';
import { endItemWithout, reopenItem } from './fan-out-evolution.js';
import { dropGate } from './gate-evolution.js';
import { completeNode, resetNodes } from './node-evolution.js';
import { knownToHaveFailed, supersede } from './recovery-supersession.js';
import type { Evolvers, RunEventNamed } from './run-evolvers.js';
import { isFinished, isParked, toFinished, toPaused, toPausing, toQueued, unreconciledNodes, withCheckpoint } from './run.state.js';
import { without } from './without.js';
import { knownEffect } from './unknown-effects.js';
import { workKey, type WorkRef } from './work-key.js';

/** Commands that a run remembers: enough for the repetitions of a caller that was not answered. */
const rememberedCommands = 16;

export const remember = (run: Run, command: OperatorCommand | undefined): Run =>
  command === undefined ? run : { ...run, operator_commands: [...(run.operator_commands ?? []), command].slice(-rememberedCommands) };

const withoutStop = (run: Run): Run => {
  const { stop_kind: _kind, stop_reason: _reason, ...rest } = run;
  return rest;
};

const withoutPause = (run: Run): Run => {
  const { pause_reason: _reason, ...rest } = run;
  return rest;
};

export const withoutFailure = (run: Run): Run => {
  const { last_failure: _failure, ...checkpoint } = run.checkpoint;
  return { ...run, checkpoint };
};

/** Step 1 of every reset (domain 4.3): queued anew; its end, its stop and its open gate are gone. */
export const reopen = (run: Run, reason: string): Run => ({ ...withoutStop(toQueued(dropGate(run), reason)), detail: reason });

export const refreshBlocked = (run: Run): Run => withCheckpoint(run, { blocked_nodes: unreconciledNodes(run) });

/** What a node that the definition has no more leaves behind: only its generation, so that its keys are never used again. */
const removeNodes = (run: Run, gone: readonly string[]): Run => {
  const reset = resetNodes(run, gone);
  return withCheckpoint(reset, { pending_nodes: reset.checkpoint.pending_nodes.filter((id) => !gone.includes(id)) });
};

/** The run goes on with another definition: nodes that are new are pending, nodes that are gone lose their state. */
const repin = (run: Run, { node_ids, ...identity }: PinnedDefinition): Run => {
  const { completed_nodes, pending_nodes } = run.checkpoint;
  const known = new Set([...completed_nodes, ...pending_nodes]);
  const wanted = new Set(node_ids);
  const gone = [...known].filter((id) => !wanted.has(id));
  const added = node_ids.filter((id) => !known.has(id));
  const kept = gone.length === 0 ? run : removeNodes(run, gone);
  const pinned: Run = { ...kept, ...identity };
  return added.length === 0 ? pinned : withCheckpoint(pinned, { pending_nodes: [...kept.checkpoint.pending_nodes, ...added].sort() });
};

type TaskReset = RunEventNamed<'run_task_retried' | 'run_task_requeued' | 'run_step_repaired'>['data'];

const taskReset = (run: Run, { reset_nodes, definition, reason, command }: TaskReset): Run =>
  remember(refreshBlocked(withoutFailure(resetNodes(repin(withoutPause(reopen(run, reason)), definition), reset_nodes))), command);

const continued = (run: Run, { data }: RunEventNamed<'run_task_continued'>): Run => {
  const reset = refreshBlocked(resetNodes(withoutPause(reopen(run, data.reason)), data.reset_nodes));
  return remember(reset.checkpoint.last_failure?.node_id === data.node_id ? withoutFailure(reset) : reset, data.command);
};

const recovered = (run: Run, { data }: RunEventNamed<'run_recovered'>): Run =>
  remember(refreshBlocked(withoutFailure(resetNodes(reopen(run, data.reason), data.reset_nodes))), data.command);

/** Nothing is reset: the effects of the cleared nodes stay the same ones, under the same keys, but the nodes may be tried as often as at first. */
const recoveredFromPause = (run: Run, { data }: RunEventNamed<'run_recovered_from_pause'>): Run => {
  const reopened = reopen(run, data.reason);
  const cleared = withCheckpoint(reopened, { node_outputs: without(reopened.checkpoint.node_outputs, ...data.cleared_nodes), ...beginAnew(reopened, data.cleared_nodes) });
  return remember(refreshBlocked(cleared), data.command);
};

const stopped = (run: Run, { data }: RunEventNamed<'run_stopped'>): Run =>
  remember({ ...toFinished(run, 'cancelled', data.reason), stop_kind: data.stop_kind, stop_reason: data.reason }, data.command);

const resumed = (run: Run, { data }: RunEventNamed<'run_resumed'>): Run => remember(withoutStop(withoutPause(toQueued(run, data.reason))), data.command);

const paused = (run: Run, { data }: RunEventNamed<'run_paused'>): Run => {
  const now = toPaused(run, data.reason);
  return data.stop_kind === undefined ? now : { ...now, stop_kind: data.stop_kind };
};

const failedBy = (run: Run, work: WorkRef, { output, effect_id }: { readonly output: NodeOutput; readonly effect_id: string }): Run => {
  const { node_id, item } = work;
  const failure = { kind: 'reconciled_failed', message: output.summary ?? 'failed' };
  const failed = withCheckpoint(run, { last_failure: { ...failure, node_id, failed_at_ms: output.created_at_ms } });
  if (item === undefined) return withCheckpoint(failed, { node_outputs: { ...run.checkpoint.node_outputs, [node_id]: output } });
  return endItemWithout(failed, node_id, { item, ended: { status: 'failed', attempt: run.checkpoint.node_attempts[workKey(work)] ?? 0, failure, effect_id } });
};

/** The next attempt goes out under the same key, because the node's generation stays. */
const sentAgain = (run: Run, { node_id, item }: WorkRef): Run =>
  item === undefined ? withCheckpoint(run, { node_outputs: without(run.checkpoint.node_outputs, node_id) }) : reopenItem(run, node_id, item);

/** A run that rests because of the effect, or waits its turn, goes on; a paused or cancelled one, or one that waits for a signature, stays. */
const goesOn = (run: Run): boolean => run.status === 'queued' || isParked(run) || (isFinished(run.status) && run.status !== 'cancelled');

const known = (run: Run, { output, effect_id, ...work }: RunEventNamed<'node_effect_reconciled'>['data'], at_ms: number): Run => {
  if (output === undefined) return sentAgain(run, work);
  return output.status === 'completed' ? supersede(completeNode(run, work, output), work, { effect_id, at_ms }) : knownToHaveFailed(failedBy(run, work, { output, effect_id }), effect_id, at_ms);
};

const reconciled = (run: Run, { data, recorded_at_ms }: RunEventNamed<'node_effect_reconciled'>): Run => {
  const own = known(withCheckpoint(run, knownEffect(run.checkpoint, data)), data, recorded_at_ms);
  const isUnblocked = own.checkpoint.node_outputs[data.node_id]?.status !== 'blocked';
  const unblocked = isUnblocked ? withCheckpoint(own, { blocked_nodes: own.checkpoint.blocked_nodes.filter((id) => id !== data.node_id) }) : own;
  return remember(goesOn(run) ? withoutPause(toQueued(unblocked, data.reason)) : unblocked, data.command);
};

const judged = (run: Run, { data }: RunEventNamed<'node_disposition_set'>): Run =>
  remember(withCheckpoint(run, { node_dispositions: { ...run.checkpoint.node_dispositions, [data.node_id]: data.disposition } }), data.command);

/** Events of the commands of operators. */
export const operatorEvolvers: Evolvers<
  | 'run_pause_requested' | 'run_paused' | 'run_resumed' | 'run_stopped' | 'run_recovered' | 'run_recovered_from_pause' | 'run_step_repaired'
  | 'run_task_retried' | 'run_task_requeued' | 'run_task_continued' | 'node_disposition_set' | 'node_effect_reconciled'
> = {
  run_pause_requested: (run, { data }) => remember(run.status === 'running' ? toPausing(run, data.reason) : run, data.command),
  run_paused: paused,
  run_resumed: resumed,
  run_stopped: stopped,
  run_recovered: recovered,
  run_recovered_from_pause: recoveredFromPause,
  run_step_repaired: (run, { data }) => taskReset(run, data),
  run_task_retried: (run, { data }) => taskReset(run, data),
  run_task_requeued: (run, { data }) => taskReset(run, data),
  run_task_continued: continued,
  node_disposition_set: judged,
  node_effect_reconciled: reconciled,
};
