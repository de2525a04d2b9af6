import type { AutomationDefinition, EffectIntent, GivenUpOutcome, RecoveryOption, Run, RunEvent } from '@cs/contracts';
import { endings } from './abandoned-effects.js';
import { declaredCompensation } from './declared-compensation.js';
import { fanOutOf } from './fan-out.js';
import { flowGraph } from './flow-graph.js';
import { unfitFailure } from './node.decider.js';
import { compensationIdOf, deadLetterIdOf, lettersOf, recoveryOf, unknownEffectOf } from './run-recovery.js';
import type { RunCommand } from './run.commands.js';
import { isLost } from './unknown-effects.js';
import { itemOf, workKey, workOfKey, type WorkRef } from './work-key.js';

type Ended = Extract<RunEvent, { event_type: 'node_failed' | 'node_blocked' }>;

interface GivenUp {
  readonly attempt: number;
  readonly reason: string;
  readonly work: WorkRef;
  readonly effect_id: string;
  readonly outcome: GivenUpOutcome;
}

const lastOf = ({ data: { attempt, failure } }: Ended): Pick<GivenUp, 'attempt' | 'reason'> => ({ attempt, reason: failure.message });

const isEnded = (event: RunEvent): event is Ended => event.event_type === 'node_failed' || event.event_type === 'node_blocked';

/** Only who saw every attempt end knows that nothing happened; where repeating changes nothing, it does not matter. */
const outcomeOf = (ended: Ended, { run, mode }: { readonly run: Run; readonly mode: EffectIntent['mode'] }, command: RunCommand): GivenUpOutcome => {
  if (mode === 'safe') return 'failed';
  if (unknownEffectOf(run, ended.data) !== undefined) return 'unknown';
  return ended.event_type === 'node_failed' && command.type === 'finish_node' && command.result.kind === 'failed' && command.result.effect !== 'unknown' ? 'failed' : 'unknown';
};

/** Work that ends with this event while nothing of it is under way: the node or the item itself, and items of the node that have not ended. */
const restingWorks = (run: Run, { data: { node_id, item } }: Ended): readonly WorkRef[] =>
  item === undefined ? [{ node_id }, ...(fanOutOf(run, node_id)?.open_items ?? []).map((open) => ({ node_id, item: open }))].filter((work) => run.checkpoint.in_progress[workKey(work)] === undefined) : [{ node_id, item }];

/** What is not sent again, although an earlier attempt may have happened. */
const leftUnknown = (ended: Ended, run: Run): readonly GivenUp[] =>
  restingWorks(run, ended).flatMap((work) => {
    const effect_id = unknownEffectOf(run, work);
    return effect_id === undefined ? [] : [{ ...lastOf(ended), work, effect_id, outcome: 'unknown' as const }];
  });

/** The effect that was under way when the work ended, or was before; what a peer did, but not as agreed, was not given up. */
const givenUpBy = (event: RunEvent, command: RunCommand, run: Run): readonly GivenUp[] => {
  if (!isEnded(event) || event.data.failure.kind === unfitFailure) return [];
  const effect = run.checkpoint.in_progress[workKey(event.data)]?.effect;
  return effect === undefined ? leftUnknown(event, run) : [{ ...lastOf(event), work: event.data, effect_id: effect.effect_id, outcome: outcomeOf(event, { run, mode: effect.mode }, command) }];
};

const isLettered = (run: Run, { work, effect_id }: GivenUp): boolean => lettersOf(run, work).some((letter) => letter.effect_id === effect_id && letter.outcome === 'unknown');

/** When a run ends: what was under way, or not heard of before, and has no letter that says so. Nobody hears of it any more. */
const leftByEnd = (run: Run, known: ReadonlySet<string>): readonly GivenUp[] => {
  const { in_progress, unknown_effects, node_attempts } = run.checkpoint;
  const lost = { ...unknown_effects, ...Object.fromEntries(Object.entries(in_progress).flatMap(([key, { effect }]) => (isLost(effect) ? [[key, effect.effect_id]] : []))) };
  return Object.entries(lost).map(([key, effect_id]): GivenUp => {
    const attempt = in_progress[key]?.attempt ?? node_attempts[key] ?? 1;
    return { work: workOfKey(key), effect_id, outcome: 'unknown', attempt, reason: `the run ended; what became of attempt ${attempt} is not known` };
  }).filter((givenUp) => !known.has(givenUp.effect_id) && !isLettered(run, givenUp));
};

/** The letter of the same work that is still open goes on, unless another effect of it may have happened. */
const letterIdOf = (run: Run, { work, effect_id }: GivenUp): string => {
  const open = lettersOf(run, work).find(({ status, outcome, ...letter }) => (status === 'open' || status === 'retry_requested' || status === 'retrying') && (outcome !== 'unknown' || letter.effect_id === effect_id));
  return open?.dead_letter_id ?? deadLetterIdOf(run, work);
};

const options: readonly RecoveryOption[] = ['retry', 'ignore', 'abandon'];

const proposalOf = (run: Run, definition: AutomationDefinition, { work, effect_id, outcome }: GivenUp): Extract<RunEvent, { event_type: 'compensation_proposed' }>['data'] | undefined => {
  const node = flowGraph(definition).nodes.get(work.node_id);
  const declared = node && declaredCompensation(node);
  return declared && { compensation_id: compensationIdOf(run, work), node_id: work.node_id, ...itemOf(work), effect_id, outcome, ...declared };
};

const letterEvents = (run: Run, definition: AutomationDefinition, givenUp: GivenUp): readonly RunEvent[] => {
  const { attempt, reason, work, effect_id, outcome } = givenUp;
  const dead_letter_id = letterIdOf(run, givenUp);
  const proposal = proposalOf(run, definition, givenUp);
  const compensation = proposal === undefined ? {} : { compensation_id: proposal.compensation_id };
  const letter: RunEvent = {
    event_type: 'effect_dead_lettered',
    data: {
      dead_letter_id, node_id: work.node_id, ...itemOf(work), effect_id, outcome, attempts: attempt, reason,
      recovery_options: proposal === undefined ? options : [...options, 'compensate'], ...compensation,
    },
  };
  if (proposal === undefined || Object.hasOwn(recoveryOf(run).compensations, proposal.compensation_id)) return [letter];
  return [letter, { event_type: 'compensation_proposed', data: { ...proposal, dead_letter_id } }];
};

/**
 * Behind an event that ends work whose effect was under way, or may have happened: the dead letter that people find it by and,
 * where the definition declares one, a proposal of what undoes it (domain 9.3).
 */
export const withGivenUpEffects = (command: RunCommand, run: Run, { events, definition }: { readonly events: readonly RunEvent[]; readonly definition: AutomationDefinition }): readonly RunEvent[] => {
  const end = events.find(({ event_type }) => endings.has(event_type));
  if (end === undefined && !events.some(isEnded)) return events;
  const lettered = events.flatMap((event) => [event, ...givenUpBy(event, command, run).flatMap((givenUp) => letterEvents(run, definition, givenUp))]);
  if (end === undefined) return lettered;
  const known = new Set(lettered.flatMap((event) => (event.event_type === 'effect_dead_lettered' ? [event.data.effect_id] : [])));
  const left = leftByEnd(run, known).flatMap((givenUp) => letterEvents(run, definition, givenUp));
  return lettered.flatMap((event) => (event === end ? [...left, event] : [event]));
};
