import type { Run } from '@cs/contracts';
import { workKey, type WorkRef } from './work-key.js';

/**
 * Attempts of a node that do not count against its retries. The numbers of attempts go on, because waits,
 * child runs, dead letters and reports of usage are named after them.
 */
export const earlierAttempts = ({ checkpoint }: Run, work: WorkRef): number => checkpoint.earlier_attempts?.[workKey(work)] ?? 0;

/** These nodes have all their attempts again, and all their time. */
export const beginAnew = ({ checkpoint }: Run, nodes: readonly string[]): Pick<Run['checkpoint'], 'earlier_attempts' | 'first_started_at_ms'> => {
  const { node_attempts, earlier_attempts, first_started_at_ms = {} } = checkpoint;
  const attempted = nodes.filter((id) => Object.hasOwn(node_attempts, id));
  const started = Object.entries(first_started_at_ms).filter(([id]) => !nodes.includes(id));
  return {
    earlier_attempts: { ...earlier_attempts, ...Object.fromEntries(attempted.map((id) => [id, node_attempts[id] ?? 0])) },
    first_started_at_ms: Object.fromEntries(started),
  };
};
