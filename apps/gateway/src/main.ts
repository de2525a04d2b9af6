import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NatsModule } from '@cs/jetstream';
import { boundHeapGrowth, ConfigError, createLogger, HEALTH, nestLogger, PlatformModule, type HealthRegistry, type Logger } from '@cs/platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { gatewayConfig, type GatewayConfig } from './config.js';
import { GatewayModule } from './gateway.module.js';
import { configureGateway, createFastifyAdapter, listenGateway } from './server.adapter.js';

const name = 'gateway';
/** A second signal, or a stop that takes longer than this, ends the process. */
const stopBudgetMs = 15_000;

@Module({})
class GatewayRoot {
  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayRoot,
      imports: [
        PlatformModule.forRoot({ name, natsUrl: config.NATS_URL, logLevel: config.LOG_LEVEL, tracing: config }),
        NatsModule.forRoot({ url: config.NATS_URL, name }),
        GatewayModule.forRoot(config),
      ],
    };
  }
}

const stopOnSignals = (app: NestFastifyApplication, logger: Logger): void => {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(130);
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), stopBudgetMs).unref();
    app.get<HealthRegistry>(HEALTH).drain();
    app.close().then(() => process.exit(0), (error: unknown) => {
      logger.error({ err: error }, 'stop failed');
      process.exit(1);
    });
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
};

const start = async (): Promise<void> => {
  boundHeapGrowth('later');
  const config = gatewayConfig();
  const logger = createLogger({ service: name, level: config.LOG_LEVEL });
  const app = await NestFactory.create<NestFastifyApplication>(GatewayRoot.forRoot(config), createFastifyAdapter(), { bodyParser: false, abortOnError: false, logger: nestLogger(logger) });
  configureGateway(app);
  stopOnSignals(app, logger);
  logger.info({ url: await listenGateway(app, config) }, 'ready');
};

start().catch((error: unknown) => {
  const expected = error instanceof ConfigError || (error instanceof Error && error.message.includes('set PORT'));
  const detail = error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${name} cannot start: ${detail}\n`);
  process.exit(1);
});
