import type { EffectIntent, FlowNode } from '@cs/contracts';
import type { NodeResult } from './run.commands.js';

type Failed = Extract<NodeResult, { kind: 'failed' }>;

export type RetryDecision =
  | { readonly kind: 'retry'; readonly backoff_ms: number; readonly max_attempts: number }
  | { readonly kind: 'give_up'; readonly reason: 'not_retryable' | 'attempts_exhausted' }
  /** The outcome is unknown and sending it again could do it twice. */
  | { readonly kind: 'unknown' };

const dayMs = 24 * 3_600_000;
const defaultBackoff = { strategy: 'exponential', initial_delay_ms: 1000, multiplier: 2, max_delay_ms: 30_000 } as const;

/** delay(attempt) = initial × multiplier^(attempt−1), capped by the policy and by 24 h (domain 2.7). */
export const backoffMs = (policy: FlowNode['retry_policy'], attempt: number): number => {
  const backoff = policy?.backoff ?? defaultBackoff;
  if (backoff.strategy === 'none') return 0;
  const growth = backoff.strategy === 'fixed' ? 1 : Math.min(backoff.multiplier ** (attempt - 1), Number.MAX_VALUE);
  return Math.round(Math.min(backoff.initial_delay_ms * growth, backoff.max_delay_ms ?? dayMs, dayMs));
};

const normalise = (name: string): string => name.trim().toLowerCase().replace(/[- ]/g, '_');

const isListed = (policy: FlowNode['retry_policy'], kind: string): boolean => {
  const classes = (policy?.retryable_failure_classes ?? []).map(normalise);
  return classes.length === 0 || classes.includes('*') || classes.includes(normalise(kind));
};

/** The peer's wish as whole milliseconds; what is no duration counts as none. */
const wishedMs = (wish: number | undefined): number => (wish !== undefined && wish > 0 ? Math.ceil(Math.min(wish, dayMs)) : 0);

const scheduleRetry = (policy: FlowNode['retry_policy'], result: Failed, attempt: number): RetryDecision => {
  if (!result.retryable || !isListed(policy, result.failure.kind)) return { kind: 'give_up', reason: 'not_retryable' };
  const max_attempts = policy?.max_attempts ?? 3;
  if (attempt >= max_attempts) return { kind: 'give_up', reason: 'attempts_exhausted' };
  return { kind: 'retry', max_attempts, backoff_ms: Math.max(backoffMs(policy, attempt), wishedMs(result.retry_after_ms)) };
};

/**
 * Whether a failed attempt is repeated. An effect whose peer does not promise to do it once is only
 * repeated when it certainly never left; with an unknown outcome it is handed to a person.
 */
export const decideRetry = (node: FlowNode, { result, mode, attempt }: { readonly result: Failed; readonly mode: EffectIntent['mode'] | undefined; readonly attempt: number }): RetryDecision => {
  const once = mode === 'none' && result.effect !== 'not_sent';
  if (!once) return scheduleRetry(node.retry_policy, result, attempt);
  return result.effect === 'unknown' ? { kind: 'unknown' } : { kind: 'give_up', reason: 'not_retryable' };
};
