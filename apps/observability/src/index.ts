export { observabilityConfigSchema, type ObservabilityConfig } from './config.js';
export { ObservabilityModule } from './observability.module.js';
