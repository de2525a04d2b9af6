import type { Run } from '@cs/contracts';
import { receiptEffectIdOf } from './compensation.decider.js';
import { fanOutOf } from './fan-out.js';
import { recoveryOf } from './run-recovery.js';

/** Ids of the ledger follow from the SHA-256 of an effect's idempotency key, in hex (domain 9.3). */
export const ledgerIdsOf = (hash: string): { readonly effect_id: string; readonly outbox_id: string } => ({ effect_id: `effect-${hash.slice(0, 16)}`, outbox_id: `outbox-${hash.slice(0, 16)}` });

const isBegun = ({ checkpoint }: Run, node_id: string): boolean => Object.hasOwn(checkpoint.node_attempts, node_id) || checkpoint.completed_nodes.includes(node_id);

/** Of every reset of a node, and of every item of its list. */
const ofNode = (run: Run, node_id: string): readonly string[] => {
  const resets = run.checkpoint.node_generations[node_id] ?? 0;
  const generations = Array.from({ length: isBegun(run, node_id) ? resets + 1 : resets }, (_, generation) => `${run.run_id}:${node_id}:${generation}`);
  const items = fanOutOf(run, node_id)?.items ?? [];
  return generations.flatMap((id) => [id, ...items.map((_, item) => `${id}:${item}`)]);
};

/** The effects that a run may have had: of what was begun, of what was given up, and of what undoes them. */
export const runEffectIds = (run: Run): ReadonlySet<string> => {
  const { dead_letters, compensations } = recoveryOf(run);
  const { completed_nodes, pending_nodes } = run.checkpoint;
  return new Set([
    ...[...completed_nodes, ...pending_nodes].flatMap((node_id) => ofNode(run, node_id)), ...Object.values(dead_letters).flatMap(({ effect_id }) => (effect_id === undefined ? [] : [effect_id])),
    ...Object.values(compensations).flatMap((compensation) => [compensation.effect_id, receiptEffectIdOf(compensation)]),
  ]);
};
