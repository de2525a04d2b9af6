import { runAggregate } from '@cs/automation-application';
import type { RunState } from '@cs/automation-domain';
import { foldCommit, type Loaded, type StoredCommit } from '@cs/eventing';

export interface FoldedRunCommit {
  readonly folded: Loaded<RunState>;
  /** The run right after each event of the commit. Empty where only the state that the commit carries is known. */
  readonly steps: readonly RunState[];
}

/** A run one commit on, and what it was in between. */
export const foldRunCommit = (before: Loaded<RunState>, stored: StoredCommit): FoldedRunCommit => {
  const steps: RunState[] = [];
  const stepping: typeof runAggregate = {
    ...runAggregate,
    evolve: (state, event) => {
      const next = runAggregate.evolve(state, event);
      steps.push(next);
      return next;
    },
  };
  return { folded: foldCommit(stepping, before, stored), steps };
};

/** The commit without the state that it carries: it is folded event by event. */
export const withoutState = (stored: StoredCommit): StoredCommit => {
  const { state: _state, ...commit } = stored.commit;
  return { ...stored, commit };
};
