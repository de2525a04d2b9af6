import type { Run } from '@cs/contracts';
import type { WorkRef } from './work-key.js';

/** Counts resets of a node; for an item, with its index. */
export const generationOf = ({ checkpoint }: Run, { node_id, item }: WorkRef): string => `${checkpoint.node_generations[node_id] ?? 0}${item === undefined ? '' : `:${item}`}`;

/** Same run, node, generation and item: the same effect, whatever the attempt. */
export const effectIdOf = (run: Run, work: WorkRef): string => `${run.run_id}:${work.node_id}:${generationOf(run, work)}`;
