import { Histogram, type Registry } from 'prom-client';
import type { CallOutcome } from './rpc-outcome.js';

/** Told of each call that ended, by the name of its method. */
export type RpcMeter = (method: string, outcome: CallOutcome, seconds: number) => void;

/** How long calls of other services took, and how they ended, as who calls sees it. */
export class RpcMetrics {
  readonly #seconds: Histogram;
  readonly #series = new Map<string, { observe(seconds: number): void }>();

  constructor(registry: Registry) {
    this.#seconds = new Histogram({
      name: 'countersign_rpc_request_seconds', registers: [registry], labelNames: ['method', 'outcome'], buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      help: 'Time until a call of another service ended, as the caller sees it, by method and outcome: done, refused (by a rule), failed (the service could not, or not now), no_answer',
    });
  }

  readonly observe: RpcMeter = (method, outcome, seconds) => {
    const key = `${method} ${outcome}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = this.#seconds.labels(method, outcome);
      this.#series.set(key, series);
    }
    series.observe(seconds);
  };
}
