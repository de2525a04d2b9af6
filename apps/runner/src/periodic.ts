/** Calls again and again, never twice at a time; a failed call is reported and the next one follows as usual. */
export class Periodic {
  readonly #timer: NodeJS.Timeout;
  #calling: Promise<void> | undefined;

  constructor({ everyMs, call, onError }: { readonly everyMs: number; readonly call: () => Promise<void>; readonly onError: (error: unknown) => void }) {
    this.#timer = setInterval(() => {
      this.#calling ??= call().catch(onError).finally(() => (this.#calling = undefined));
    }, everyMs);
  }

  /** Resolves when what was begun has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#calling;
  }
}
