import type { FlowNode, GateDecision } from '@cs/contracts';

const synonyms: ReadonlyMap<string, GateDecision> = new Map<string, GateDecision>([
  ['approve', 'approve'],
  ['rework', 'rework'], ['changes', 'rework'], ['request_changes', 'rework'], ['ask_changes', 'rework'],
  ['cancel', 'cancel'], ['reject', 'cancel'], ['deny', 'cancel'],
]);

const everyDecision: readonly GateDecision[] = ['approve', 'rework', 'cancel'];

/** A decision by any of its names (domain 5.3); `undefined` for anything else. */
export const readDecision = (word: string): GateDecision | undefined => synonyms.get(word.trim().toLowerCase());

/**
 * What a gate accepts: its own list after synonyms, every decision when the list is empty, and rework
 * whenever it has rework targets.
 */
export const gateDecisions = (gate: FlowNode['gate']): { readonly decisions: readonly GateDecision[]; readonly unknown: readonly string[] } => {
  const words = gate?.decisions ?? [];
  const read = words.map(readDecision).filter((decision) => decision !== undefined);
  const offered = new Set(words.length === 0 ? everyDecision : read);
  if ((gate?.rework_targets.length ?? 0) > 0) offered.add('rework');
  return {
    decisions: everyDecision.filter((decision) => offered.has(decision)),
    unknown: words.filter((word) => readDecision(word) === undefined),
  };
};
