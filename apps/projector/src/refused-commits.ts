import { noPosition, type Position } from '@cs/kernel';
import type { BatchRefusedError } from './projection-session.js';

/**
 * What is known of commits that could not be written. A refused batch is tried again commit by commit,
 * and the commit at fault is set aside.
 */
export class RefusedCommits {
  readonly #reasons = new Map<Position, string>();
  #oneByOneUpTo = noPosition;

  /** Why commits are set aside, by position. */
  get reasons(): ReadonlyMap<Position, string> {
    return this.#reasons;
  }

  /** Commits up to here are projected one by one. */
  get oneByOneUpTo(): Position {
    return this.#oneByOneUpTo;
  }

  /** What to do about a refusal: `stuck` when the commit is refused although it is set aside already. */
  learn(error: BatchRefusedError): 'one by one' | 'set aside' | 'stuck' {
    if (error.from !== error.to) {
      this.#oneByOneUpTo = error.to;
      return 'one by one';
    }
    if (this.#reasons.has(error.from)) return 'stuck';
    this.#reasons.set(error.from, `cannot be projected: ${error.message}`);
    return 'set aside';
  }

  /** Whether the commit that was written now had been set aside. */
  forget(position: Position): boolean {
    return this.#reasons.delete(position);
  }
}
