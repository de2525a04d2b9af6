import { fireTimerSubject, type AggregateRef } from '@cs/contracts';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** What a fired timer of a schedule says. */
export interface FiredSchedule {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly automation_id: string;
  readonly due_at_ms: number;
}

/** Subjects of timers that fired. */
export const firedSchedules = 'cs.timer.schedule-fired.>';

/** Timers of schedules as JetStream message schedules: one per automation, each set again after it fired. */
export class FireTimerSchedule {
  readonly #js: JetStreamClient;

  constructor(nc: NatsConnection) {
    this.#js = jetstream(nc);
  }

  async set(ref: AggregateRef, dueAtMs: number): Promise<void> {
    const fired: FiredSchedule = { org_id: ref.org_id, workspace_id: ref.workspace_id, automation_id: ref.id, due_at_ms: dueAtMs };
    await this.#js.publish(fireTimerSubject('pending', ref), JSON.stringify(fired), {
      timeout: 2000,
      schedule: { specification: new Date(dueAtMs), target: fireTimerSubject('fired', ref), ttl: '24h' },
    });
  }
}
