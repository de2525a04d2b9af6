import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ConsumerMeter, HandlingEnd } from './consumer-meter.port.js';

/** What operators see of the consumers of a process, each by its durable name. */
export class ConsumerMetrics implements ConsumerMeter {
  readonly #messages: Counter;
  readonly #redeliveries: Counter;
  readonly #seconds: Histogram;
  readonly #inFlight: Gauge;
  readonly #pending = new Map<string, () => Promise<number>>();

  constructor(registry: Registry) {
    const registers = [registry];
    const labelNames = ['consumer'];
    this.#messages = new Counter({ name: 'countersign_consumer_messages_total', help: 'Messages handled, by outcome: done, retry, failed (the handler threw; it comes again), dead_letter, unsettled', labelNames: [...labelNames, 'outcome'], registers });
    this.#redeliveries = new Counter({ name: 'countersign_consumer_redeliveries_total', help: 'Messages that had been delivered before', labelNames, registers });
    this.#seconds = new Histogram({ name: 'countersign_consumer_handling_seconds', help: 'Time from a delivery to its settlement', labelNames, buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60], registers });
    this.#inFlight = new Gauge({ name: 'countersign_consumer_in_flight', help: 'Messages being handled in this process', labelNames, registers });
    const read = (gauge: Gauge): Promise<void> => this.#readPending(gauge);
    new Gauge({ name: 'countersign_consumer_pending', help: 'Messages that no process has been given yet', labelNames, registers, collect() { return read(this); } });
  }

  /** Asks how many messages wait for the consumer whenever somebody reads the metrics. */
  watchPending(consumer: string, pending: () => Promise<number>): void {
    this.#pending.set(consumer, pending);
  }


  taken(consumer: string, isRedelivery: boolean): void {
    this.#inFlight.inc({ consumer });
    if (isRedelivery) this.#redeliveries.inc({ consumer });
  }

  settled(consumer: string, end: HandlingEnd, seconds: number): void {
    this.#inFlight.dec({ consumer });
    this.#messages.inc({ consumer, outcome: end });
    this.#seconds.observe({ consumer }, seconds);
  }

  /** A consumer that the broker does not tell of now has no figure, rather than an old one. */
  async #readPending(gauge: Gauge): Promise<void> {
    const known = await Promise.all([...this.#pending].map(async ([consumer, pending]) => ({ consumer, count: await pending().catch(() => undefined) })));
    gauge.reset();
    for (const { consumer, count } of known) if (count !== undefined) gauge.set({ consumer }, count);
  }
}
