import type { Json, JsonObject } from '@cs/kernel';

/** An expression that could not be evaluated: what was wrong with it, and where in its text. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  constructor(message: string, readonly expression: string, readonly offset?: number) {
    super(message);
  }
}

/** Evaluates JSONata. Bounded in time, depth and size of its result; has no access to the process. */
export interface ExpressionEvaluator {
  /** The value, `undefined` when the expression selects nothing. Throws `ExpressionError`. */
  evaluate(expression: string, scope: JsonObject): Promise<Json | undefined>;
  /** Checks the syntax only; `undefined` when it is fine. */
  check(expression: string): ExpressionError | undefined;
}
