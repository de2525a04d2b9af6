import { Gauge, Histogram, type Registry } from 'prom-client';

interface Finished {
  readonly method: string;
  /** The catalogue's path, so that ids make no series of their own. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** Durations of requests by route, and how many event streams are open. */
export class RequestMetrics {
  readonly #durations: Histogram;
  readonly #series = new Map<string, { observe(seconds: number): void }>();

  constructor(registry: Registry, openStreams: () => number) {
    this.#durations = new Histogram({
      name: 'countersign_http_request_duration_seconds', help: 'Time from the first byte of a request to the last of its answer', registers: [registry],
      labelNames: ['method', 'route', 'status'], buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
    new Gauge({
      name: 'countersign_event_streams', help: 'Open streams of server-sent events', registers: [registry],
      collect() {
        this.set(openStreams());
      },
    });
  }

  observe({ method, route, status, durationMs }: Finished): void {
    const key = `${method} ${route} ${status}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = this.#durations.labels(method, route, String(status));
      this.#series.set(key, series);
    }
    series.observe(durationMs / 1000);
  }
}
