import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { configureGateway, createFastifyAdapter, listenGateway } from '@cs/gateway';
import { createLogger, HEALTH, natsTransport, nestLogger, type HealthRegistry } from '@cs/platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Environment } from './config.js';
import { StandaloneModule } from './standalone.module.js';

export interface RunningServices {
  /** Address of the API. */
  readonly url: string;
  /** Takes nothing new, finishes or hands back what it has. */
  stop(): Promise<void>;
}

/** Starts every service in this process. Throws with advice when the API's port is taken. */
export const runServices = async (environment: Environment): Promise<RunningServices> => {
  const { module, gateway } = StandaloneModule.forRoot(environment);
  const logger = createLogger({ service: 'countersign', level: gateway.LOG_LEVEL });
  const app = await NestFactory.create<NestFastifyApplication>(module, createFastifyAdapter(), { bodyParser: false, abortOnError: false, logger: nestLogger(logger) });
  app.connectMicroservice(natsTransport({ url: gateway.NATS_URL, name: 'countersign-answers' }), { inheritAppConfig: false });
  const stop = async (): Promise<void> => {
    app.get<HealthRegistry>(HEALTH).drain();
    await app.close();
  };
  try {
    configureGateway(app);
    await app.startAllMicroservices();
    return { url: await listenGateway(app, gateway), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
