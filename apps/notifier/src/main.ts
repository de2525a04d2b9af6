import { NatsModule } from '@cs/jetstream';
import { loadConfig, runService } from '@cs/platform';
import { notifierConfigSchema, notifierEnvironment } from './config.js';
import { NotifierModule } from './notifier.module.js';

await runService('notifier', {
  config: () => loadConfig(notifierConfigSchema, notifierEnvironment()),
  modules: (config) => [NatsModule.forRoot({ url: config.NATS_URL, name: 'notifier' }), NotifierModule.forRoot(config)],
});
