import type { AutomationDefinition, FlowNode, GuardrailLimits, Run } from '@cs/contracts';
import { runtimeMs, usageOf } from './run-accounting.js';

type Limit = keyof GuardrailLimits;

/** A limit that a run has used up. */
export interface ReachedGuardrail {
  readonly limit: Limit;
  readonly allowed: number;
  readonly used: number;
}

const limits: readonly Limit[] = ['max_total_runtime_ms', 'max_total_tokens', 'max_total_cost_usd', 'max_total_tool_calls'];

/** The limits of a run: those of its definition, each replaced by what an operator set for this run. */
export const guardrailsOf = ({ guardrail_overrides = {} }: Run, { execution = {} }: AutomationDefinition): GuardrailLimits =>
  Object.fromEntries(limits.flatMap((limit) => {
    const allowed = guardrail_overrides[limit] ?? execution[limit];
    return allowed === undefined ? [] : [[limit, allowed]];
  }));

const usedOf = (run: Run, at_ms: number): Readonly<Record<Limit, number>> => {
  const { total_tokens, estimated_cost_usd, tool_calls } = usageOf(run);
  return { max_total_runtime_ms: runtimeMs(run, at_ms), max_total_tokens: total_tokens, max_total_cost_usd: estimated_cost_usd, max_total_tool_calls: tool_calls };
};

/** Kinds that compute, or ask a person. */
const noCalls: ReadonlySet<string> = new Set(['transform', 'question', 'escalation']);

/** A node that does something outside the process: what counts as a call. */
const isCall = ({ action }: FlowNode): boolean => action !== undefined && !noCalls.has(action.kind);

/**
 * The first limit that keeps a node from starting, if any. A node that is in flight when a limit is
 * reached is not aborted: its own time limit bounds it, and an effect that is cut off would have to be
 * reconciled. Pure nodes are no calls, so that a run may still end after its last one.
 */
export const guardrailAgainst = (run: Run, node: FlowNode, { definition, at_ms }: { readonly definition: AutomationDefinition; readonly at_ms: number }): ReachedGuardrail | undefined => {
  const allowed = guardrailsOf(run, definition);
  const used = usedOf(run, at_ms);
  for (const limit of limits) {
    const most = allowed[limit];
    if (most !== undefined && used[limit] >= most && (limit !== 'max_total_tool_calls' || isCall(node))) return { limit, allowed: most, used: used[limit] };
  }
  return undefined;
};

/** Every limit that the run has used up, whatever it would do next. */
export const reachedGuardrails = (run: Run, { definition, at_ms }: { readonly definition: AutomationDefinition; readonly at_ms: number }): readonly ReachedGuardrail[] => {
  const allowed = guardrailsOf(run, definition);
  const used = usedOf(run, at_ms);
  return limits.flatMap((limit) => {
    const most = allowed[limit];
    return most !== undefined && used[limit] >= most ? [{ limit, allowed: most, used: used[limit] }] : [];
  });
};

export const describeGuardrail = ({ limit, allowed, used }: ReachedGuardrail): string => `${limit} is ${allowed}, and the run has used ${used}`;
