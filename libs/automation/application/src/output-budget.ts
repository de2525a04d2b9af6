import type { NodeResult } from '@cs/automation-domain';
import type { Run } from '@cs/contracts';
import type { Json } from '@cs/kernel';

/** Characters of JSON that the outputs and pinned lists of one run may have together: a run is answered as one message. */
export const maxRunOutputLength = 4 * 1024 * 1024;

type Failed = Extract<NodeResult, { kind: 'failed' }>;

const lengthOf = (value: unknown): number => JSON.stringify(value).length;

const storedLength = ({ checkpoint: { node_outputs, fan_outs = {} } }: Run): number =>
  Object.values(fan_outs).reduce((sum, { items, outputs }) => sum + lengthOf(items) + lengthOf(outputs), lengthOf(node_outputs));

/** Keeps the outputs of a run within what can be stored, projected and answered as a whole. */
export class OutputBudget {
  #used: number | undefined;

  /** The result, or a failure where its output would not fit any more. */
  charge(run: Run, result: NodeResult): NodeResult {
    return result.kind === 'failed' ? result : (this.#charge(run, lengthOf(result.content)) ?? result);
  }

  /** A failure where the list of a fan-out would not fit any more. */
  chargeItems(run: Run, items: readonly Json[]): Failed | undefined {
    return this.#charge(run, lengthOf(items));
  }

  /** The list of a fan-out that is over is kept no longer. */
  releaseItems(items: readonly Json[]): void {
    if (this.#used !== undefined) this.#used -= lengthOf(items);
  }

  #charge(run: Run, length: number): Failed | undefined {
    this.#used ??= storedLength(run);
    if (this.#used + length <= maxRunOutputLength) {
      this.#used += length;
      return undefined;
    }
    const message = `the outputs of this run would have ${this.#used + length} characters; at most ${maxRunOutputLength} are kept: let a step select what is needed`;
    // The peer answered: what it did is done, and doing it again would not make the answer smaller.
    return { kind: 'failed', failure: { kind: 'output_too_large', message }, effect: 'answered', retryable: false };
  }
}
