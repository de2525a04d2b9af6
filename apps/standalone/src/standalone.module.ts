import { Module, type DynamicModule } from '@nestjs/common';
import { ApprovalGateModule, approvalGateConfigSchema } from '@cs/approval-gate';
import { GatewayModule, gatewayConfigSchema, type GatewayConfig } from '@cs/gateway';
import { NatsModule } from '@cs/jetstream';
import { NotifierModule, notifierConfigSchema } from '@cs/notifier';
import { ObservabilityModule, observabilityConfigSchema } from '@cs/observability';
import { loadConfig, PlatformModule } from '@cs/platform';
import { PostgresModule } from '@cs/postgres';
import { ProjectorModule, projectorConfigSchema } from '@cs/projector';
import { RunnerModule, runnerConfigSchema } from '@cs/runner';
import type { Environment } from './config.js';


/** Every service in one process: the same modules that run one by one under docker-compose. */
@Module({})
export class StandaloneModule {
  static forRoot(environment: Environment): { readonly module: DynamicModule; readonly gateway: GatewayConfig } {
    const gateway = loadConfig(gatewayConfigSchema, environment);
    const projector = loadConfig(projectorConfigSchema, environment);
    const imports = [
      PlatformModule.forRoot({ name: 'countersign', natsUrl: gateway.NATS_URL, logLevel: gateway.LOG_LEVEL, tracing: gateway }),
      NatsModule.forRoot({ url: gateway.NATS_URL, name: 'countersign' }),
      PostgresModule.forRoot({ url: projector.DATABASE_URL, name: 'countersign' }),
      RunnerModule.forRoot(loadConfig(runnerConfigSchema, environment)),
      ApprovalGateModule.forRoot(loadConfig(approvalGateConfigSchema, environment)),
      ProjectorModule.forRoot(projector),
      NotifierModule.forRoot(loadConfig(notifierConfigSchema, environment)),
      ObservabilityModule.forRoot(loadConfig(observabilityConfigSchema, environment)),
      GatewayModule.forRoot(gateway),
    ];
    return { module: { module: StandaloneModule, imports }, gateway };
  }
}
