import { NatsModule } from '@cs/jetstream';
import { loadConfig, runService } from '@cs/platform';
import { runnerConfigSchema, runnerEnvironment } from './config.js';
import { RunnerModule } from './runner.module.js';

await runService('runner', {
  config: () => loadConfig(runnerConfigSchema, runnerEnvironment()),
  modules: (config) => [NatsModule.forRoot({ url: config.NATS_URL, name: 'runner' }), RunnerModule.forRoot(config)],
});
