import type { Refusal } from './refusal.js';

/** What a decider answers: the events that now hold, or a typed refusal. No events and no refusal means nothing to do. */
export type Decision<Event, No extends Refusal = Refusal> =
  | { readonly kind: 'accepted'; readonly events: readonly Event[] }
  | { readonly kind: 'refused'; readonly refusal: No };

export const accept = <Event>(...events: readonly Event[]): Decision<Event, never> => ({ kind: 'accepted', events });

export const refuse = <No extends Refusal>(refusal: No): Decision<never, No> => ({ kind: 'refused', refusal });

/**
 * An aggregate's logic: total, pure functions. `decide` judges a command against a state,
 * `evolve` folds one recorded event and never refuses it.
 */
export interface Decider<Command, State, Event, No extends Refusal = Refusal> {
  readonly decide: (command: Command, state: State) => Decision<Event, No>;
  readonly evolve: (state: State, event: Event) => State;
  readonly initialState: State;
}
