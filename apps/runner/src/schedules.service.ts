import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { fireSchedule, type FireScheduleOptions } from '@cs/automation-application';
import { listDueSchedules, localImplicitTenant, type CallContext, type DueSchedule } from '@cs/contracts';
import type { Consumers, RunningConsumer } from '@cs/jetstream';
import { systemClock, type Logger, type RpcClient } from '@cs/platform';
import { Periodic } from './periodic.js';
import { automationRef, scheduleConsumers } from './schedule-consumers.js';

export interface SchedulesParts {
  readonly consumers: Pick<Consumers, 'start'>;
  readonly options: FireScheduleOptions;
  readonly rpc: Pick<RpcClient, 'call'>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly sweepEveryMs: number;
  readonly onRepaired: () => void;
  /** Told how late each fire is, in ms. */
  readonly onFired: (latenessMs: number) => void;
}

/** A schedule this much overdue was missed by its timer. */
const overdueMs = 2000;
const pageSize = 500;
/** A sweep looks at so many pages at most: what was fired has left the list of the next one. */
const maxPages = 25;
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
    const due_before_ms = systemClock() - overdueMs;
    let after: DueSchedule | undefined;
    for (let page = 0; page < maxPages; page += 1) {
      const reply = await this.#parts.rpc.call(listDueSchedules, { context, payload: { due_before_ms, limit: pageSize, after } });
      if (!reply.ok) return;
      const { schedules } = reply.value;
      for (const schedule of schedules) await this.#fire(schedule);
      if (schedules.length < pageSize) return;
      after = schedules.at(-1);
    }
  }

  /** One that cannot be fired does not keep the others from it. */
  async #fire(schedule: DueSchedule): Promise<void> {
    const { options, logger, onRepaired } = this.#parts;
    const { automation_id, next_fire_at_ms: due_at_ms } = schedule;
    logger.info({ automation_id, due_at_ms }, 'firing an overdue schedule');
    try {
      await fireSchedule(options, automationRef(schedule));
      onRepaired();
    } catch (err) {
      logger.warn({ err, automation_id, due_at_ms }, 'an overdue schedule was not fired');
    }
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.#consumers.map((consumer) => consumer.stop()), this.#sweep?.stop()]);
  }
}
