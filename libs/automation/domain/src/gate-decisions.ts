import { isJsonObject } from '@cs/kernel';
import type { ApprovalWaitSpec, FlowNode, GateDecision } from '@cs/contracts';

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

const words = (value: unknown): string[] => (Array.isArray(value) ? value.filter((word): word is string => typeof word === 'string' && readDecision(word) !== undefined) : []);

/** The expiry of an approval that is written as a wait (domain 2.8). */
const expiryOf = ({ expires_after_ms, timeout }: ApprovalWaitSpec): Pick<NonNullable<FlowNode['gate']>, 'expiry_policy'> => {
  if (timeout === undefined) return expires_after_ms === undefined ? {} : { expiry_policy: { expires_after_ms } };
  const { on_timeout, ...rest } = timeout;
  return { expiry_policy: { ...rest, on_expiry: on_timeout } };
};

/** The gate of an approval node, however it is written: as a gate, as a wait of kind approval, or by a planner's metadata. */
export const gateOf = ({ gate, wait, metadata }: FlowNode): FlowNode['gate'] => {
  if (gate !== undefined) return gate;
  if (wait?.kind === 'approval') return { required: true, decisions: wait.decisions, rework_targets: [], ...expiryOf(wait) };
  const approval = metadata?.['approval'];
  return isJsonObject(approval) ? { required: true, decisions: words(approval['allowed_decisions'] ?? approval['decisions']), rework_targets: [] } : undefined;
};
