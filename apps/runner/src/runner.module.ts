import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ActivePolicy, DefinitionLibrary, RecentRuns, RunAdmission, RunExecutor, type CompensationOptions, type DenialOptions, type GovernedOptions, type OperatorOptions, type RunMeter, type Secrets, type WakeOptions } from '@cs/automation-application';
import type { Eventing } from '@cs/eventing';
import { AutomationStatusCache, CONSUMERS, EVENTING, NATS_CONNECTION, QueueProgress, RunSignals, TimerSchedule, type Consumers } from '@cs/jetstream';
import { createOutboundHttp, type OutboundHttp } from '@cs/outbound-http';
import { LOGGER, METRICS, randomId, RPC_CLIENT, type Logger, type RpcClient } from '@cs/platform';
import { fileSystemRoots, JsonataEvaluator, OutboundHttpStepRunner } from '@cs/step-runners';
import type { NatsConnection } from '@nats-io/transport-node';
import { hostname } from 'node:os';
import type { Registry } from 'prom-client';
import { readSecrets, runnerEnvironment, type RunnerConfig } from './config.js';
import { AutomationOperatorController } from './automation-operator.controller.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { RunImportsController } from './run-imports.controller.js';
import { EffectPoliciesController } from './effect-policies.controller.js';
import { GovernanceController } from './governance.controller.js';
import { HandoffsController } from './handoffs.controller.js';
import { OperatorController } from './operator.controller.js';
import { RecoveryController } from './recovery.controller.js';
import { compensationProvider } from './recovery-providers.js';
import { RunnerController } from './runner.controller.js';
import { SupervisionController } from './supervision.controller.js';
import { webhookProviders } from './webhook-providers.js';
import { WebhooksController } from './webhooks.controller.js';
import { RunnerMetrics } from './runner-metrics.js';
import { RunnerService, type Closing } from './runner.service.js';
import { policyProviders } from './policy-providers.js';
import { triggerProviders } from './trigger-providers.js';
import { ACTIVE_POLICY, AUTOMATION_OPTIONS, AUTOMATION_STATUSES, COMPENSATION_OPTIONS, DEFINITIONS, EVALUATOR, OPERATOR_OPTIONS, OUTBOUND, RECENT_RUNS, RUN_ADMISSION, RUN_EXECUTOR, RUN_SIGNALS, RUNNER_METRICS, WAKE_OPTIONS } from './tokens.js';
import { WaitsController } from './waits.controller.js';

interface ExecutorParts {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly evaluator: JsonataEvaluator;
  readonly outbound: OutboundHttp;
  readonly signals: RunSignals;
  readonly nc: NatsConnection;
  readonly admission: RunAdmission;
  readonly automations: AutomationStatusCache;
  readonly meter: RunMeter;
  readonly policy: ActivePolicy;
  readonly recent: RecentRuns;
}

const openOutbound = (config: RunnerConfig): OutboundHttp =>
  createOutboundHttp({ egressAllow: config.COUNTERSIGN_EGRESS_ALLOW, maxResponseBytes: 1024 * 1024, connectTimeoutMs: 5000, userAgent: 'Countersign' });

const createExecutor = (config: RunnerConfig, { eventing, definitions, evaluator, outbound, signals, nc, automations, admission, meter, policy, recent }: ExecutorParts): RunExecutor => {
  const secrets: Secrets = readSecrets(runnerEnvironment());
  return new RunExecutor({
    eventing, definitions, evaluator, secrets, admission, meter, policy, recent, roots: fileSystemRoots, changes: signals, automations, newId: randomId,
    http: new OutboundHttpStepRunner(outbound), timers: new TimerSchedule(nc),
    // Containers may share a host name, and all have the same process id.
    claimantId: `${hostname()}-${process.pid}-${randomId()}`, leaseMs: config.RUNNER_LEASE_MS,
    gateExpiry: { expires_after_ms: config.GATE_EXPIRES_AFTER_MS, on_expiry: config.GATE_ON_EXPIRY },
  });
};

/** What commands on runs and automations need. */
const optionProviders: readonly Provider[] = [
  {
    provide: WAKE_OPTIONS, inject: [EVENTING, DEFINITIONS, RUN_SIGNALS, NATS_CONNECTION, RECENT_RUNS],
    useFactory: (...[eventing, definitions, changes, nc, recent]: [Eventing, DefinitionLibrary, RunSignals, NatsConnection, RecentRuns]): WakeOptions & DenialOptions => ({ eventing, definitions, changes, recent, timers: new TimerSchedule(nc), newId: randomId }),
  },
  {
    provide: OPERATOR_OPTIONS, inject: [EVENTING, DEFINITIONS, EVALUATOR, RUN_SIGNALS],
    useFactory: (...[eventing, definitions, evaluator, changes]: [Eventing, DefinitionLibrary, JsonataEvaluator, RunSignals]): OperatorOptions & DenialOptions => ({ eventing, definitions, evaluator, changes, newId: randomId }),
  },
  {
    provide: AUTOMATION_OPTIONS, inject: [EVENTING, DEFINITIONS, EVALUATOR],
    useFactory: (eventing: Eventing, definitions: DefinitionLibrary, evaluator: JsonataEvaluator): GovernedOptions => ({ eventing, definitions, evaluator, newId: randomId }),
  },
];

/** Takes runs up, as their limits allow. */
const executionProviders = (config: RunnerConfig): readonly Provider[] => [
  {
    provide: RUN_ADMISSION, inject: [EVENTING, DEFINITIONS, NATS_CONNECTION, RUNNER_METRICS],
    useFactory: (...[eventing, definitions, nc, meter]: [Eventing, DefinitionLibrary, NatsConnection, RunMeter]) => new RunAdmission({ eventing, definitions, meter, timers: new TimerSchedule(nc) }),
  },
  {
    provide: RUN_EXECUTOR, inject: [EVENTING, DEFINITIONS, EVALUATOR, OUTBOUND, RUN_SIGNALS, NATS_CONNECTION, AUTOMATION_STATUSES, RUN_ADMISSION, RUNNER_METRICS, ACTIVE_POLICY, RECENT_RUNS],
    useFactory: (...[eventing, definitions, evaluator, outbound, signals, nc, automations, admission, meter, policy, recent]: [Eventing, DefinitionLibrary, JsonataEvaluator, OutboundHttp, RunSignals, NatsConnection, AutomationStatusCache, RunAdmission, RunMeter, ActivePolicy, RecentRuns]) =>
      createExecutor(config, { eventing, definitions, evaluator, outbound, signals, nc, automations, admission, meter, policy, recent }),
  },
];

/** The automation runner: commands on automations and runs, and the execution of runs. */
@Module({})
export class RunnerModule {
  static forRoot(config: RunnerConfig): DynamicModule {
    return {
      module: RunnerModule,
      controllers: [RunImportsController, EffectPoliciesController, GovernanceController, WebhooksController, HandoffsController, RunnerController, RecoveryController, DeadLettersController, AutomationOperatorController, OperatorController, SupervisionController, WaitsController],
      providers: [
        ...webhookProviders(config),
        ...triggerProviders(config),
        ...policyProviders,
        compensationProvider,
        ...executionProviders(config),
        ...optionProviders,
        { provide: RUNNER_METRICS, inject: [METRICS], useFactory: (registry: Registry) => new RunnerMetrics(registry) },
        {
          provide: RunnerService, inject: [CONSUMERS, RUN_EXECUTOR, WAKE_OPTIONS, RUN_ADMISSION, RUN_SIGNALS, RPC_CLIENT, LOGGER, NATS_CONNECTION, AUTOMATION_STATUSES, RUNNER_METRICS, COMPENSATION_OPTIONS, EVALUATOR, OUTBOUND],
          useFactory: (...[consumers, executor, wake, admission, signals, rpc, logger, nc, automations, metrics, compensations, ...closing]: [Consumers, RunExecutor, WakeOptions, RunAdmission, RunSignals, RpcClient, Logger, NatsConnection, AutomationStatusCache, RunnerMetrics, CompensationOptions, Closing, Closing]) =>
            new RunnerService({ config, compensations, consumers, executor, wake, admission, signals, rpc, logger, automations, metrics, closing, queues: new QueueProgress(nc) }),
        },
        { provide: RECENT_RUNS, useFactory: () => new RecentRuns() },
        { provide: DEFINITIONS, inject: [EVENTING], useFactory: (eventing: Eventing) => new DefinitionLibrary(eventing) },
        { provide: EVALUATOR, useFactory: () => new JsonataEvaluator() },
        { provide: OUTBOUND, useFactory: () => openOutbound(config) },
        { provide: AUTOMATION_STATUSES, inject: [NATS_CONNECTION, EVENTING], useFactory: (nc: NatsConnection, eventing: Eventing) => new AutomationStatusCache(nc, eventing.store) },
        { provide: RUN_SIGNALS, inject: [NATS_CONNECTION], useFactory: (nc: NatsConnection) => new RunSignals(nc) },
      ],
    };
  }
}
