export { projectorConfigSchema, type ProjectorConfig } from './config.js';
export { ProjectorModule } from './projector.module.js';
export { readRebuildArguments, rebuildCommand, rebuildUsage } from './rebuild-command.js';
export { stopSignal } from './stop-signal.js';
