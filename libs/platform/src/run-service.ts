import 'reflect-metadata';
import type { TracingConfig } from '@cs/telemetry';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { Server } from 'node:http';
import { startHealthServer } from './health-server.adapter.js';
import { boundHeapGrowth, type HeapGrowth } from './heap-growth.js';
import { ConfigError } from './load-config.js';
import { createLogger, type Logger } from './logger.js';
import { natsTransport } from './nats-transport.js';
import { nestLogger } from './nest-logger.adapter.js';
import { PlatformModule } from './platform.module.js';
import { HEALTH, METRICS } from './tokens.js';

export interface ServiceConfig extends TracingConfig {
  readonly NATS_URL: string;
  readonly LOG_LEVEL: string;
  readonly HEALTH_PORT: number;
  readonly HEALTH_HOST: string;
}

class ServiceRoot {}

/** A second signal, or a stop that takes longer than this, ends the process. */
const stopBudgetMs = 15_000;

const onStop = (logger: Logger, stop: () => Promise<void>): void => {
  let stopping = false;
  const handle = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(130);
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), stopBudgetMs).unref();
    stop().then(() => process.exit(0), (error: unknown) => {
      logger.error({ err: error }, 'stop failed');
      process.exit(1);
    });
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
};

const start = async (name: string, config: ServiceConfig, modules: readonly DynamicModule[]): Promise<{ app: INestMicroservice; health: Server }> => {
  const logger = createLogger({ service: name, level: config.LOG_LEVEL });
  const root: DynamicModule = { module: ServiceRoot, imports: [PlatformModule.forRoot({ name, natsUrl: config.NATS_URL, logLevel: config.LOG_LEVEL, tracing: config }), ...modules] };
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, { ...natsTransport({ url: config.NATS_URL, name: `${name}-answers` }), logger: nestLogger(logger), abortOnError: false });
  await app.listen();
  const health = await startHealthServer({ port: config.HEALTH_PORT, host: config.HEALTH_HOST, health: app.get(HEALTH), metrics: app.get(METRICS) });
  onStop(logger, async () => {
    app.get<{ drain: () => void }>(HEALTH).drain();
    await app.close();
    health.close();
  });
  logger.info({ health_port: config.HEALTH_PORT }, 'ready');
  return { app, health };
};

/**
 * Runs one service as its own process: Nest with the NATS transport, a health server, a graceful
 * stop. What is wrong at start-up is one clear line on standard error and exit code 1. `heapGrowth`: when its garbage is collected, `soon` by default.
 */
export const runService = async <Config extends ServiceConfig>(
  name: string,
  { config, modules, heapGrowth }: { readonly config: () => Config; readonly modules: (config: Config) => readonly DynamicModule[]; readonly heapGrowth?: HeapGrowth },
): Promise<void> => {
  boundHeapGrowth(heapGrowth);
  try {
    const loaded = config();
    await start(name, loaded, modules(loaded));
  } catch (error) {
    const detail = error instanceof ConfigError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${name} cannot start: ${detail}\n`);
    process.exit(1);
  }
};
