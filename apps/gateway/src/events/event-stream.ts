import type { ServerResponse } from 'node:http';
import type { EventSubscription } from './event-source.adapter.js';
import { addFrame, gapNotice, greeting, heartbeat } from './event-frame.js';

export interface EventStreamTimes {
  readonly heartbeatMs: number;
  /** A client that takes nothing for so long is disconnected; it resumes by `Last-Event-ID`. */
  readonly stalledMs: number;
}

/** Bytes that are gathered into one write. */
const maxBatchBytes = 64 * 1024;

/**
 * One client's stream: writes what arrives, many events in one write. While the client takes nothing,
 * nothing is taken from the broker, so that what waits here stays bounded.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #times: EventStreamTimes;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #flush: NodeJS.Immediate | undefined;
  #draining: Promise<void> | undefined;

  constructor(response: ServerResponse, times: EventStreamTimes) {
    this.#response = response;
    this.#times = times;
  }

  /** Resolves when the client is gone or the subscription ended. Throws when the subscription failed. */
  async run({ messages, gap }: EventSubscription): Promise<void> {
    this.#add(greeting);
    if (gap) this.#add(gapNotice);
    this.#write();
    const beat = setInterval(() => this.#beat(), this.#times.heartbeatMs);
    this.#response.once('close', () => messages.stop());
    if (this.#response.destroyed) messages.stop();
    try {
      for await (const message of messages) {
        this.#bytes += addFrame(this.#chunks, message);
        if (this.#bytes >= maxBatchBytes) this.#write();
        else this.#flush ??= setImmediate(() => this.#write());
        if (this.#draining !== undefined) await this.#draining;
      }
    } finally {
      clearInterval(beat);
      this.#end();
    }
  }

  #add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
  }

  #beat(): void {
    if (this.#bytes > 0 || this.#draining !== undefined) return;
    this.#add(heartbeat);
    this.#write();
  }

  #write(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    if (this.#bytes === 0 || this.#response.destroyed) return;
    const batch = Buffer.concat(this.#chunks, this.#bytes);
    this.#chunks = [];
    this.#bytes = 0;
    if (!this.#response.write(batch)) this.#draining ??= this.#drained();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const stalled = setTimeout(() => this.#response.destroy(), this.#times.stalledMs);
      const settle = (): void => {
        clearTimeout(stalled);
        this.#response.off('drain', settle).off('close', settle);
        this.#draining = undefined;
        resolve();
      };
      this.#response.on('drain', settle).on('close', settle);
    });
  }

  #end(): void {
    this.#write();
    if (!this.#response.destroyed) this.#response.end();
  }
}
