import type { StepOutcome } from './step-runner.port.js';

/** How a step ended. */
export interface EndedStep<Work> {
  readonly work: Work;
  readonly outcome: StepOutcome;
}

/** How long a stopping process waits for steps that are under way. */
const drainMs = 5000;

/** Steps of one run that are under way in this process, and those that ended and are not recorded yet. */
export class RunningSteps<Work extends { readonly key: string }> {
  readonly #abort = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  #ended: EndedStep<Work>[] = [];
  #nudged = false;
  #wake: (() => void) | undefined;

  /** Under way right now. */
  get size(): number {
    return this.#running.size;
  }

  isIdle(): boolean {
    return this.#running.size === 0 && this.#ended.length === 0;
  }

  launch(work: Work, perform: (signal: AbortSignal) => Promise<StepOutcome>): void {
    const run = perform(this.#abort.signal).then((outcome) => {
      this.#running.delete(work.key);
      this.#ended.push({ work, outcome });
      this.#wake?.();
    });
    this.#running.set(work.key, run);
  }

  /** What ended since this was last asked. */
  takeEnded(): readonly EndedStep<Work>[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  /** Someone else wrote to the run, or the process stops: `next` returns. */
  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  /** Waits for a step to end or for a nudge, and says which. */
  async next(): Promise<'ended' | 'nudged'> {
    while (this.#ended.length === 0 && !this.#nudged && this.#running.size > 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const nudged = this.#nudged;
    this.#nudged = false;
    return nudged ? 'nudged' : 'ended';
  }

  /** Waits, bounded, for what is under way. */
  async drain(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, drainMs)));
    await Promise.race([Promise.all(this.#running.values()), late]);
    clearTimeout(timer);
  }

  abort(): void {
    if (this.#running.size > 0) this.#abort.abort();
  }
}
