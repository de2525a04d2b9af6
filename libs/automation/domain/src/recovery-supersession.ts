import type { Run, RunCompensation, RunDeadLetter } from '@cs/contracts';
import { isPristineLetter, recoveryOf } from './run-recovery.js';
import { withCheckpoint } from './run.state.js';
import { workKey, type WorkRef } from './work-key.js';

interface Success {
  readonly effect_id: string;
  readonly at_ms: number;
}

/** A success makes moot what certainly did not happen before. An earlier effect that may have happened is still to be looked into. */
const isMoot = ({ effect_id, outcome }: { readonly effect_id?: string | undefined; readonly outcome?: string | undefined }, success: Success): boolean => outcome === 'failed' || outcome === undefined || effect_id === success.effect_id;

const retrySucceeded = { disposition: 'retry_succeeded', reason: 'a later attempt succeeded', actor: { kind: 'system', source: 'runner' } } as const;

/** `undefined`: nobody had touched it, so it is gone. */
const letterAfter = (letter: RunDeadLetter, success: Success): RunDeadLetter | undefined => {
  if (isPristineLetter(letter)) return undefined;
  const superseded = { ...letter, superseded: success, updated_at_ms: success.at_ms };
  return letter.status === 'retry_requested' || letter.status === 'retrying' ? { ...superseded, status: 'resolved', disposition: { ...retrySucceeded, at_ms: success.at_ms } } : superseded;
};

const compensationAfter = (compensation: RunCompensation, success: Success): RunCompensation | undefined =>
  compensation.status === 'proposed' && compensation.receipt_effect_id === undefined ? undefined : { ...compensation, superseded: success, updated_at_ms: success.at_ms };

const mapRecord = <Value>(record: Readonly<Record<string, Value>>, change: (value: Value) => Value | undefined): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).flatMap(([id, value]) => {
    const changed = change(value);
    return changed === undefined ? [] : [[id, changed]];
  }));

/** The work has succeeded: what was given up of it before is gone where nobody touched it, and says so elsewhere (domain 9.3). */
export const supersede = (run: Run, work: WorkRef, success: Success): Run => {
  if (run.checkpoint.recovery === undefined) return run;
  const { dead_letters, compensations } = recoveryOf(run);
  const key = workKey(work);
  return withCheckpoint(run, {
    recovery: {
      dead_letters: mapRecord(dead_letters, (letter) => (workKey(letter) === key && letter.superseded === undefined && isMoot(letter, success) ? letterAfter(letter, success) : letter)),
      compensations: mapRecord(compensations, (compensation) =>
        workKey(compensation) === key && compensation.superseded === undefined && compensation.outcome !== 'succeeded' && isMoot(compensation, success) ? compensationAfter(compensation, success) : compensation),
    },
  });
};

/** A person found out that an effect did not happen: its letter says so from now on. */
export const knownToHaveFailed = (run: Run, effect_id: string, at_ms: number): Run => {
  if (run.checkpoint.recovery === undefined) return run;
  const { dead_letters, compensations } = recoveryOf(run);
  return withCheckpoint(run, {
    recovery: {
      dead_letters: mapRecord(dead_letters, (letter) => (letter.effect_id === effect_id ? { ...letter, outcome: 'failed', updated_at_ms: at_ms } : letter)),
      compensations: mapRecord(compensations, (compensation) => (compensation.effect_id === effect_id && compensation.outcome === 'unknown' ? { ...compensation, outcome: 'failed', updated_at_ms: at_ms } : compensation)),
    },
  });
};
