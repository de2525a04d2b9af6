import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { startTracing, TracingMetrics, type Tracing, type TracingConfig } from '@cs/telemetry';
import { ClientProxyFactory, type ClientNats } from '@nestjs/microservices';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { HealthRegistry } from './health-registry.js';
import { createLogger, type Logger } from './logger.js';
import { natsTransport } from './nats-transport.js';
import { RpcClient, type RpcClientOptions } from './rpc-client.adapter.js';
import { RpcMetrics } from './rpc-metrics.js';
import { HEALTH, LOGGER, METRICS, RPC_CLIENT, TRACING } from './tokens.js';
import { ReplyDeserializer } from './written-replies.js';

export interface PlatformOptions {
  /** Name of the service in logs, metrics and broker connections. */
  readonly name: string;
  readonly natsUrl: string;
  readonly logLevel: string;
  /** Without it nothing is traced. */
  readonly tracing?: TracingConfig;
}

const createMetrics = (name: string): Registry => {
  const registry = new Registry();
  registry.setDefaultLabels({ service: name });
  collectDefaultMetrics({ register: registry });
  return registry;
};

const watchedClient = async ({ natsUrl, name }: PlatformOptions, { logger, registry }: { readonly logger: Logger; readonly registry: Registry }): Promise<RpcClientOptions> => {
  const transport = natsTransport({ url: natsUrl, name: `${name}-calls` });
  const client = ClientProxyFactory.create({ ...transport, options: { ...transport.options, deserializer: new ReplyDeserializer() } }) as ClientNats;
  let connected = true;
  client.status.subscribe((status) => {
    connected = String(status) === 'connected';
  });
  await client.connect();
  return { client, isConnected: () => connected, onError: (error, subject) => logger.warn({ err: error, subject }, 'call without an answer'), meter: new RpcMetrics(registry).observe };
};

class ClosingRpcClient extends RpcClient implements OnApplicationShutdown {
  readonly #close: () => Promise<void>;
  constructor(options: RpcClientOptions) {
    super(options);
    this.#close = async () => options.client.close();
  }
  onApplicationShutdown(): Promise<void> {
    return this.#close();
  }
}

/** Traces of the process; what waits is sent when consumers and servers have stopped. */
class ClosingTracing implements OnApplicationShutdown {
  readonly #tracing: Tracing;
  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }
  onApplicationShutdown(): Promise<void> {
    return this.#tracing.close();
  }
}

const openTracing = async ({ name, tracing }: PlatformOptions, registry: Registry): Promise<ClosingTracing | undefined> =>
  tracing === undefined ? undefined : new ClosingTracing(await startTracing({ service: name, config: tracing, meter: new TracingMetrics(registry).count }));

/** What every service has: logger, metrics, health and calls to other services. */
@Module({})
export class PlatformModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    return {
      module: PlatformModule,
      global: true,
      providers: [
        { provide: LOGGER, useFactory: () => createLogger({ service: options.name, level: options.logLevel }) },
        { provide: METRICS, useFactory: () => createMetrics(options.name) },
        { provide: TRACING, inject: [METRICS], useFactory: (registry: Registry) => openTracing(options, registry) },
        { provide: HEALTH, useFactory: () => new HealthRegistry() },
        { provide: RPC_CLIENT, inject: [LOGGER, METRICS], useFactory: async (logger: Logger, registry: Registry) => new ClosingRpcClient(await watchedClient(options, { logger, registry })) },
      ],
      exports: [LOGGER, METRICS, HEALTH, RPC_CLIENT],
    };
  }
}
