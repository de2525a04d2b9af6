import type { OperationsCounts, OperationsQueries } from '@cs/read-models';
import { Gauge, type Registry } from 'prom-client';
import { setTimeout as delay } from 'node:timers/promises';

interface OperationsSources {
  readonly queries: OperationsQueries;
  /** A projector that stands by counts nothing, so that nothing is counted twice. */
  readonly isLeading: () => boolean;
  readonly clock: () => number;
}

/** Counts are taken again after so long; counting every run of a large database takes a fraction of a second. */
const freshMs = 15_000;
/** Whoever reads the metrics does not wait for a database that is slow or away. */
const patienceMs = 2000;

type Counts = OperationsCounts | undefined;
type Sample = readonly [labels: Record<string, string>, value: number];

/** How much of everything there is, counted in the database when somebody reads the metrics. No figures rather than old ones when that fails. */
export class OperationsMetrics {
  readonly #sources: OperationsSources;
  #taken: Promise<Counts> = Promise.resolve(undefined);
  #takenAtMs = -Infinity;

  constructor(registry: Registry, sources: OperationsSources) {
    this.#sources = sources;
    this.#gauge(registry, { name: 'countersign_runs', help: 'Runs by status', labels: ['status'] }, ({ runs }) => runs.map(({ status, count }) => [{ status }, count]));
    this.#gauge(registry, { name: 'countersign_gates_open', help: 'Open gates by how long they have been open: under_1h, under_1d, under_7d, over_7d', labels: ['age'] }, ({ open_gates }) => open_gates.map(({ age, count }) => [{ age }, count]));
    this.#gauge(registry, { name: 'countersign_dead_letters_open', help: 'Open dead letters by the consumer that gave up', labels: ['consumer'] }, ({ dead_letters }) => dead_letters.map(({ consumer, count }) => [{ consumer }, count]));
    this.#gauge(registry, { name: 'countersign_deliveries_open', help: 'Notices that have not come to their end, by state: pending, retrying', labels: ['state'] }, ({ deliveries }) => deliveries.map(({ status, count }) => [{ state: status }, count]));
    this.#ledgerGauges(registry);
  }

  #ledgerGauges(registry: Registry): void {
    const labels = ['collection', 'status'];
    this.#gauge(registry, { name: 'countersign_ledger_records', help: 'Records of the reliability ledger that are not settled, by collection (outbox, tool_effects, dead_letters, compensations) and status', labels }, ({ ledger }) =>
      ledger.map(({ collection, status, count }) => [{ collection, status }, count]));
    this.#gauge(registry, { name: 'countersign_ledger_oldest_seconds', help: 'Time since the last change of the record of the reliability ledger that is not settled and changed longest ago, by collection and status', labels }, ({ ledger }, nowMs) =>
      ledger.map(({ collection, status, oldest_at_ms }) => [{ collection, status }, Math.max(0, nowMs - oldest_at_ms) / 1000]));
  }

  #gauge(registry: Registry, { name, help, labels }: { readonly name: string; readonly help: string; readonly labels: string[] }, read: (counts: OperationsCounts, nowMs: number) => readonly Sample[]): void {
    const counts = (): Promise<Counts> => this.#counts();
    const { clock } = this.#sources;
    new Gauge({
      name, help, labelNames: labels, registers: [registry],
      async collect() {
        const taken = await counts();
        this.reset();
        for (const [of, value] of taken === undefined ? [] : read(taken, clock())) this.set(of, value);
      },
    });
  }

  /** One count for all gauges of one reading. */
  #counts(): Promise<Counts> {
    const { queries, isLeading, clock } = this.#sources;
    if (!isLeading()) return Promise.resolve(undefined);
    const now = clock();
    if (now - this.#takenAtMs >= freshMs) {
      this.#takenAtMs = now;
      this.#taken = queries.counts(now).catch(() => undefined);
    }
    return Promise.race([this.#taken, delay(patienceMs, undefined, { ref: false })]);
  }
}
