import { timerSubject, type AggregateRef } from '@cs/contracts';
import { currentTraceparent, traceparentName } from '@cs/telemetry';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';

/** What a fired timer says. */
export interface FiredTimer {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly wait_id: string;
  /** Unix ms; timers of earlier releases do not say it. */
  readonly due_at_ms?: number | undefined;
}

/** The server keeps the headers of what it publishes later. */
const traced = () => {
  const traceparent = currentTraceparent();
  if (traceparent === undefined) return {};
  const marked = headers();
  marked.set(traceparentName, traceparent);
  return { headers: marked };
};

/**
 * Timers as JetStream message schedules: the server publishes the message at its time, also after it
 * was down. One schedule per subject, so scheduling a wait again replaces it.
 */
export class TimerSchedule {
  readonly #js: JetStreamClient;

  constructor(nc: NatsConnection) {
    this.#js = jetstream(nc);
  }

  async schedule(ref: AggregateRef, waitId: string, dueAtMs: number): Promise<void> {
    const fired: FiredTimer = { org_id: ref.org_id, workspace_id: ref.workspace_id, run_id: ref.id, wait_id: waitId, due_at_ms: dueAtMs };
    await this.#js.publish(timerSubject('pending', ref, waitId), JSON.stringify(fired), {
      timeout: 2000, ...traced(),
      schedule: { specification: new Date(dueAtMs), target: timerSubject('fired', ref, waitId), ttl: '24h' },
    });
  }
}
