import { NatsModule } from '@cs/jetstream';
import { runService } from '@cs/platform';
import { PostgresModule } from '@cs/postgres';
import { readObservabilityConfig } from './config.js';
import { ObservabilityModule } from './observability.module.js';

await runService('observability', {
  config: readObservabilityConfig, heapGrowth: 'seldom',
  modules: (config) => [
    NatsModule.forRoot({ url: config.NATS_URL, name: 'observability' }),
    PostgresModule.forRoot({ url: config.DATABASE_URL, name: 'observability' }),
    ObservabilityModule.forRoot(config),
  ],
});
