import type { EffectIntent, RunCheckpoint } from '@cs/contracts';
import { workKey, workOfKey, type WorkRef } from './work-key.js';
import { without } from './without.js';

type Unknown = Pick<RunCheckpoint, 'unknown_effects'>;

export const unknownEffect = ({ unknown_effects }: RunCheckpoint, work: WorkRef, effect_id: string | undefined): Unknown =>
  effect_id === undefined ? {} : { unknown_effects: { ...unknown_effects, [workKey(work)]: effect_id } };

/** Repeating a `safe` effect changes nothing, so that it does not matter whether it happened. */
export const isLost = (effect: EffectIntent | undefined): effect is EffectIntent => effect !== undefined && effect.mode !== 'safe';

/** Attempts under way that nobody will hear of. */
export const lostEffects = ({ unknown_effects, in_progress }: RunCheckpoint): Unknown => {
  const lost = Object.entries(in_progress).flatMap(([key, { effect }]) => (isLost(effect) ? [[key, effect.effect_id]] : []));
  return lost.length === 0 ? {} : { unknown_effects: { ...unknown_effects, ...Object.fromEntries(lost) } };
};

/** What became of an effect is known; of a whole node, of its items too. */
export const knownEffect = ({ unknown_effects }: RunCheckpoint, work: WorkRef): Unknown => {
  if (unknown_effects === undefined) return {};
  const key = workKey(work);
  const items = work.item === undefined ? Object.keys(unknown_effects).filter((other) => workOfKey(other).node_id === work.node_id) : [];
  return { unknown_effects: without(unknown_effects, key, ...items) };
};
