import type { NodeResult } from '@cs/automation-domain';
import type { Run } from '@cs/contracts';

/** Characters of JSON that the outputs of one run may have together: a run is answered as one message. */
export const maxRunOutputLength = 4 * 1024 * 1024;

/** Keeps the outputs of a run within what can be stored, projected and answered as a whole. */
export class OutputBudget {
  #used: number | undefined;

  /** The result, or a failure where its output would not fit any more. */
  charge(run: Run, result: NodeResult): NodeResult {
    if (result.kind === 'failed') return result;
    this.#used ??= JSON.stringify(run.checkpoint.node_outputs).length;
    const length = JSON.stringify(result.content).length;
    if (this.#used + length <= maxRunOutputLength) {
      this.#used += length;
      return result;
    }
    const message = `the outputs of this run would have ${this.#used + length} characters; at most ${maxRunOutputLength} are kept: let a step select what is needed`;
    // The peer answered: what it did is done, and doing it again would not make the answer smaller.
    return { kind: 'failed', failure: { kind: 'output_too_large', message }, effect: 'answered', retryable: false };
  }
}
