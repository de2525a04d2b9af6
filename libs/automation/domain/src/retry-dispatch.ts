import { accept, type Decision } from '@cs/kernel';
import type { AutomationDefinition, Run, RunDeadLetter, RunEvent } from '@cs/contracts';
import { fanOutOf } from './fan-out.js';
import { effectIdOf } from './node-generation.js';
import type { DispatchRetry } from './recovery.commands.js';
import { blockedSet, planReset, recoveryRoots } from './reset-plan.js';
import { isSettledLetter, lettersOf, recoveryOf } from './run-recovery.js';
import type { RunContext } from './run.commands.js';
import { itemOf } from './work-key.js';

/** Dispatches of one dead letter before a person has to look again (domain 9.4). */
export const maxDispatches = 5;
const longestBackoffMs = 300_000;

/** Time until the next dispatch, after so many before: 1 s × 2^n, at most five minutes. */
export const dispatchBackoffMs = (dispatches: number): number => Math.min(1000 * 2 ** dispatches, longestBackoffMs);

export const isRetryWanted = ({ status, recovery_options }: RunDeadLetter): boolean => (status === 'retry_requested' || status === 'retrying') && recovery_options.includes('retry');

/** What may have happened is sent again under its key; of a list, only the items that are missing. */
const keepsEffects = (run: Run, node_id: string): boolean =>
  fanOutOf(run, node_id) !== undefined || lettersOf(run, { node_id }).some((letter) => letter.outcome === 'unknown' && letter.effect_id === effectIdOf(run, { node_id }) && !isSettledLetter(letter));

/** What is done again for a letter: its work, and whatever else failed. What others are blocked by stays for whoever reconciles it. */
const drive = (run: Run, definition: AutomationDefinition, { node_id }: RunDeadLetter) => {
  const blocked = new Set(blockedSet(run));
  const known = new Set(definition.flow.nodes.map((node) => node.node_id));
  const roots = [...new Set([node_id, ...recoveryRoots(run, definition).filter((root) => !blocked.has(root))])].filter((root) => known.has(root));
  const kept_nodes = roots.filter((root) => keepsEffects(run, root)).sort();
  const plan = planReset(run, definition, roots.filter((root) => !kept_nodes.includes(root)));
  const isLeft = (id: string): boolean => !kept_nodes.includes(id);
  return { kept_nodes, reset_nodes: plan.reset_nodes.filter(isLeft), cleared_outputs: plan.cleared_outputs.filter(isLeft), unknown_effects: plan.unknown_effects.filter(isLeft) };
};

const isDrivable = ({ status }: Run): boolean => status === 'failed' || status === 'blocked';

/** The dispatch of a retry that is due now; `undefined` when it is not, or the run is none that is driven. */
export const retryDispatch = (run: Run, letter: RunDeadLetter, { definition, at_ms }: RunContext): RunEvent | undefined => {
  if (!isDrivable(run) || !isRetryWanted(letter) || letter.superseded !== undefined || at_ms < (letter.next_dispatch_at_ms ?? 0)) return undefined;
  const { dead_letter_id, node_id, dispatches } = letter;
  if (dispatches >= maxDispatches) {
    return { event_type: 'dead_letter_disposition_recorded', data: { dead_letter_id, status: 'ignored', disposition: 'retry_exhausted', reason: `retried ${dispatches} times`, by: { kind: 'system', source: 'runner' } } };
  }
  const backoff_ms = dispatchBackoffMs(dispatches);
  return {
    event_type: 'stateful_dead_letter_retry_requeued',
    data: {
      dead_letter_id, node_id, ...itemOf(letter), dispatch: dispatches + 1, backoff_ms, next_dispatch_at_ms: at_ms + backoff_ms, reason: 'stateful_dead_letter_retry_dispatched', ...drive(run, definition, letter),
    },
  };
};

/** Nothing is written for a letter that is not due: two dispatchers dispatch once. */
export const dispatchRetry = ({ dead_letter_id }: DispatchRetry, run: Run, context: RunContext): Decision<RunEvent, never> => {
  const letter = recoveryOf(run).dead_letters[dead_letter_id];
  const event = letter && retryDispatch(run, letter, context);
  return event === undefined ? accept() : accept(event);
};
