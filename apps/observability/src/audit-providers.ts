import type { Provider } from '@nestjs/common';
import type { Eventing } from '@cs/eventing';
import { EVENTING, JetStreamAuditAnchors, NATS_CONNECTION } from '@cs/jetstream';
import { LOGGER, METRICS, openAuditKeys, randomId, sha256Hex, type Logger } from '@cs/platform';
import { DATABASE, PostgresAuditQueries, PostgresAuditReads, type Database } from '@cs/postgres';
import type { AuditQueries, AuditReads } from '@cs/read-models';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Registry } from 'prom-client';
import type { ExportSources } from './audit-export.js';
import { AuditMetrics } from './audit-metrics.js';
import type { VerificationSources } from './audit-verification.js';
import { AUDIT_QUERIES, AUDIT_READS, EXPORT_SOURCES, VERIFICATION_SOURCES } from './tokens.js';

/** What verification, lists and exports of the audit read, and record themselves with. */
export const auditProviders = (keysFile: string | undefined): readonly Provider[] => [
  { provide: AUDIT_READS, inject: [DATABASE], useFactory: (database: Database) => new PostgresAuditReads(database) },
  { provide: AUDIT_QUERIES, inject: [DATABASE], useFactory: (database: Database) => new PostgresAuditQueries(database) },
  { provide: AuditMetrics, inject: [METRICS, LOGGER], useFactory: (registry: Registry, logger: Logger) => new AuditMetrics(registry, logger) },
  {
    provide: VERIFICATION_SOURCES,
    inject: [AUDIT_QUERIES, EVENTING, NATS_CONNECTION],
    useFactory: async (queries: AuditQueries, { store: log }: Eventing, nc: NatsConnection): Promise<VerificationSources> => ({
      queries, log, anchors: new JetStreamAuditAnchors(nc), digest: sha256Hex, auditKeys: await openAuditKeys(keysFile), clock: () => performance.now(),
    }),
  },
  {
    provide: EXPORT_SOURCES,
    inject: [AUDIT_QUERIES, AUDIT_READS, EVENTING, NATS_CONNECTION],
    useFactory: (...[queries, reads, eventing, nc]: [AuditQueries, AuditReads, Eventing, NatsConnection]): ExportSources => ({ queries, reads, eventing, anchors: new JetStreamAuditAnchors(nc), newId: randomId }),
  },
];
