import { NatsModule } from '@cs/jetstream';
import { loadConfig, runService } from '@cs/platform';
import { ApprovalGateModule } from './approval-gate.module.js';
import { approvalGateConfigSchema, approvalGateEnvironment } from './config.js';

await runService('approval-gate', {
  config: () => loadConfig(approvalGateConfigSchema, approvalGateEnvironment()),
  modules: (config) => [NatsModule.forRoot({ url: config.NATS_URL, name: 'approval-gate' }), ApprovalGateModule.forRoot(config)],
});
