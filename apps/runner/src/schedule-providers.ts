import type { DefinitionLibrary, FireScheduleOptions } from '@cs/automation-application';
import type { Eventing } from '@cs/eventing';
import { CONSUMERS, EVENTING, FireTimerSchedule, NATS_CONNECTION, type Consumers } from '@cs/jetstream';
import { LOGGER, RPC_CLIENT, type Logger, type RpcClient } from '@cs/platform';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Provider } from '@nestjs/common';
import { ProjectedActiveRuns } from './active-runs.adapter.js';
import { SchedulesService } from './schedules.service.js';
import { DEFINITIONS } from './tokens.js';

const SCHEDULE_OPTIONS = Symbol('SCHEDULE_OPTIONS');

/** What keeps the schedules of automations going. */
export const scheduleProviders: readonly Provider[] = [
  {
    provide: SCHEDULE_OPTIONS, inject: [EVENTING, DEFINITIONS, NATS_CONNECTION, RPC_CLIENT],
    useFactory: (...[eventing, definitions, nc, rpc]: [Eventing, DefinitionLibrary, NatsConnection, RpcClient]): FireScheduleOptions => ({
      eventing, definitions, timers: new FireTimerSchedule(nc), activeRuns: new ProjectedActiveRuns(rpc),
    }),
  },
  {
    provide: SchedulesService, inject: [CONSUMERS, SCHEDULE_OPTIONS, RPC_CLIENT, LOGGER],
    useFactory: (...[consumers, options, rpc, logger]: [Consumers, FireScheduleOptions, RpcClient, Logger]) => new SchedulesService({ consumers, options, rpc, logger }),
  },
];
