import type { Dispatcher } from 'undici';
import { describeNotSent, describeUnknown } from './describe-failure.js';
import type { OutboundResult } from './outbound-result.js';

type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;
export interface Stop {
  readonly reason: 'timeout' | 'aborted';
  readonly message: string;
}

const flatten = (headers: IncomingHeaders): Record<string, string> => {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && name !== '__proto__') flat[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
};

/**
 * One request on one connection. undici calls `onRequestStart` immediately before it writes to a
 * connected socket: what fails earlier was not sent, what fails later may have been.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly result: Promise<OutboundResult>;
  #settle: (result: OutboundResult) => void = () => undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #headers: IncomingHeaders = {};
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(readonly maxBytes: number) {
    this.result = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Started before: undici would write the request a second time. Settled: stopped while it was queued.
    if (this.#controller !== undefined || this.#settled) controller.abort(new Error('stopped'));
    else this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const room = this.maxBytes - this.#size;
    this.#chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    this.#size += chunk.length;
    if (chunk.length <= room) return;
    this.#answer(false);
    controller.abort(new Error('the answer is longer than the limit'));
  }

  onResponseEnd(): void {
    this.#answer(true);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish(this.#controller ? describeUnknown(error) : describeNotSent(error));
  }

  /** Ends it now, whatever it is doing. */
  stop({ reason, message }: Stop): void {
    this.#finish({ kind: this.#controller ? 'unknown' : 'not_sent', reason, message });
    this.#controller?.abort(new Error(message));
  }

  #answer(complete: boolean): void {
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks);
    this.#finish({ kind: 'answered', status: this.#status, headers: flatten(this.#headers), body, complete });
  }

  #finish(result: OutboundResult): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settle(result);
  }
}
