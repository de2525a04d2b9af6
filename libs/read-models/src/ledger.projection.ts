import type { Digest } from '@cs/eventing';
import type { CollectedRows } from './collected-rows.js';
import { projectEffects } from './effect-ledger.projection.js';
import { projectCompensations, projectLetters } from './recovery.projection.js';
import type { RunTransition } from './run-transition.js';

/** What was given up, what undoes it, and what left the system. */
export const projectLedger = (transition: RunTransition, rows: CollectedRows, digest: Digest): void => {
  for (const letter of projectLetters(transition, digest)) rows.dead_letters.add(letter);
  for (const compensation of projectCompensations(transition, digest)) rows.compensations.add(compensation);
  for (const { outbox, effect } of projectEffects(transition, digest)) {
    rows.outbox.add(outbox);
    rows.tool_effects.add(effect);
  }
};
