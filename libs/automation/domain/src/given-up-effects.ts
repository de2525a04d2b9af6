import type { AutomationDefinition, EffectIntent, GivenUpOutcome, RecoveryOption, Run, RunEvent } from '@cs/contracts';
import { declaredCompensation } from './declared-compensation.js';
import { flowGraph } from './flow-graph.js';
import { unfitFailure } from './node.decider.js';
import { compensationIdOf, deadLetterIdOf, lettersOf, recoveryOf } from './run-recovery.js';
import type { RunCommand } from './run.commands.js';
import { itemOf, workKey } from './work-key.js';

type Ended = Extract<RunEvent, { event_type: 'node_failed' | 'node_blocked' }>;

interface GivenUp {
  readonly ended: Ended;
  readonly effect: EffectIntent;
  readonly outcome: GivenUpOutcome;
}

const isEnded = (event: RunEvent): event is Ended => event.event_type === 'node_failed' || event.event_type === 'node_blocked';

/** Only who saw the attempt end knows that nothing happened; where repeating changes nothing, it does not matter. */
const outcomeOf = (ended: Ended, { mode }: EffectIntent, command: RunCommand): GivenUpOutcome => {
  if (mode === 'safe') return 'failed';
  return ended.event_type === 'node_failed' && command.type === 'finish_node' && command.result.kind === 'failed' && command.result.effect !== 'unknown' ? 'failed' : 'unknown';
};

/** The effect that was under way when the work ended; what a peer did, but not as agreed, was not given up. */
const givenUpBy = (event: RunEvent, command: RunCommand, run: Run): GivenUp | undefined => {
  if (!isEnded(event) || event.data.failure.kind === unfitFailure) return undefined;
  const effect = run.checkpoint.in_progress[workKey(event.data)]?.effect;
  return effect && { ended: event, effect, outcome: outcomeOf(event, effect, command) };
};

/** The letter of the same work that is still open goes on, unless another effect of it may have happened. */
const letterIdOf = (run: Run, { ended: { data }, effect }: GivenUp): string => {
  const open = lettersOf(run, data).find(({ status, outcome, effect_id }) => (status === 'open' || status === 'retry_requested' || status === 'retrying') && (outcome !== 'unknown' || effect_id === effect.effect_id));
  return open?.dead_letter_id ?? deadLetterIdOf(run, data);
};

const options: readonly RecoveryOption[] = ['retry', 'ignore', 'abandon'];

const proposalOf = (run: Run, definition: AutomationDefinition, { ended: { data }, effect, outcome }: GivenUp): Extract<RunEvent, { event_type: 'compensation_proposed' }>['data'] | undefined => {
  const node = flowGraph(definition).nodes.get(data.node_id);
  const declared = node && declaredCompensation(node);
  return declared && { compensation_id: compensationIdOf(run, data), node_id: data.node_id, ...itemOf(data), effect_id: effect.effect_id, outcome, ...declared };
};

const letterEvents = (run: Run, definition: AutomationDefinition, givenUp: GivenUp): readonly RunEvent[] => {
  const { ended: { data }, effect, outcome } = givenUp;
  const dead_letter_id = letterIdOf(run, givenUp);
  const proposal = proposalOf(run, definition, givenUp);
  const compensation = proposal === undefined ? {} : { compensation_id: proposal.compensation_id };
  const letter: RunEvent = {
    event_type: 'effect_dead_lettered',
    data: {
      dead_letter_id, node_id: data.node_id, ...itemOf(data), effect_id: effect.effect_id, outcome, attempts: data.attempt, reason: data.failure.message,
      recovery_options: proposal === undefined ? options : [...options, 'compensate'], ...compensation,
    },
  };
  if (proposal === undefined || Object.hasOwn(recoveryOf(run).compensations, proposal.compensation_id)) return [letter];
  return [letter, { event_type: 'compensation_proposed', data: { ...proposal, dead_letter_id } }];
};

/**
 * Behind an event that ends work whose effect was under way: the dead letter that people find it by and,
 * where the definition declares one, a proposal of what undoes it (domain 9.3).
 */
export const withGivenUpEffects = (command: RunCommand, run: Run, { events, definition }: { readonly events: readonly RunEvent[]; readonly definition: AutomationDefinition }): readonly RunEvent[] => {
  if (!events.some(isEnded)) return events;
  return events.flatMap((event) => {
    const givenUp = givenUpBy(event, command, run);
    return givenUp === undefined ? [event] : [event, ...letterEvents(run, definition, givenUp)];
  });
};
