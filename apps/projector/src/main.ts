import { NatsModule } from '@cs/jetstream';
import { runService } from '@cs/platform';
import { PostgresModule } from '@cs/postgres';
import { readProjectorConfig } from './config.js';
import { ProjectorModule } from './projector.module.js';

await runService('projector', {
  config: readProjectorConfig,
  modules: (config) => [
    NatsModule.forRoot({ url: config.NATS_URL, name: 'projector' }),
    PostgresModule.forRoot({ url: config.DATABASE_URL, name: 'projector' }),
    ProjectorModule.forRoot(config),
  ],
});
