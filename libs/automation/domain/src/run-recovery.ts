import type { Run, RunCompensation, RunDeadLetter, RunRecovery } from '@cs/contracts';
import { effectIdOf, generationOf } from './node-generation.js';
import { withCheckpoint } from './run.state.js';
import { workKey, type WorkRef } from './work-key.js';

const nothing: RunRecovery = { dead_letters: {}, compensations: {} };

/** What was given up in a run, and what undoes it. */
export const recoveryOf = ({ checkpoint }: Pick<Run, 'checkpoint'>): RunRecovery => checkpoint.recovery ?? nothing;

export const lettersOf = (run: Run, work: WorkRef): readonly RunDeadLetter[] => Object.values(recoveryOf(run).dead_letters).filter((letter) => workKey(letter) === workKey(work));

export const withLetter = (run: Run, letter: RunDeadLetter): Run => {
  const recovery = recoveryOf(run);
  return withCheckpoint(run, { recovery: { ...recovery, dead_letters: { ...recovery.dead_letters, [letter.dead_letter_id]: letter } } });
};

export const withCompensation = (run: Run, compensation: RunCompensation): Run => {
  const recovery = recoveryOf(run);
  return withCheckpoint(run, { recovery: { ...recovery, compensations: { ...recovery.compensations, [compensation.compensation_id]: compensation } } });
};

/** `{what}-{run}-{node}-{generation}`, with the item: one for each effect. */
const idOf = (what: string, run: Run, work: WorkRef): string => `${what}-${run.run_id}-${work.node_id}-${generationOf(run, work).replace(':', '-')}`;
export const deadLetterIdOf = (run: Run, work: WorkRef): string => idOf('dead-letter', run, work);
export const compensationIdOf = (run: Run, work: WorkRef): string => idOf('compensation', run, work);

/** Nothing is to be done about it any more. */
export const isSettledLetter = ({ status }: Pick<RunDeadLetter, 'status'>): boolean => status === 'ignored' || status === 'resolved';
/** Nobody has touched it. */
export const isPristineLetter = ({ status, disposition, dispatches }: RunDeadLetter): boolean => status === 'open' && disposition === undefined && dispatches === 0;

/** The effect of the work, when an attempt of it may have happened: what a later attempt is answered says nothing of the earlier one. */
export const unknownEffectOf = (run: Run, work: WorkRef): string | undefined => {
  const lettered = lettersOf(run, work).find(({ outcome, effect_id }) => outcome === 'unknown' && effect_id === effectIdOf(run, work));
  return run.checkpoint.unknown_effects?.[workKey(work)] ?? lettered?.effect_id;
};
