import type { DefinitionLibrary, FireScheduleOptions, HandoffOptions, WatchOptions } from '@cs/automation-application';
import type { Eventing } from '@cs/eventing';
import { CONSUMERS, EVENTING, FireTimerSchedule, NATS_CONNECTION, type Consumers } from '@cs/jetstream';
import { LOGGER, randomId, RPC_CLIENT, type Logger, type RpcClient } from '@cs/platform';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Provider } from '@nestjs/common';
import { ProjectedActiveRuns } from './active-runs.adapter.js';
import { ProjectedHandoffs } from './available-handoffs.adapter.js';
import type { RunnerConfig } from './config.js';
import type { RunnerMetrics } from './runner-metrics.js';
import { SchedulesService } from './schedules.service.js';
import { DEFINITIONS, HANDOFF_OPTIONS, RUNNER_METRICS } from './tokens.js';
import { WatchesService } from './watches.service.js';

const SCHEDULE_OPTIONS = Symbol('SCHEDULE_OPTIONS');
const WATCH_OPTIONS = Symbol('WATCH_OPTIONS');

/** What starts runs that nobody asks for: schedules, and handoffs that are watched for. */
export const triggerProviders = ({ RUNNER_SWEEP_MS: sweepEveryMs }: RunnerConfig): readonly Provider[] => [
  {
    provide: SCHEDULE_OPTIONS, inject: [EVENTING, DEFINITIONS, NATS_CONNECTION, RPC_CLIENT],
    useFactory: (...[eventing, definitions, nc, rpc]: [Eventing, DefinitionLibrary, NatsConnection, RpcClient]): FireScheduleOptions => ({
      eventing, definitions, timers: new FireTimerSchedule(nc), activeRuns: new ProjectedActiveRuns(rpc),
    }),
  },
  {
    provide: SchedulesService, inject: [CONSUMERS, SCHEDULE_OPTIONS, RPC_CLIENT, LOGGER, RUNNER_METRICS],
    useFactory: (...[consumers, options, rpc, logger, metrics]: [Consumers, FireScheduleOptions, RpcClient, Logger, RunnerMetrics]) =>
      new SchedulesService({ consumers, options, rpc, logger, sweepEveryMs, onRepaired: () => metrics.repaired('schedule'), onFired: (latenessMs) => metrics.scheduleFired(latenessMs) }),
  },
  {
    provide: HANDOFF_OPTIONS, inject: [EVENTING, DEFINITIONS],
    useFactory: (eventing: Eventing, definitions: DefinitionLibrary): HandoffOptions => ({ eventing, definitions, newId: randomId }),
  },
  {
    provide: WATCH_OPTIONS, inject: [EVENTING, DEFINITIONS, RPC_CLIENT],
    useFactory: (eventing: Eventing, definitions: DefinitionLibrary, rpc: RpcClient): WatchOptions => ({
      eventing, definitions, activeRuns: new ProjectedActiveRuns(rpc), handoffs: new ProjectedHandoffs(rpc),
    }),
  },
  {
    provide: WatchesService, inject: [CONSUMERS, WATCH_OPTIONS, RPC_CLIENT, LOGGER],
    useFactory: (...[consumers, options, rpc, logger]: [Consumers, WatchOptions, RpcClient, Logger]) => new WatchesService({ consumers, options, rpc, logger, sweepEveryMs }),
  },
];
