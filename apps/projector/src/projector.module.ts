import { Module, type DynamicModule, type FactoryProvider, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AuditKeys, Eventing, EventPublisher, LogReader } from '@cs/eventing';
import { EVENTING, EVENT_PUBLISHER, JetStreamAuditAnchors, LOG_READER, logAhead, NATS_CONNECTION, publishProjected } from '@cs/jetstream';
import { HEALTH, LOGGER, METRICS, openAuditKeys, sha256Hex, systemClock, type HealthRegistry, type Logger } from '@cs/platform';
import { DATABASE, holdAlone, PostgresOperationsQueries, PostgresProjectionStore, retentionRules, type Database } from '@cs/postgres';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Registry } from 'prom-client';
import { AuditAnchoring } from './audit-anchoring.js';
import type { ProjectorConfig } from './config.js';
import { OperationsMetrics } from './operations-metrics.js';
import { ProjectorMetrics } from './projector-metrics.js';
import { Projector, type ProjectorOptions } from './projector.js';
import { Retention } from './retention.js';

class RunningProjector extends Projector implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(options: ProjectorOptions, health: HealthRegistry) {
    super(options);
    health.register('projector', () => this.check());
  }
  onApplicationBootstrap(): void {
    this.start();
  }
  onModuleDestroy(): Promise<void> {
    return this.stop();
  }
}

class RunningRetention extends Retention implements OnApplicationBootstrap, OnModuleDestroy {
  onApplicationBootstrap(): void {
    this.start();
  }
  onModuleDestroy(): Promise<void> {
    return this.stop();
  }
}

/** Key of the advisory lock that whoever takes old rows out holds. */
const retentionLock = 7_042_004;
const AUDIT_KEYS = Symbol('AUDIT_KEYS');

const retentionProvider = (config: ProjectorConfig): FactoryProvider => ({
  provide: Retention, inject: [DATABASE, LOGGER],
  useFactory: (database: Database, logger: Logger) => new RunningRetention({
    rules: retentionRules(database, { keep: config.PROJECTOR_RETENTION_KEEP, digest: sha256Hex }), alone: (work) => holdAlone(database, retentionLock, work),
    days: config.PROJECTOR_RETENTION_DAYS, clock: systemClock, logger,
  }),
});

/** The projector of a process. Needs PlatformModule, NatsModule and PostgresModule. */
@Module({})
export class ProjectorModule {
  static forRoot(config: ProjectorConfig): DynamicModule {
    const limits = { maxCommits: config.PROJECTOR_BATCH_COMMITS, maxBytes: config.PROJECTOR_BATCH_BYTES, maxRuns: config.PROJECTOR_REMEMBERED_RUNS };
    const announceOn = (nc: NatsConnection): ProjectorOptions['announce'] => (position) => {
      if (!nc.isClosed()) publishProjected(nc, position);
    };
    return {
      module: ProjectorModule,
      providers: [
        { provide: AUDIT_KEYS, useFactory: () => openAuditKeys(config.COUNTERSIGN_AUDIT_KEYS_FILE) },
        { provide: ProjectorMetrics, inject: [METRICS], useFactory: (registry: Registry) => new ProjectorMetrics(registry) },
        { provide: PostgresProjectionStore, inject: [DATABASE], useFactory: (database: Database) => new PostgresProjectionStore(database) },
        retentionProvider(config),
        {
          provide: AuditAnchoring, inject: [NATS_CONNECTION, PostgresProjectionStore, AUDIT_KEYS, LOGGER, ProjectorMetrics],
          useFactory: (...[nc, store, auditKeys, logger, metrics]: [NatsConnection, PostgresProjectionStore, AuditKeys, Logger, ProjectorMetrics]) => new AuditAnchoring({
            anchors: new JetStreamAuditAnchors(nc), store, auditKeys, clock: systemClock, logger, intervalMs: config.COUNTERSIGN_AUDIT_ANCHOR_SECONDS * 1000,
            records: config.COUNTERSIGN_AUDIT_ANCHOR_RECORDS, onMismatch: () => metrics.anchorMismatches.inc(),
          }),
        },
        {
          provide: OperationsMetrics, inject: [METRICS, DATABASE, Projector, ProjectorMetrics, NATS_CONNECTION],
          useFactory: (...[registry, database, projector, metrics, nc]: [Registry, Database, Projector, ProjectorMetrics, NatsConnection]) => {
            metrics.watchLag({ position: () => projector.position, ahead: (position) => logAhead(nc, position), clock: systemClock });
            return new OperationsMetrics(registry, { queries: new PostgresOperationsQueries(database), isLeading: () => projector.position !== undefined, clock: systemClock });
          },
        },
        {
          provide: Projector,
          inject: [DATABASE, PostgresProjectionStore, LOG_READER, EVENTING, EVENT_PUBLISHER, LOGGER, ProjectorMetrics, NATS_CONNECTION, HEALTH, AUDIT_KEYS, AuditAnchoring],
          useFactory: (
            ...[database, store, reader, { store: log }, publisher, logger, metrics, nc, health, auditKeys, anchoring]: [Database, PostgresProjectionStore, LogReader, Eventing, EventPublisher, Logger, ProjectorMetrics, NatsConnection, HealthRegistry, AuditKeys, AuditAnchoring]
          ) => new RunningProjector({ database, store, reader, log, publisher, logger, metrics, limits, digest: sha256Hex, auditKeys, anchoring, clock: systemClock, announce: announceOn(nc) }, health),
        },
      ],
    };
  }
}
