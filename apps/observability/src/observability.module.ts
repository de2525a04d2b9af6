import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { CedarEffectJudge } from '@cs/cedar-policy';
import type { ProjectionProgress } from '@cs/eventing';
import { JetStreamAggregateHistory, NATS_CONNECTION, PROJECTION_PROGRESS } from '@cs/jetstream';
import { HEALTH, LOGGER, sha256Hex, type HealthRegistry, type Logger } from '@cs/platform';
import { DATABASE, PostgresChannelQueries, PostgresDelegationQueries, PostgresGovernanceQueries, PostgresHandoffQueries, PostgresImportedRunQueries, PostgresInboxQueries, PostgresHumanRequestQueries, PostgresPolicyQueries, PostgresProjectionQueries, PostgresReliabilityQueries, PostgresResumePlanQueries, PostgresRunObservability, PostgresRunRowQueries, PostgresServiceQueries, PostgresSnapshotQueries, PostgresSweepQueries, PostgresWebhookQueries, PostgresWaitQueries, type Database } from '@cs/postgres';
import type { ProjectionQueries, ServiceQueries } from '@cs/read-models';
import type { NatsConnection } from '@nats-io/transport-node';
import { ApprovalsController } from './approvals.controller.js';
import { auditProviders } from './audit-providers.js';
import { AuditController } from './audit.controller.js';
import { AuditReadsController } from './audit-reads.controller.js';
import { AutomationsController } from './automations.controller.js';
import { ChannelsController } from './channels.controller.js';
import type { ObservabilityConfig } from './config.js';
import { DelegationsController } from './delegations.controller.js';
import { GovernanceController } from './governance.controller.js';
import { HandoffsController } from './handoffs.controller.js';
import { HumanRequestsController } from './human-requests.controller.js';
import { ImportedRuns } from './imported-runs.js';
import { askers } from './inbox-filters.js';
import { OperationsController } from './operations.controller.js';
import { PoliciesController } from './policies.controller.js';
import { Reads } from './reads.js';
import { ReliabilityController } from './reliability.controller.js';
import { ReplayController } from './replay.controller.js';
import { ResumePlanController } from './resume-plan.controller.js';
import type { RunHistories } from './run-histories.js';
import { RunObservabilityController } from './run-observability.controller.js';
import { RunReplays } from './run-replays.js';
import { RunSnapshots } from './run-snapshots.js';
import { RunsController } from './runs.controller.js';
import { SnapshotsController } from './snapshots.controller.js';
import { SweepsController } from './sweeps.controller.js';
import { WebhooksController } from './webhooks.controller.js';
import { ASKER, EFFECT_JUDGE, POLICY_QUERIES, CHANNEL_QUERIES, CLOCK, DELEGATION_QUERIES, GOVERNANCE_QUERIES, HANDOFF_QUERIES, INBOX_QUERIES, HUMAN_REQUEST_QUERIES, PROJECTION_QUERIES, READS, RELIABILITY_QUERIES, RESUME_PLAN_QUERIES, RUN_OBSERVABILITY, RUN_HISTORIES, RUN_REPLAYS, SERVICE_QUERIES, SWEEP_QUERIES, WAIT_QUERIES, WEBHOOK_QUERIES } from './tokens.js';
import { WaitsController } from './waits.controller.js';

const onDatabase = <Queries>(provide: symbol, create: (database: Database) => Queries) => ({ provide, inject: [DATABASE], useFactory: create });

/** What the controllers ask, on the database. */
const queryProviders: readonly Provider[] = [
  onDatabase(PROJECTION_QUERIES, (database) => new PostgresProjectionQueries(database)),
  onDatabase(CHANNEL_QUERIES, (database) => new PostgresChannelQueries(database)),
  onDatabase(DELEGATION_QUERIES, (database) => new PostgresDelegationQueries(database)),
  { provide: CLOCK, useValue: Date.now },
  { provide: ASKER, inject: [DELEGATION_QUERIES, CLOCK], useFactory: askers },
  onDatabase(INBOX_QUERIES, (database) => new PostgresInboxQueries(database)),
  onDatabase(GOVERNANCE_QUERIES, (database) => new PostgresGovernanceQueries(database)),
  onDatabase(HANDOFF_QUERIES, (database) => new PostgresHandoffQueries(database)),
  onDatabase(HUMAN_REQUEST_QUERIES, (database) => new PostgresHumanRequestQueries(database)),
  onDatabase(WAIT_QUERIES, (database) => new PostgresWaitQueries(database)),
  onDatabase(WEBHOOK_QUERIES, (database) => new PostgresWebhookQueries(database)),
  onDatabase(SWEEP_QUERIES, (database) => new PostgresSweepQueries(database)),
  onDatabase(RELIABILITY_QUERIES, (database) => new PostgresReliabilityQueries(database)),
  onDatabase(RESUME_PLAN_QUERIES, (database) => new PostgresResumePlanQueries(database)),
  onDatabase(POLICY_QUERIES, (database) => new PostgresPolicyQueries(database)),
  onDatabase(RUN_OBSERVABILITY, (database) => new PostgresRunObservability(database)),
  onDatabase(RUN_HISTORIES, (database): RunHistories => ({
    runs: new PostgresProjectionQueries(database), own: new RunSnapshots({ queries: new PostgresSnapshotQueries(database), digest: sha256Hex }), imported: new ImportedRuns(new PostgresImportedRunQueries(database), sha256Hex),
  })),
  { provide: EFFECT_JUDGE, useFactory: () => new CedarEffectJudge() },
  onDatabase(SERVICE_QUERIES, (database) => new PostgresServiceQueries(database)),
];

/** Every read. Needs PlatformModule, NatsModule and PostgresModule. */
@Module({})
export class ObservabilityModule {
  static forRoot(config: ObservabilityConfig): DynamicModule {
    return {
      module: ObservabilityModule,
      controllers: [ChannelsController, PoliciesController, WebhooksController, RunsController, RunObservabilityController, ReliabilityController, ResumePlanController, ReplayController, SnapshotsController, AutomationsController, ApprovalsController, AuditController, AuditReadsController, OperationsController, DelegationsController, GovernanceController, HandoffsController, HumanRequestsController, WaitsController, SweepsController],
      providers: [
        ...queryProviders,
        ...auditProviders(config.COUNTERSIGN_AUDIT_KEYS_FILE),
        {
          provide: RUN_REPLAYS,
          inject: [NATS_CONNECTION, DATABASE, PROJECTION_QUERIES],
          useFactory: (nc: NatsConnection, database: Database, queries: ProjectionQueries) =>
            new RunReplays({ history: new JetStreamAggregateHistory(nc), queries, rows: new PostgresRunRowQueries(database), digest: sha256Hex }),
        },
        {
          provide: READS,
          inject: [LOGGER, PROJECTION_PROGRESS, SERVICE_QUERIES, HEALTH],
          useFactory: (...[logger, progress, queries, health]: [Logger, ProjectionProgress, ServiceQueries, HealthRegistry]) => {
            health.register('projections', async () => void (await queries.position()));
            return new Reads({ logger, progress, queries });
          },
        },
      ],
    };
  }
}
