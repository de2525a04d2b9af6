export { projectorConfigSchema, type ProjectorConfig } from './config.js';
export { ProjectorModule } from './projector.module.js';
