import { Module, type BeforeApplicationShutdown, type DynamicModule } from '@nestjs/common';
import { NATS_CONNECTION } from '@cs/jetstream';
import { LOGGER, METRICS, systemClock, type Logger, RPC_CLIENT, type RpcClient } from '@cs/platform';
import type { NatsConnection } from '@nats-io/transport-node';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import { ApprovalsController } from './approvals.controller.js';
import { AuditController } from './audit.controller.js';
import { AutomationOperatorController } from './automation-operator.controller.js';
import { AutomationsController } from './automations.controller.js';
import type { GatewayConfig } from './config.js';
import { DelegationsController } from './delegations.controller.js';
import { DocumentsController } from './documents.controller.js';
import { EventSource } from './events/event-source.adapter.js';
import { EventStreams } from './events/event-streams.js';
import { EventsController } from './events.controller.js';
import { GovernanceController } from './governance.controller.js';
import { HandoffsController } from './handoffs.controller.js';
import { HumanRequestsController } from './human-requests.controller.js';
import { RequestMetrics } from './http/request-metrics.js';
import { ApiKeyFile } from './identity/api-key-file.adapter.js';
import { AssertionVerifier, parseKeySet } from './identity/assertion-verifier.adapter.js';
import { Identity } from './identity/identity.js';
import { PageDesk } from './pages/page-desk.js';
import { PageSecrets } from './pages/page-secrets.js';
import { PagesController } from './pages.controller.js';
import { QuestionPagesController } from './question-pages.controller.js';
import { RunPagesController } from './run-pages.controller.js';
import { OperatorController } from './operator.controller.js';
import { PoliciesController } from './policies.controller.js';
import { RecoveryController } from './recovery.controller.js';
import { ReliabilityController } from './reliability.controller.js';
import { ReceiptsController } from './receipts.controller.js';
import { ChannelsController } from './channels.controller.js';
import { ChannelIntake } from './channels/channel-intake.js';
import { RunsController } from './runs.controller.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhookIntake } from './webhooks/webhook-intake.js';
import { SupervisionController } from './supervision.controller.js';
import { StatefulRuntimeController } from './stateful-runtime.controller.js';
import { WaitsController } from './waits.controller.js';

const openAssertions = async ({ COUNTERSIGN_ASSERTION_KEYS_FILE: path, COUNTERSIGN_ASSERTION_ISSUER: issuer, COUNTERSIGN_ASSERTION_AUDIENCE: audience }: GatewayConfig): Promise<AssertionVerifier | undefined> =>
  path === undefined || issuer === undefined ? undefined : new AssertionVerifier({ keys: parseKeySet(await readFile(path, 'utf8')), issuer, audience });

const openIdentity = async (config: GatewayConfig, logger: Logger): Promise<Identity> => {
  const path = config.COUNTERSIGN_API_KEYS_FILE;
  const keys = path === undefined ? undefined : await ApiKeyFile.open({ path, logger });
  const assertions = await openAssertions(config);
  if (keys === undefined && assertions === undefined && !config.COUNTERSIGN_LOCAL_IMPLICIT) logger.warn('no request can be authenticated: none of COUNTERSIGN_API_KEYS_FILE, COUNTERSIGN_ASSERTION_KEYS_FILE and COUNTERSIGN_LOCAL_IMPLICIT is set');
  return new Identity({ host: config.HOST, localImplicit: config.COUNTERSIGN_LOCAL_IMPLICIT, localActor: config.COUNTERSIGN_LOCAL_ACTOR, keys, assertions });
};

const openPageSecrets = async ({ COUNTERSIGN_PAGE_KEY_FILE: path }: GatewayConfig): Promise<PageSecrets> => new PageSecrets(path === undefined ? randomBytes(32) : await readFile(path));

/** Open streams would keep the server from closing. */
class EventStreamsLifetime implements BeforeApplicationShutdown {
  readonly #streams: EventStreams;
  constructor(streams: EventStreams) {
    this.#streams = streams;
  }
  beforeApplicationShutdown(): Promise<void> {
    return this.#streams.stop();
  }
}

/** The HTTP API. Needs PlatformModule and NatsModule; `configureGateway` prepares the application for it. */
@Module({})
export class GatewayModule {
  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [ChannelsController, PoliciesController, GovernanceController, WebhooksController, AuditController, AutomationsController, AutomationOperatorController, RunsController, ApprovalsController, PagesController, QuestionPagesController, RunPagesController, OperatorController, ReceiptsController, RecoveryController, ReliabilityController, EventsController, DelegationsController, HandoffsController, HumanRequestsController, StatefulRuntimeController, SupervisionController, WaitsController, DocumentsController],
      providers: [
        { provide: Identity, inject: [LOGGER], useFactory: (logger: Logger) => openIdentity(config, logger) },
        {
          provide: PageDesk, inject: [Identity],
          useFactory: async (identity: Identity) => new PageDesk({ identity, secrets: await openPageSecrets(config), publicUrl: config.PUBLIC_URL, now: systemClock }),
        },
        { provide: EventSource, inject: [NATS_CONNECTION], useFactory: (nc: NatsConnection) => new EventSource(nc) },
        {
          provide: EventStreams, inject: [EventSource, LOGGER],
          useFactory: (source: EventSource, logger: Logger) => new EventStreams({ source, logger, maxPerTenant: config.COUNTERSIGN_MAX_EVENT_STREAMS }),
        },
        { provide: ChannelIntake, inject: [RPC_CLIENT], useFactory: (rpc: RpcClient) => new ChannelIntake({ rpc, clock: () => performance.now(), now: Date.now }) },
        { provide: WebhookIntake, inject: [RPC_CLIENT], useFactory: (rpc: RpcClient) => new WebhookIntake({ rpc, clock: () => performance.now() }) },
        { provide: EventStreamsLifetime, inject: [EventStreams], useFactory: (streams: EventStreams) => new EventStreamsLifetime(streams) },
        { provide: RequestMetrics, inject: [METRICS, EventStreams], useFactory: (registry: Registry, streams: EventStreams) => new RequestMetrics(registry, () => streams.size) },
      ],
    };
  }
}
