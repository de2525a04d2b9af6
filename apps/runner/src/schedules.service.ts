import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { fireSchedule, type FireScheduleOptions } from '@cs/automation-application';
import { listDueSchedules, localImplicitTenant, type CallContext } from '@cs/contracts';
import type { Consumers, RunningConsumer } from '@cs/jetstream';
import { systemClock, type Logger, type RpcClient } from '@cs/platform';
import { Periodic } from './periodic.js';
import { automationRef, scheduleConsumers } from './schedule-consumers.js';

export interface SchedulesParts {
  readonly consumers: Consumers;
  readonly options: FireScheduleOptions;
  readonly rpc: RpcClient;
  readonly logger: Logger;
  readonly sweepEveryMs: number;
  readonly onRepaired: () => void;
  /** Told how late each fire is, in ms. */
  readonly onFired: (latenessMs: number) => void;
}

/** A schedule this much overdue was missed by its timer. */
const overdueMs = 2000;
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'schedule-sweep' };

/** Starts and stops what keeps schedules going. The sweep fires what a lost timer did not. */
export class SchedulesService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #parts: SchedulesParts;
  #consumers: readonly RunningConsumer[] = [];
  #sweep: Periodic | undefined;

  constructor(parts: SchedulesParts) {
    this.#parts = parts;
  }

  onApplicationBootstrap(): void {
    const { consumers, options, logger, sweepEveryMs, onFired } = this.#parts;
    this.#consumers = scheduleConsumers(options, onFired).map((definition) => consumers.start(definition));
    this.#sweep = new Periodic({ everyMs: sweepEveryMs, call: () => this.sweep(), onError: (error) => logger.warn({ err: error }, 'schedule sweep failed') });
  }

  async sweep(): Promise<void> {
    const { rpc, options, logger, onRepaired } = this.#parts;
    const reply = await rpc.call(listDueSchedules, { context, payload: { due_before_ms: systemClock() - overdueMs, limit: 500 } });
    if (!reply.ok) return;
    for (const schedule of reply.value.schedules) {
      logger.info({ automation_id: schedule.automation_id, due_at_ms: schedule.next_fire_at_ms }, 'firing an overdue schedule');
      await fireSchedule(options, automationRef(schedule));
      onRepaired();
    }
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.#consumers.map((consumer) => consumer.stop()), this.#sweep?.stop()]);
  }
}
