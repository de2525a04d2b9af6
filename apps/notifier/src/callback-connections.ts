import type { Channel, ChannelConnection } from '@cs/contracts';
import type { AdapterOutcome } from '@cs/notification';

/** A channel, and what tells its platform where to call back. */
export interface Connectable {
  readonly channel: Channel;
  readonly connect: (callbackUrl: string) => Promise<AdapterOutcome>;
}

export interface CallbackConnectionsOptions {
  /** The gateway as platforms reach it. */
  readonly publicUrl: string;
  /** Keeps what came of it. What fails is done again with the next attempt. */
  readonly note: (channel: Channel, connection: Omit<ChannelConnection, 'since_ms'>) => Promise<void>;
  /** Said once for each installation whose platform could not be told. */
  readonly onProblem: (channel: Channel, problem: string) => void;
  /** Resolves after so many ms, or as soon as the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A platform asks the address while it is told, and at a start the gateway may not listen yet: so much is no problem. */
const quietAttempts = 2;
const firstPauseMs = 1_000;
const maxPauseMs = 10 * 60_000;
const jitter = 0.2;
const maxReason = 500;

/** 1 s, doubling, ten minutes at most, 20 % more or less by chance; never shorter than the platform asked for. */
export const connectPauseMs = (attempt: number, { retryAfterMs = 0, random }: { readonly retryAfterMs?: number | undefined; readonly random: number }): number =>
  Math.round(Math.max(Math.min(firstPauseMs * 2 ** (attempt - 1), maxPauseMs) * (1 - jitter + 2 * jitter * random), Math.min(retryAfterMs, maxPauseMs)));

interface Attempt {
  readonly connectable: Connectable;
  readonly callback_url: string;
  readonly number: number;
}

/** Tells platforms where to call back, until they took it. Telling them again changes nothing, so every process tells at its start and after each change. */
export class CallbackConnections {
  readonly #options: CallbackConnectionsOptions;
  readonly #running = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();

  constructor(options: CallbackConnectionsOptions) {
    this.#options = options;
  }

  /** Begins to tell the platform of an installation; what was begun for the same key before ends first. `undefined`: only ends it. */
  async use(key: string, connectable: Connectable | undefined): Promise<void> {
    const before = this.#running.get(key);
    this.#running.delete(key);
    before?.stop.abort();
    if (connectable === undefined) return before?.done;
    const stop = new AbortController();
    const begun = before?.done ?? Promise.resolve();
    this.#running.set(key, { stop, done: begun.then(() => this.#tell(connectable, stop.signal)) });
    return begun;
  }

  async stop(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ done }) => done));
  }

  async #tell(connectable: Connectable, signal: AbortSignal): Promise<void> {
    const callback_url = `${this.#options.publicUrl.replace(/\/+$/, '')}/channels/callbacks/${connectable.channel.callback_id}`;
    for (let number = 1; !signal.aborted; number += 1) {
      const retryAfterMs = await this.#attempt({ connectable, callback_url, number });
      if (retryAfterMs === undefined) return;
      await this.#options.pause(connectPauseMs(number, { retryAfterMs, random: this.#options.random() }), signal);
    }
  }

  /** `undefined` when nothing is left to do; else how long the platform wants to be left alone, in ms. */
  async #attempt({ connectable: { channel, connect }, callback_url, number }: Attempt): Promise<number | undefined> {
    try {
      const outcome = await connect(callback_url);
      if (outcome.kind === 'sent') return void (await this.#options.note(channel, { status: 'connected', callback_url }));
      this.#sayOnce(number, channel, `it is not called back: ${outcome.reason}`);
      if (number > quietAttempts) await this.#options.note(channel, { status: 'failed', callback_url, reason: outcome.reason.slice(0, maxReason) });
      return outcome.kind === 'transient' ? (outcome.retry_after_ms ?? 0) : 0;
    } catch (error) {
      this.#sayOnce(number, channel, `whether it is called back cannot be recorded: ${error instanceof Error ? error.message : 'unknown'}`);
      return 0;
    }
  }

  #sayOnce(number: number, channel: Channel, problem: string): void {
    if (number === quietAttempts + 1) this.#options.onProblem(channel, problem);
  }
}
