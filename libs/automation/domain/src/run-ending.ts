import type { AutomationDefinition, NodeOutput, Run, RunEvent } from '@cs/contracts';
import { flowGraph } from './flow-graph.js';
import { isUnfit } from './repairable-output.js';
import { endNotReached } from './reset-plan.js';
import { isSettledLetter, lettersOf } from './run-recovery.js';
import { unreconciledNodes } from './run.state.js';

type Failed = readonly [node_id: string, output: NodeOutput];

/** `pause_reason` of a run that a person has to look at before failed nodes are tried again. */
export const reviewReason = 'retry_review';
/** `pause_reason` of a run with an output that does not fit its contract. */
export const unfitReason = 'schema_validation_failed';

const modeOf = (definition: AutomationDefinition, node_id: string): 'fail_run' | 'pause_for_review' | 'dead_letter' =>
  flowGraph(definition).nodes.get(node_id)?.retry_policy?.terminal_behavior?.mode ?? 'fail_run';

/** That of its effect, where it left one. */
const letterOf = (run: Run, node_id: string): { readonly dead_letter_id: string; readonly attempts: number } => {
  const { run_id, checkpoint: { node_generations, node_attempts } } = run;
  const known = lettersOf(run, { node_id }).find((letter) => !isSettledLetter(letter));
  const attempts = node_attempts[node_id] ?? 0;
  return { dead_letter_id: known?.dead_letter_id ?? `${run_id}-${node_id}-${node_generations[node_id] ?? 0}-${attempts}`, attempts };
};

const failedBy = (run: Run, [node_id, { summary = 'failed' }]: Failed, isDeadLetter: boolean): RunEvent => {
  const { last_failure } = run.checkpoint;
  const failure = last_failure?.node_id === node_id ? { failure: { kind: last_failure.kind, message: last_failure.message } } : {};
  return { event_type: 'run_failed', data: { detail: `node "${node_id}" failed: ${summary}`, node_id, ...failure, ...(isDeadLetter ? { dead_letter: letterOf(run, node_id) } : {}) } };
};

const pausedFor = (failed: readonly Failed[], reason: string): readonly RunEvent[] => [
  { event_type: 'node_repair_requested', data: { node_ids: failed.map(([node_id]) => node_id), reason } },
  { event_type: 'run_paused', data: { reason } },
];

/** What failed nodes do to a run in which nothing else can run: the strictest of them decides (domain 2.7). */
const endByFailures = (run: Run, definition: AutomationDefinition, failed: readonly Failed[]): readonly RunEvent[] => {
  const unfit = failed.filter(([, output]) => isUnfit(output));
  const final = failed.filter(([, output]) => !isUnfit(output));
  const fatal = final.find(([id]) => modeOf(definition, id) === 'fail_run');
  if (fatal !== undefined) return [failedBy(run, fatal, false)];
  const dead = final.find(([id]) => modeOf(definition, id) === 'dead_letter');
  if (dead !== undefined) return [failedBy(run, dead, true)];
  return pausedFor(failed, unfit.length > 0 ? unfitReason : reviewReason);
};

/** How a run ends when nothing can run any more (domain 3.6, 8); or the pause that takes the place of its end. */
export const endRun = (run: Run, definition: AutomationDefinition): readonly RunEvent[] => {
  const failed = Object.entries(run.checkpoint.node_outputs).filter(([, { status }]) => status === 'failed');
  if (failed.length > 0) return endByFailures(run, definition, failed);
  const blocked = unreconciledNodes(run);
  if (blocked.length > 0) return [{ event_type: 'run_blocked', data: { detail: `the outcome of ${blocked.join(', ')} is not known`, node_ids: blocked } }];
  const { pending_nodes } = run.checkpoint;
  if (pending_nodes.length > 0) return [{ event_type: 'run_failed', data: { detail: `${endNotReached}: ${pending_nodes.join(', ')}` } }];
  return [{ event_type: 'run_completed', data: {} }];
};
