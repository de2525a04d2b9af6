import type { EffectIntent, FlowNode } from '@cs/contracts';
import { isJsonObject, type Json } from '@cs/kernel';
import { failureClass, isTransient, normaliseClass } from './failure-class.js';
import type { NodeResult } from './run.commands.js';

type Failed = Extract<NodeResult, { kind: 'failed' }>;
type Policy = FlowNode['retry_policy'];

export type RetryDecision =
  | { readonly kind: 'retry'; readonly reason: 'retry_scheduled' | 'retry_allowed'; readonly backoff_ms: number; readonly max_attempts: number }
  | { readonly kind: 'give_up'; readonly reason: 'not_retryable' | 'attempts_exhausted' | 'elapsed_time_exhausted' }
  /** The outcome is unknown and sending it again could do it twice. */
  | { readonly kind: 'unknown' };

const dayMs = 24 * 3_600_000;
const defaultBackoff = { strategy: 'exponential', initial_delay_ms: 1000, multiplier: 2, max_delay_ms: 30_000 } as const;
/** Peers that cannot be reached, or say that they are busy, get a little longer: 2 s, 5 s, 8 s. */
const transientBackoff = { strategy: 'exponential', initial_delay_ms: 2000, multiplier: 2.5, max_delay_ms: 8000 } as const;

const defaultAttempts = 3;
const demandingAttempts = 5;
const mostAttempts = 10;
/** A policy cannot give up on a peer that is away for a moment before so many attempts. */
const transientFloor = 3;

const hasNames = (value: Json | undefined): boolean => Array.isArray(value) && value.length > 0;

/** Research, and work that cannot be done without certain tools, is tried more often. */
const isDemanding = ({ output_contract, metadata = {} }: FlowNode): boolean => {
  const builder = isJsonObject(metadata['builder']) ? metadata['builder'] : {};
  return output_contract?.validator === 'research_brief' || output_contract?.kind === 'research_brief' || hasNames(metadata['required_tools']) || hasNames(builder['required_tools']);
};

const wholeNumber = (value: unknown): number | undefined => (typeof value === 'number' && Number.isInteger(value) ? value : undefined);

/** Attempts that a node has in all: 1 to 10, as its policy, its older `max_attempts` or its kind says (domain 2.7). */
export const maxAttemptsOf = (node: FlowNode): number => {
  const said = wholeNumber(node.retry_policy?.max_attempts) ?? wholeNumber(node.max_attempts) ?? wholeNumber(node.metadata?.['max_attempts']);
  return Math.min(Math.max(said ?? (isDemanding(node) ? demandingAttempts : defaultAttempts), 1), mostAttempts);
};

/** delay(attempt) = initial × multiplier^(attempt−1), capped by the policy and by 24 h (domain 2.7). */
export const backoffMs = (policy: Policy, attempt: number, failureKind?: string): number => {
  const backoff = policy?.backoff ?? (failureKind !== undefined && isTransient(failureKind) ? transientBackoff : defaultBackoff);
  if (backoff.strategy === 'none') return 0;
  const growth = backoff.strategy === 'fixed' ? 1 : Math.min(backoff.multiplier ** (attempt - 1), Number.MAX_VALUE);
  return Math.round(Math.min(backoff.initial_delay_ms * growth, backoff.max_delay_ms ?? dayMs, dayMs));
};

/** A policy lists classes of the domain, or the kinds of failures themselves, in any spelling. */
const isListed = (policy: Policy, kind: string): boolean => {
  const classes = (policy?.retryable_failure_classes ?? []).map(normaliseClass);
  return classes.length === 0 || classes.includes('*') || classes.includes(normaliseClass(kind)) || classes.includes(failureClass(kind));
};

/** The peer's wish as whole milliseconds; what is no duration counts as none. */
const wishedMs = (wish: number | undefined): number => (wish !== undefined && wish > 0 ? Math.ceil(Math.min(wish, dayMs)) : 0);

export interface FailedAttempt {
  readonly result: Failed;
  readonly mode: EffectIntent['mode'] | undefined;
  readonly attempt: number;
  /** Attempts before this one that do not count. Default 0. */
  readonly earlier?: number;
  readonly at_ms: number;
  /** When the first attempt began; absent where nobody knows. */
  readonly first_started_at_ms?: number | undefined;
}

const isTooLate = (policy: Policy, { at_ms, first_started_at_ms = at_ms }: FailedAttempt, backoff_ms: number): boolean =>
  policy?.max_elapsed_ms !== undefined && at_ms + backoff_ms - first_started_at_ms > policy.max_elapsed_ms;

const scheduleRetry = (node: FlowNode, failed: FailedAttempt): RetryDecision => {
  const { result, attempt, earlier = 0 } = failed;
  const { kind } = result.failure;
  if (!result.retryable || !isListed(node.retry_policy, kind)) return { kind: 'give_up', reason: 'not_retryable' };
  const max_attempts = earlier + Math.max(maxAttemptsOf(node), isTransient(kind) ? transientFloor : 1);
  if (attempt >= max_attempts) return { kind: 'give_up', reason: 'attempts_exhausted' };
  const backoff_ms = Math.max(backoffMs(node.retry_policy, attempt - earlier, kind), wishedMs(result.retry_after_ms));
  if (isTooLate(node.retry_policy, failed, backoff_ms)) return { kind: 'give_up', reason: 'elapsed_time_exhausted' };
  return { kind: 'retry', reason: backoff_ms > 0 ? 'retry_scheduled' : 'retry_allowed', max_attempts, backoff_ms };
};

/**
 * Whether a failed attempt is repeated. An effect whose peer does not promise to do it once is only
 * repeated when it certainly never left; with an unknown outcome it is handed to a person.
 */
export const decideRetry = (node: FlowNode, failed: FailedAttempt): RetryDecision => {
  const once = failed.mode === 'none' && failed.result.effect !== 'not_sent';
  if (!once) return scheduleRetry(node, failed);
  return failed.result.effect === 'unknown' ? { kind: 'unknown' } : { kind: 'give_up', reason: 'not_retryable' };
};
