import type { NodeFailure } from '@cs/contracts';
import type { Json } from '@cs/kernel';

/** An `http` step with every expression resolved. May hold secrets: it is never stored or logged. */
export interface HttpStep {
  /** Node that it is of. */
  readonly node_id: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: Json;
  /** Status codes that count as success; absent means 200 to 299. */
  readonly expect_status?: readonly number[];
  /** How the answer's body is read; absent means by its media type. */
  readonly response?: 'json' | 'text';
  readonly idempotency?: { readonly header: string; readonly key: string };
  readonly timeout_ms: number;
  /** Values that must not show in outputs or failures. */
  readonly secrets: readonly string[];
}

/**
 * What happened to a step. `effect` says what is known of the outside world after a failure:
 * `not_sent` (nothing left the process), `answered` (the peer said no), `unknown` (it may have happened).
 */
export type StepOutcome =
  | { readonly kind: 'succeeded'; readonly output: Json }
  | { readonly kind: 'failed'; readonly failure: NodeFailure; readonly effect: 'not_sent' | 'answered' | 'unknown'; readonly retryable: boolean; readonly retry_after_ms?: number }
  /** The signal aborted it; nothing is recorded. */
  | { readonly kind: 'aborted' };

/** Does one HTTP effect, then says what happened. Never throws. */
export interface HttpStepRunner {
  run(step: HttpStep, signal: AbortSignal): Promise<StepOutcome>;
}
